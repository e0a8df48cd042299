"""The control API, `/sim/...`: what no venue offers and every test needs."""

from __future__ import annotations

import json

from aiohttp import web
from pydantic import ValidationError

from contracts.units import US_PER_MS
from exchanges.simulator.accounts.truth import account_truth
from exchanges.simulator.faults import Fault
from exchanges.simulator.sockets import Sockets
from exchanges.simulator.text import exact
from exchanges.simulator.venue import Venue


class Control:
    """Clock, status, faults and the truth."""

    def __init__(self, venue: Venue, sockets: Sockets) -> None:
        self._venue = venue
        self._sockets = sockets

    def routes(self) -> list[web.RouteDef]:
        """Return what to mount."""
        return [
            web.post("/sim/clock/start", self._start),
            web.get("/sim/status", self._status),
            web.post("/sim/faults", self._fault),
            web.get("/sim/trades", self._trades),
            web.get("/sim/orders", self._orders),
        ]

    async def _start(self, request: web.Request) -> web.Response:
        self._venue.clock.start()
        return await self._status(request)

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response(self._venue.status(self._sockets.open))

    async def _fault(self, request: web.Request) -> web.Response:
        try:
            body = json.loads(await request.text())
            faults = [Fault.model_validate(item) for item in (body if isinstance(body, list) else [body])]
        except (ValueError, ValidationError) as error:
            return web.json_response({"error": str(error)}, status=400)
        unlisted = [
            fault.pair for fault in faults if fault.pair is not None and fault.pair not in self._venue.markets
        ]
        if unlisted:
            expected = f"one of {', '.join(self._venue.markets)}"
            return web.json_response({"error": f"pair: expected {expected}, was {unlisted[0]!r}"}, status=400)
        for fault in faults:
            self._venue.add_fault(fault)
        await self._sockets.strike()
        return await self._status(request)

    async def _orders(self, request: web.Request) -> web.Response:
        """Tell everything of the accounts, whatever faults hide of it, and how often each fault has hit."""
        self._venue.engine.advance(self._venue.now_us())
        accounts = {name: account_truth(account) for name, account in self._venue.engine.accounts.items()}
        faults = self._venue.faults
        return web.json_response(
            {"accounts": accounts, "hits": dict(faults.hits), "refused_unheard": self._venue.refused_unheard}
        )

    async def _trades(self, request: web.Request) -> web.Response:
        pair = request.query.get("pair", "")
        if pair not in self._venue.markets:
            expected = f"one of {', '.join(self._venue.markets)}"
            return web.json_response({"error": f"pair: expected {expected}, was {pair!r}"}, status=400)
        market = self._venue.markets[pair]
        try:
            since_us = int(request.query.get("since_ms", "0")) * US_PER_MS
            until = request.query.get("until_ms")
            until_us = self._venue.now_us() + 1 if until is None else int(until) * US_PER_MS
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        start, stop = market.index_at(since_us), market.index_at(until_us)
        trades, item = market.trades, market.instrument
        return web.json_response(
            {
                "pair": pair,
                "trade_ids": [market.trade_id(index) for index in range(start, stop)],
                "timestamps_us": trades.timestamps_us[start:stop].tolist(),
                "prices": [exact(t, item.price_decimals) for t in trades.ticks[start:stop].tolist()],
                "quantities": [exact(q, item.lot_decimals) for q in trades.lots[start:stop].tolist()],
                "sides": ["buy" if buy else "sell" for buy in trades.buys[start:stop].tolist()],
            }
        )
