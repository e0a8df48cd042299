"""Coinbase Advanced Trade: REST under /api/v3/brokerage, WebSocket at /."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from aiohttp import web

from contracts.units import US_PER_MS, US_PER_SECOND
from exchanges.simulator.dialects.dialect import Dialect, Line, json_object
from exchanges.simulator.dialects.rest_answers import RestError, guarded, whole
from exchanges.simulator.instruments import COST_MINIMUM
from exchanges.simulator.market import Market
from exchanges.simulator.text import exact, rfc3339, to_json
from exchanges.simulator.venue import Venue

SNAPSHOT_TRADES = 50
MAX_LIMIT = 1_000
ROOT = "/api/v3/brokerage"


def product_of(pair: str) -> str:
    """Return a pair as Coinbase writes it."""
    return pair.replace("/", "-")


def trade_entry(market: Market, index: int, negative: bool = False) -> dict[str, str]:
    """Return one trade; the side is the maker's."""
    item, trades = market.instrument, market.trades
    return {
        "trade_id": str(market.trade_id(index)),
        "product_id": product_of(item.pair),
        "price": ("-" if negative else "") + exact(int(trades.ticks[index]), item.price_decimals),
        "size": exact(int(trades.lots[index]), item.lot_decimals),
        "time": rfc3339(int(trades.timestamps_us[index])),
        "side": "SELL" if trades.buys[index] else "BUY",
    }


class CoinbaseRest:
    """Products, their trades by whole seconds (the newest first), and the time."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def routes(self) -> list[web.RouteDef]:
        """Return what to mount."""
        endpoints = {
            "/time": self._time,
            "/market/products": self._products,
            "/market/products/{product}/ticker": self._ticker,
        }
        too_many = {"error": "rate_limit_exceeded", "message": "too many requests"}
        return [web.get(ROOT + path, guarded(self._venue, e, too_many)) for path, e in endpoints.items()]

    def _time(self, request: web.Request) -> str:
        now_us = self._venue.now_us()
        return to_json(
            {
                "iso": rfc3339(now_us),
                "epochSeconds": str(now_us // US_PER_SECOND),
                "epochMillis": str(now_us // US_PER_MS),
            }
        )

    def _products(self, request: web.Request) -> str:
        products = [
            {
                "product_id": product_of(pair),
                "status": "online",
                "product_type": "SPOT",
                "alias": "",
                "price_increment": market.instrument.tick_size,
                "base_increment": exact(1, market.instrument.lot_decimals),
                "base_min_size": market.instrument.order_minimum,
                "quote_min_size": COST_MINIMUM,
            }
            for pair, market in self._venue.markets.items()
        ]
        return to_json({"products": products, "num_products": len(products)})

    def _ticker(self, request: web.Request) -> str:
        pair = request.match_info["product"].replace("-", "/")
        if pair not in self._venue.markets:
            raise RestError(404, {"error": "NOT_FOUND", "message": "valid product_id is required"})
        market, invalid = self._venue.markets[pair], RestError(400, {"error": "INVALID_ARGUMENT"})
        limit = min(whole(request.query.get("limit"), invalid), MAX_LIMIT)
        visible = market.visible(self._venue.now_us())
        seconds = market.trades.timestamps_us[:visible] // US_PER_SECOND
        start, stop = 0, visible
        if "start" in request.query:
            start = int(np.searchsorted(seconds, whole(request.query["start"], invalid), side="left"))
        if "end" in request.query:
            stop = int(np.searchsorted(seconds, whole(request.query["end"], invalid), side="right"))
        shown = range(max(start, stop - limit), stop)
        return to_json({"trades": [trade_entry(market, i) for i in reversed(shown)], "best_bid": "", "best_ask": ""})


class CoinbaseSocket(Dialect):
    """Numbered messages, subscriptions answered by the list of all, a snapshot, heartbeats with the venue's time."""

    path = "/"
    not_json = '{"channel":"market_trades","sequence_num":'

    def __init__(self, venue: Venue, line: Line) -> None:
        super().__init__(venue, line)
        self._sequence = -1
        self._heartbeats = False
        self._beaten_at = 0.0
        self._beats = 0

    async def answer(self, data: str | bytes) -> None:
        """Answer a request."""
        request = json_object(data)
        kind, channel, products = request.get("type"), request.get("channel"), request.get("product_ids", [])
        if kind not in ("subscribe", "unsubscribe") or channel not in ("market_trades", "heartbeats"):
            await self._line.send(to_json({"type": "error", "message": "failed to parse the request"}))
        elif channel == "heartbeats":
            self._heartbeats = kind == "subscribe"
            await self._list()
        else:
            await self._subscription(kind, products if isinstance(products, list) else [])

    async def too_fast(self) -> None:
        """Say that there were too many messages."""
        await self._line.send(to_json({"type": "error", "message": "rate limit exceeded"}))

    async def beat(self, quiet_seconds: float) -> None:
        """Send a heartbeat with the venue's time; every trade before it has been sent."""
        now = time.monotonic()
        if not self._heartbeats or now - self._beaten_at < self._venue.settings.heartbeat_seconds:
            return
        self._beaten_at = now
        self._beats += 1
        now_us = self._venue.now_us()
        await self._line.flush(now_us)
        event = {"current_time": rfc3339(now_us), "heartbeat_counter": str(self._beats)}
        await self._line.send(self._message("heartbeats", [event], now_us))

    def trades(
        self, market: Market, indices: Sequence[int], snapshot: bool, negative: set[int] | frozenset[int]
    ) -> str:
        """Return a market_trades message, the newest trade first as the venue has it."""
        entries = [trade_entry(market, i, i in negative) for i in reversed(indices)]
        event = {"type": "snapshot" if snapshot else "update", "trades": entries}
        return self._message("market_trades", [event], self._venue.now_us())

    async def _subscription(self, kind: str, products: list[Any]) -> None:
        pairs = [p.replace("-", "/") for p in products if isinstance(p, str)]
        unlisted = [pair for pair in pairs if pair not in self._venue.markets]
        if unlisted or not pairs:
            text = f"{product_of(unlisted[0])} is not a valid product" if unlisted else "no products"
            await self._line.send(to_json({"type": "error", "message": text}))
            return
        for pair in pairs:
            if kind == "unsubscribe" and pair in self._line.subscribed:
                self._line.unsubscribe(pair)
            elif kind == "subscribe" and pair not in self._line.subscribed:
                count = self._line.subscribe(pair)
                await self._line.send_trades(pair, range(max(0, count - SNAPSHOT_TRADES), count), snapshot=True)
        await self._list()

    async def _list(self) -> None:
        """Say everything this connection streams."""
        channels: dict[str, list[str]] = {}
        if self._line.subscribed:
            channels["market_trades"] = [product_of(pair) for pair in self._line.subscribed]
        if self._heartbeats:
            channels["heartbeats"] = ["heartbeats"]
        await self._line.send(self._message("subscriptions", [{"subscriptions": channels}], self._venue.now_us()))

    def _message(self, channel: str, events: list[Any], now_us: int) -> str:
        self._sequence += 1
        return to_json(
            {
                "channel": channel,
                "client_id": "",
                "timestamp": rfc3339(now_us),
                "sequence_num": self._sequence,
                "events": events,
            }
        )
