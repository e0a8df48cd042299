"""Kraken spot: public REST and WebSocket v2."""

#: Kraken numbers the trades of a pair without holes, so a hole means lost data.
CONSECUTIVE_IDS = True
