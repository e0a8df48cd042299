"""What each command does, step by step: one plan per file."""
