"""Binance's WebSocket for the feed."""

from __future__ import annotations

import json

from exchanges.binance import websocket_messages
from exchanges.binance.websocket_messages import stream_of, symbol_of
from exchanges.frames import Frame

_STREAMS_PER_REQUEST = 200


class BinanceProtocol:
    """The list of subscriptions is asked for once a ping interval: it is acknowledgement, sign of life and clock.

    Five requests a second are allowed on a connection, so the interval must not be much below a second.
    """

    address = "wss://stream.binance.com:9443/stream"  # combined streams: every frame names its stream
    asks_clock = True
    min_margin_us = 0

    def __init__(self) -> None:
        self._pairs: dict[str, str] = {}

    def parse(self, text: str | bytes) -> list[Frame]:
        """Read one frame."""
        return [websocket_messages.parse(text, self._pairs)]

    def opening(self, request_id: int) -> list[str]:
        """Return nothing."""
        return []

    def subscribe(self, pairs: list[str], request_id: int) -> list[str]:
        """Return requests for all `pairs`, and remember what their symbols mean."""
        self._pairs |= {symbol_of(pair): pair for pair in pairs}
        return _requests("SUBSCRIBE", pairs, request_id)

    def unsubscribe(self, pairs: list[str], request_id: int) -> list[str]:
        """Return requests for all `pairs`; what is still under way is read and dropped later."""
        return _requests("UNSUBSCRIBE", pairs, request_id)

    def ping(self, request_id: int) -> str:
        """Return the question what is subscribed."""
        return json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": request_id})


def _requests(method: str, pairs: list[str], request_id: int) -> list[str]:
    streams = [stream_of(pair) for pair in pairs]
    parts = [streams[i : i + _STREAMS_PER_REQUEST] for i in range(0, len(streams), _STREAMS_PER_REQUEST)]
    return [json.dumps({"method": method, "params": part, "id": request_id}) for part in parts]
