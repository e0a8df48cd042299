"""One WebSocket v2 connection: what it subscribed to, and everything that is sent on it, in order.

The law it keeps: when a pong says ``time_out = T``, every trade of a subscribed pair with a timestamp <= T has been
sent on this socket before it. Only faults break it, on request.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import time
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from exchanges.simulator.faults import TradeRange
from exchanges.simulator.limits import RateLimit
from exchanges.simulator.venue import Venue
from exchanges.simulator.wire import NOT_JSON, rfc3339, status_frame, to_json, trade_frame, trade_item

SNAPSHOT_TRADES = 50
MAX_TRADES_PER_FRAME = 200
FIRST_CONNECTION_ID = 12_803_947_712_098_437_120
METHODS = ("subscribe", "unsubscribe", "ping")


class Connection:
    """A client's socket, as long as it lives."""

    def __init__(self, venue: Venue, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._venue = venue
        self._socket = socket
        self._request = request
        self._cursors: dict[str, int] = {}
        self._late: list[tuple[int, str, int]] = []
        self._held_back: dict[TradeRange, list[int]] = {}
        self._order = asyncio.Lock()
        self._silent = False
        self._rate = RateLimit(venue.settings.messages_per_second, time.monotonic)
        self._last_sent = self._last_heard = time.monotonic()
        self._id = FIRST_CONNECTION_ID + venue.connections_opened

    async def serve(self) -> None:
        """Greet, answer until the client leaves, and push trades beside it."""
        await self._send(status_frame(self._id))
        pump = asyncio.create_task(self._pump())
        try:
            async for message in self._socket:
                if not await self._hear(message):
                    break
        finally:
            pump.cancel()
            with suppress(asyncio.CancelledError):
                await pump

    async def cut(self, close_code: int | None) -> None:
        """End the connection: with a close frame, or by pulling the plug."""
        if close_code is not None:
            await self._socket.close(code=close_code)
        elif self._request.transport is not None:
            self._request.transport.abort()

    def fall_silent(self) -> None:
        """Stay open and say nothing more."""
        self._silent = True

    async def send_garbage(self) -> None:
        """Send a frame that is not JSON."""
        async with self._order:
            await self._send(NOT_JSON)

    async def _hear(self, message: Any) -> bool:
        if message.type is WSMsgType.PING:
            if not self._silent:
                await self._socket.pong(message.data)
            return True
        if message.type is WSMsgType.PONG:
            return True
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return False
        self._last_heard = time.monotonic()
        async with self._order:
            await self._answer(message.data, self._venue.now_us())
        return True

    async def _answer(self, data: str | bytes, time_in_us: int) -> None:
        if not self._rate.allows("messages"):
            await self._send(to_json({"Error": "Exceeded msg rate"}))
            return
        try:
            request = json.loads(data)
        except ValueError:
            request = None
        if not isinstance(request, dict) or request.get("method") not in METHODS:
            await self._refuse(request if isinstance(request, dict) else {}, "Malformed request", time_in_us)
        elif request["method"] == "ping":
            await self._pong(request)
        else:
            await self._subscription(request, time_in_us)

    async def _pong(self, request: dict[str, Any]) -> None:
        now_us = self._venue.now_us()
        await self._flush(now_us)
        times = {"time_in": rfc3339(now_us), "time_out": rfc3339(now_us)}
        await self._send(to_json({"method": "pong", **_req_id(request), **times}))

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
        subscribe, subscribed = request["method"] == "subscribe", symbol in self._cursors
        if subscribe == subscribed:
            error = "Already subscribed" if subscribe else "Subscription not found"
            return await self._refuse(request, error, time_in_us, symbol)
        result: dict[str, Any] = {"channel": "trade", "symbol": symbol}
        if subscribe:
            result = {"channel": "trade", "snapshot": snapshot, "symbol": symbol}
        await self._reply(request, {"result": result, "success": True}, time_in_us)
        if not subscribe:
            del self._cursors[symbol]
            self._late = [late for late in self._late if late[1] != symbol]
            return None
        count = self._venue.visible(symbol)
        self._cursors[symbol] = count
        if snapshot:
            await self._send_trades(symbol, range(max(0, count - SNAPSHOT_TRADES), count), "snapshot")
        return None

    async def _refuse(self, request: dict[str, Any], error: str, time_in_us: int, symbol: Any = None) -> None:
        body = {"error": error, "success": False, **({} if symbol is None else {"symbol": symbol})}
        await self._reply(request, body, time_in_us)

    async def _reply(self, request: dict[str, Any], body: dict[str, Any], time_in_us: int) -> None:
        method = {"method": request["method"]} if isinstance(request.get("method"), str) else {}
        times = {"time_in": rfc3339(time_in_us), "time_out": rfc3339(self._venue.now_us())}
        await self._send(to_json({**method, **_req_id(request), **body, **times}))

    async def _pump(self) -> None:
        """Push what has traded, a heartbeat where nothing did, and close a socket nobody uses."""
        settings = self._venue.settings
        while not self._socket.closed:
            await asyncio.sleep(settings.batch_seconds)
            async with self._order:
                await self._flush(self._venue.now_us())
                if self._cursors and time.monotonic() - self._last_sent >= settings.heartbeat_seconds:
                    await self._send('{"channel":"heartbeat"}')
            unused = not self._cursors and time.monotonic() - self._last_heard > settings.idle_timeout_seconds
            if unused and not self._silent:
                await self._socket.close(code=1000, message=b"idle")

    async def _flush(self, now_us: int) -> None:
        """Send every trade up to `now_us` that has not been sent."""
        for pair, sent in self._cursors.items():
            count = self._venue.markets[pair].visible(now_us)
            if count > sent:
                self._cursors[pair] = count
                await self._send_live(pair, sent, count)
        everything = self._venue.clock.ended
        while self._late and (everything or self._late[0][0] <= now_us):
            _, pair, index = heapq.heappop(self._late)
            await self._send_trades(pair, range(index, index + 1))

    async def _send_live(self, pair: str, start: int, stop: int) -> None:
        """Send a run of trades the way the delivery faults want it."""
        ranges = self._venue.faults.touching(pair, start, stop)
        if not ranges:
            await self._send_trades(pair, range(start, stop))
            return
        timestamps = self._venue.markets[pair].trades.timestamps_us
        now: list[int] = []
        again: list[int] = []
        negative: set[int] = set()
        for index in range(start, stop):
            hits = {r.kind: r for r in ranges if r.start <= index < r.stop}
            if "gap" in hits:
                continue
            if "reorder" in hits:
                await self._hold_back(pair, index, hits["reorder"])
                continue
            if "late" in hits:
                due_us = int(timestamps[index]) + hits["late"].delay_us
                heapq.heappush(self._late, (due_us, pair, index))
                continue
            now.append(index)
            again += [index] if "duplicate" in hits else []
            negative |= {index} if "negative_price" in hits else set()
        await self._send_trades(pair, now, negative=negative)
        await self._send_trades(pair, again, negative=negative)

    async def _hold_back(self, pair: str, index: int, reordered: TradeRange) -> None:
        """Keep a trade until the last of its range has come, then send them, the newest first, a frame each."""
        held = self._held_back.setdefault(reordered, [])
        held.append(index)
        if index == reordered.stop - 1:
            for each in reversed(self._held_back.pop(reordered)):
                await self._send_trades(pair, [each])

    async def _send_trades(
        self,
        pair: str,
        indices: range | list[int],
        kind: str = "update",
        negative: set[int] | frozenset[int] = frozenset(),
    ) -> None:
        market = self._venue.markets[pair]
        for first in range(0, len(indices), MAX_TRADES_PER_FRAME):
            part = indices[first : first + MAX_TRADES_PER_FRAME]
            await self._send(trade_frame([trade_item(market, i, i in negative) for i in part], kind))

    async def _send(self, text: str) -> None:
        if self._silent or self._socket.closed:
            return
        try:
            await self._socket.send_str(text)
        except ConnectionResetError:  # the client has gone; the reading side sees it too and ends the connection
            self._silent = True
        self._last_sent = time.monotonic()


def _req_id(request: dict[str, Any]) -> dict[str, int]:
    """Return the request's id; one that is not an integer is not correlated back, as at Kraken."""
    value = request.get("req_id")
    return {"req_id": value} if isinstance(value, int) and not isinstance(value, bool) else {}
