"""One WebSocket connection: what it subscribed to, and everything that is sent on it, in order.

The law it keeps: when the venue says its time T, every trade of a subscribed pair with a timestamp <= T has been sent
on this socket before it. Only faults break it, on request. How things are said is the dialect's.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from exchanges.simulator.dialects.dialect import Dialect
from exchanges.simulator.faults import TradeRange
from exchanges.simulator.limits import RateLimit
from exchanges.simulator.venue import Venue


class Connection:
    """A client's socket, as long as it lives."""

    def __init__(
        self, venue: Venue, socket: web.WebSocketResponse, request: web.Request, dialect: type[Dialect]
    ) -> None:
        self._venue = venue
        self._dialect = dialect(venue, self)
        self._socket = socket
        self._request = request
        self._cursors: dict[str, int] = {}
        self._late: list[tuple[int, str, int]] = []
        self._held_back: dict[TradeRange, list[int]] = {}
        self._order = asyncio.Lock()
        self._silent = False
        self._rate = RateLimit(venue.settings.messages_per_second, time.monotonic)
        self._last_sent = self._last_heard = time.monotonic()

    async def serve(self) -> None:
        """Greet, answer until the client leaves, and push trades beside it."""
        await self._dialect.greet()
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
            await self.send(self._dialect.not_json)

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
            if self._rate.allows("messages"):
                await self._dialect.answer(message.data)
            else:
                await self._dialect.too_fast()
        return True

    @property
    def subscribed(self) -> Mapping[str, int]:
        """Return the pairs that stream, and how many of their trades were seen to."""
        return self._cursors

    def subscribe(self, pair: str) -> int:
        """Stream `pair` from now on; return how many trades came before."""
        self._cursors[pair] = self._venue.visible(pair)
        return self._cursors[pair]

    def unsubscribe(self, pair: str) -> None:
        """Stream `pair` no more."""
        del self._cursors[pair]
        self._late = [late for late in self._late if late[1] != pair]

    async def _pump(self) -> None:
        """Push what has traded, a heartbeat where nothing did, and close a socket nobody uses."""
        settings = self._venue.settings
        while not self._socket.closed:
            await asyncio.sleep(settings.batch_seconds)
            async with self._order:
                await self.flush(self._venue.now_us())
                await self._dialect.beat(quiet_seconds=time.monotonic() - self._last_sent)
            unused = not self._dialect.in_use and time.monotonic() - self._last_heard > settings.idle_timeout_seconds
            if unused and not self._silent:
                await self._socket.close(code=1000, message=b"idle")

    async def flush(self, now_us: int) -> None:
        """Send every trade up to `now_us` that has not been sent."""
        for pair, sent in self._cursors.items():
            count = self._venue.markets[pair].visible(now_us)
            if count > sent:
                self._cursors[pair] = count
                await self._send_live(pair, sent, count)
        everything = self._venue.clock.ended
        while self._late and (everything or self._late[0][0] <= now_us):
            _, pair, index = heapq.heappop(self._late)
            await self.send_trades(pair, range(index, index + 1))

    async def _send_live(self, pair: str, start: int, stop: int) -> None:
        """Send a run of trades the way the delivery faults want it."""
        ranges = self._venue.faults.touching(pair, start, stop)
        if not ranges:
            await self.send_trades(pair, range(start, stop))
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
        await self.send_trades(pair, now, negative=negative)
        await self.send_trades(pair, again, negative=negative)

    async def _hold_back(self, pair: str, index: int, reordered: TradeRange) -> None:
        """Keep a trade until the last of its range has come, then send them, the newest first, a frame each."""
        held = self._held_back.setdefault(reordered, [])
        held.append(index)
        if index == reordered.stop - 1:
            for each in reversed(self._held_back.pop(reordered)):
                await self.send_trades(pair, [each])

    async def send_trades(
        self,
        pair: str,
        indices: range | list[int],
        *,
        snapshot: bool = False,
        negative: set[int] | frozenset[int] = frozenset(),
    ) -> None:
        """Send these trades of a pair, those in `negative` with a negative price."""
        size = self._dialect.trades_per_frame
        for first in range(0, len(indices), size):
            part = indices[first : first + size]
            await self.send(self._dialect.trades(self._venue.markets[pair], part, snapshot, negative))

    async def send(self, text: str) -> None:
        """Send a frame, unless the socket is silent or gone."""
        if self._silent or self._socket.closed:
            return
        try:
            await self._socket.send_str(text)
        except ConnectionResetError:  # the client has gone; the reading side sees it too and ends the connection
            self._silent = True
        self._last_sent = time.monotonic()
