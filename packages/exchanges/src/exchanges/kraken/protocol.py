"""Kraken's WebSocket v2 for the feed."""

from __future__ import annotations

import json

from exchanges.frames import Frame
from exchanges.kraken import websocket_messages


class KrakenProtocol:
    """One message is one frame; each pair is acknowledged, with a snapshot; a pong says the venue's time."""

    address = websocket_messages.ADDRESS
    asks_clock = False
    min_margin_us = 0

    def parse(self, text: str | bytes) -> list[Frame]:
        """Read one message."""
        return [websocket_messages.parse(text)]

    def opening(self, request_id: int) -> list[str]:
        """Return nothing: Kraken greets by itself."""
        return []

    def subscribe(self, pairs: list[str], request_id: int) -> list[str]:
        """Return one request for all `pairs`."""
        return [json.dumps(websocket_messages.subscribe_request(pairs, request_id))]

    def unsubscribe(self, pairs: list[str], request_id: int) -> list[str]:
        """Return one request for all `pairs`."""
        return [json.dumps(websocket_messages.unsubscribe_request(pairs, request_id))]

    def ping(self, request_id: int) -> str:
        """Return a ping; its pong carries the venue's time."""
        return json.dumps({"method": "ping", "req_id": request_id})
