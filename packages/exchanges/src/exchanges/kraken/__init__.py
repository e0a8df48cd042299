"""Kraken spot: public REST and WebSocket v2, without a key; and the private ones, with one.

Trade ids of a pair are consecutive, so a hole means lost data. A pong carries the venue's time.
"""
