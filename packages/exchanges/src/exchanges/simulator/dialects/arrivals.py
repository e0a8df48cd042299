"""How orders get to the venue and its answers back, at every venue alike: with all that can go wrong on the way."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from contracts.units import MS_PER_SECOND
from exchanges.simulator.accounts.account import Account
from exchanges.simulator.accounts.order import OrderRequest, SimulatedOrder, VenueRefusalError
from exchanges.simulator.faults import Fault
from exchanges.simulator.venue import Venue


class Arrivals:
    """Takes orders, or loses them, or their answers, as the faults of the venue say."""

    def __init__(self, venue: Venue) -> None:
        self._venue, self._faults = venue, venue.faults
        self._under_way: set[asyncio.Task[None]] = set()

    async def arrive(
        self, request: web.Request, account: Account, order: OrderRequest
    ) -> SimulatedOrder | web.Response:
        """Take an order and return it, or what is answered in its place: nothing, or something that says nothing.

        Raises
        ------
        VenueRefusalError
            In Kraken's words.
        """
        of = (order.pair, self._venue.now_us())
        if fault := self._faults.strikes("reject", *of):
            raise VenueRefusalError(fault.error)
        if fault := self._faults.strikes("timeout_before", *of):
            return await self._no_answer(request, fault)
        if fault := self._faults.strikes("request_late", *of):
            self._soon(self._arrive_late(account, order, fault))
            return await self._no_answer(request)
        taken = self._take(account, order)
        if fault := self._faults.strikes("timeout_after", *of):
            return await self._no_answer(request, fault)
        if self._faults.strikes("error_after", *of):
            return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
        return taken

    def _take(self, account: Account, order: OrderRequest) -> SimulatedOrder:
        now_us = self._venue.now_us()
        if self._faults.is_cancel_only(order.pair, now_us):
            raise VenueRefusalError("EService:Market in cancel_only mode")
        return self._venue.engine.place(account, order, now_us)

    async def _arrive_late(self, account: Account, order: OrderRequest, fault: Fault) -> None:
        await self._wait(fault)
        try:
            self._take(account, order)
        except VenueRefusalError as error:
            self._venue.refused_unheard.append(str(error))

    async def _no_answer(self, request: web.Request, fault: Fault | None = None) -> web.Response:
        """Cut the connection, after a while where `fault` has one."""
        if fault is not None:
            await self._wait(fault)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _wait(self, fault: Fault) -> None:
        await asyncio.sleep(fault.delay_ms / MS_PER_SECOND / self._venue.settings.speed)

    def _soon(self, coroutine: Any) -> None:
        task = asyncio.ensure_future(coroutine)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
