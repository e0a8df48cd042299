"""Coinbase's WebSocket for the feed."""

from __future__ import annotations

import json

from contracts.units import US_PER_MS
from exchanges.coinbase import websocket_messages
from exchanges.coinbase.products import product_of
from exchanges.coinbase.websocket_messages import HEARTBEATS_CHANNEL, TRADES_CHANNEL
from exchanges.frames import Frame


class CoinbaseProtocol:
    """Messages are numbered; subscriptions are acknowledged as a list; heartbeats come once a second, unasked.

    Trades are collected for 250 ms before they are sent, so heartbeats stay twice that behind.
    """

    address = websocket_messages.ADDRESS
    asks_clock = False
    min_margin_us = 500 * US_PER_MS

    def parse(self, text: str | bytes) -> list[Frame]:
        """Read one message."""
        return websocket_messages.parse(text)

    def opening(self, request_id: int) -> list[str]:
        """Return the request for heartbeats; they also keep a quiet connection open."""
        return [json.dumps({"type": "subscribe", "channel": HEARTBEATS_CHANNEL})]

    def subscribe(self, pairs: list[str], request_id: int) -> list[str]:
        """Return one request for all `pairs`."""
        return [_request("subscribe", pairs)]

    def unsubscribe(self, pairs: list[str], request_id: int) -> list[str]:
        """Return one request for all `pairs`."""
        return [_request("unsubscribe", pairs)]

    def ping(self, request_id: int) -> None:
        """Return nothing: heartbeats come by themselves."""
        return


def _request(kind: str, pairs: list[str]) -> str:
    return json.dumps({"type": kind, "product_ids": [product_of(p) for p in pairs], "channel": TRADES_CHANNEL})
