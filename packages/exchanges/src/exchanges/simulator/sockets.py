"""All open WebSocket connections, and the faults that strike them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from exchanges.simulator.connection import Connection
from exchanges.simulator.dialects import PRIVATE_SOCKETS, SOCKETS
from exchanges.simulator.dialects.dialect import Dialect
from exchanges.simulator.faults import Fault
from exchanges.simulator.venue import Venue

STRIKE_SECONDS = 0.02


class Sockets:
    """Takes WebSocket upgrades, each venue's at its own path, and strikes open connections with due faults."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._connections: set[Connection] = set()

    def routes(self) -> list[web.RouteDef]:
        """Return what to mount."""
        dialects = (*SOCKETS.values(), *PRIVATE_SOCKETS.values())
        return [web.get(dialect.path, self._upgrade_to(dialect)) for dialect in dialects]

    @property
    def open(self) -> int:
        """Return how many connections are open."""
        return len(self._connections)

    async def run(self) -> None:
        """Strike when faults fall due, for ever."""
        while True:
            await self.strike()
            await asyncio.sleep(STRIKE_SECONDS)

    async def strike(self) -> None:
        """Carry out every fault whose time has come."""
        for fault in self._venue.faults.due(self._venue.now_us()):
            await self._carry_out(fault)

    async def _carry_out(self, fault: Fault) -> None:
        if fault.kind == "rate_limit":
            self._venue.faults.rest_errors += [fault.error] * fault.count
        elif fault.kind == "refuse_connections":
            self._venue.faults.refusals += fault.count
        elif fault.kind == "foreign_order":
            self._venue.engine.foreign_order(fault, self._venue.now_us())
        for connection in list(self._connections):
            if fault.kind == "disconnect":
                await connection.cut(fault.close_code)
            elif fault.kind == "half_open":
                connection.fall_silent()
            elif fault.kind == "garbage":
                await connection.send_garbage()

    async def close(self) -> None:
        """Close every connection, as a venue going down does."""
        await asyncio.gather(*(connection.cut(1001) for connection in list(self._connections)))

    def _upgrade_to(self, dialect: type[Dialect]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def upgrade(request: web.Request) -> web.StreamResponse:
            return await self._upgrade(request, dialect)

        return upgrade

    async def _upgrade(self, request: web.Request, dialect: type[Dialect]) -> web.StreamResponse:
        if self._venue.faults.refusals:
            self._venue.faults.refusals -= 1
            return web.Response(status=503, text="Service Unavailable")
        # Pings of the protocol are answered by hand, so that a half-open socket leaves them unanswered.
        socket = web.WebSocketResponse(autoping=False, compress=False, timeout=2.0)
        await socket.prepare(request)
        self._venue.connections_opened += 1
        connection = Connection(self._venue, socket, request, dialect)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
        return socket
