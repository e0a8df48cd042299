"""Replays a log's trades and compares the output with what was published, message by message."""
