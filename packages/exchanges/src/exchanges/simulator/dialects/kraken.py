"""Kraken's WebSocket v2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exchanges.simulator.dialects.dialect import Dialect, Line, json_object
from exchanges.simulator.dialects.kraken_protocol import NOT_JSON, status_frame, trade_frame, trade_item
from exchanges.simulator.market import Market
from exchanges.simulator.text import rfc3339, to_json
from exchanges.simulator.venue import Venue

SNAPSHOT_TRADES = 50
FIRST_CONNECTION_ID = 12_803_947_712_098_437_120
METHODS = ("subscribe", "unsubscribe", "ping")


class KrakenSocket(Dialect):
    """A status on connecting, one answer per symbol, pongs with the venue's time, heartbeats where all is quiet."""

    path = "/v2"
    not_json = NOT_JSON

    def __init__(self, venue: Venue, line: Line) -> None:
        super().__init__(venue, line)
        self._id = FIRST_CONNECTION_ID + venue.connections_opened

    async def greet(self) -> None:
        """Say the venue's status."""
        await self._line.send(status_frame(self._id))

    async def answer(self, data: str | bytes) -> None:
        """Answer a request."""
        time_in_us = self._venue.now_us()
        request = json_object(data)
        if request.get("method") not in METHODS:
            await self._refuse(request, "Malformed request", time_in_us)
        elif request["method"] == "ping":
            await self._pong(request)
        else:
            await self._subscription(request, time_in_us)

    async def too_fast(self) -> None:
        """Say that there were too many messages."""
        await self._line.send(to_json({"Error": "Exceeded msg rate"}))

    async def beat(self, quiet_seconds: float) -> None:
        """Send a heartbeat to a subscriber who got nothing for a while."""
        if self._line.subscribed and quiet_seconds >= self._venue.settings.heartbeat_seconds:
            await self._line.send('{"channel":"heartbeat"}')

    def trades(
        self, market: Market, indices: Sequence[int], snapshot: bool, negative: set[int] | frozenset[int]
    ) -> str:
        """Return a trade frame."""
        items = [trade_item(market, index, index in negative) for index in indices]
        return trade_frame(items, "snapshot" if snapshot else "update")

    async def _pong(self, request: dict[str, Any]) -> None:
        now_us = self._venue.now_us()
        await self._line.flush(now_us)
        times = {"time_in": rfc3339(now_us), "time_out": rfc3339(now_us)}
        await self._line.send(to_json({"method": "pong", **req_id(request), **times}))

    async def _subscription(self, request: dict[str, Any], time_in_us: int) -> None:
        params = request.get("params")
        params = params if isinstance(params, dict) else {}
        symbols, snapshot = params.get("symbol"), params.get("snapshot", False)
        if params.get("channel") != "trade":
            return await self._refuse(request, "Channel not supported", time_in_us)
        if not isinstance(symbols, list) or not symbols or not isinstance(snapshot, bool):
            return await self._refuse(request, "Malformed request", time_in_us)
        for symbol in symbols:
            await self._one_symbol(request, symbol, snapshot, time_in_us)
        return None

    async def _one_symbol(self, request: dict[str, Any], symbol: Any, snapshot: bool, time_in_us: int) -> None:
        if not isinstance(symbol, str) or symbol not in self._venue.markets:
            return await self._refuse(request, f"Currency pair not supported {symbol}", time_in_us, symbol)
        subscribe, subscribed = request["method"] == "subscribe", symbol in self._line.subscribed
        if subscribe == subscribed:
            error = "Already subscribed" if subscribe else "Subscription not found"
            return await self._refuse(request, error, time_in_us, symbol)
        result: dict[str, Any] = {"channel": "trade", "symbol": symbol}
        if subscribe:
            result = {"channel": "trade", "snapshot": snapshot, "symbol": symbol}
        await self._reply(request, {"result": result, "success": True}, time_in_us)
        if not subscribe:
            self._line.unsubscribe(symbol)
            return None
        count = self._line.subscribe(symbol)
        if snapshot:
            await self._line.send_trades(symbol, range(max(0, count - SNAPSHOT_TRADES), count), snapshot=True)
        return None

    async def _refuse(self, request: dict[str, Any], error: str, time_in_us: int, symbol: Any = None) -> None:
        body = {"error": error, "success": False, **({} if symbol is None else {"symbol": symbol})}
        await self._reply(request, body, time_in_us)

    async def _reply(self, request: dict[str, Any], body: dict[str, Any], time_in_us: int) -> None:
        method = {"method": request["method"]} if isinstance(request.get("method"), str) else {}
        times = {"time_in": rfc3339(time_in_us), "time_out": rfc3339(self._venue.now_us())}
        await self._line.send(to_json({**method, **req_id(request), **body, **times}))


def req_id(request: dict[str, Any]) -> dict[str, int]:
    """Return the request's id; one that is not an integer is not correlated back, as at Kraken."""
    value = request.get("req_id")
    return {"req_id": value} if isinstance(value, int) and not isinstance(value, bool) else {}
