"""Kraken spot: public REST and WebSocket v2, and the private ones.

Trade ids of a pair are consecutive, so a hole means lost data. A pong carries the venue's time.
"""
