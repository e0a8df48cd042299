"""Kraken's private WebSocket v2: the channel ``executions`` of an account, for whoever shows a token."""

from __future__ import annotations

from typing import Any

from exchanges import exact_json
from exchanges.simulator.accounts.order import News, SimulatedOrder
from exchanges.simulator.dialects.account_socket import AccountSocket
from exchanges.simulator.dialects.dialect import Line, json_object
from exchanges.simulator.dialects.kraken import KrakenSocket, req_id
from exchanges.simulator.dialects.kraken_account import news_record
from exchanges.simulator.text import rfc3339, to_json
from exchanges.simulator.venue import Venue

SNAPSHOT_TRADES = 50


class KrakenPrivateSocket(AccountSocket, KrakenSocket):
    """As the public one; instead of trades it has one channel, whose frames are counted by ``sequence``."""

    path = "/private/v2"

    def __init__(self, venue: Venue, line: Line) -> None:
        super().__init__(venue, line)
        self._sequence = 0

    async def answer(self, data: str | bytes) -> None:
        """Answer a request."""
        request = json_object(data)
        method, params = request.get("method"), request.get("params")
        params = params if isinstance(params, dict) else {}
        if method == "ping":
            await self._pong(request)
        elif method == "subscribe" and params.get("channel") == "executions":
            await self._subscribe(request, params)
        elif method == "unsubscribe" and params.get("channel") == "executions":
            self._account = None
            await self._say(request, {"result": {"channel": "executions"}, "success": True})
        else:
            await self._say(request, {"error": "Channel not supported", "success": False})

    async def beat(self, quiet_seconds: float) -> None:
        """Tell what is new, or send a heartbeat."""
        if self._account is None:
            return
        due = self._due(self._account)
        for piece in due:
            await self._tell("update", [piece])
        if not due and quiet_seconds >= self._venue.settings.heartbeat_seconds:
            await self._line.send('{"channel":"heartbeat"}')

    async def _subscribe(self, request: dict[str, Any], params: dict[str, Any]) -> None:
        name = self._venue.keys.account_of_token(params.get("token"), self._venue.now_us())
        if name is None:
            return await self._say(request, {"error": "EAPI:Invalid token", "success": False})
        if self._account is not None:
            return await self._say(request, {"error": "Already subscribed", "success": False})
        now_us = self._venue.now_us()
        account, self._sequence = self._listen(name, now_us), 0
        await self._say(request, {"result": {"channel": "executions"}, "success": True})
        due = [news for news in account.news if news.due_us <= now_us]
        told = [news for news in due if news.execution is not None][-SNAPSHOT_TRADES:]
        opened = [_as_it_is(order) for order in account.open.values()]
        shown = (told if params.get("snap_trades") else []) + (opened if params.get("snap_orders", True) else [])
        return await self._tell("snapshot", shown)

    async def _tell(self, kind: str, news: list[News]) -> None:
        self._sequence += 1
        frame = {
            "channel": "executions",
            "type": kind,
            "data": [news_record(piece) for piece in news],
            "sequence": self._sequence,
        }
        await self._line.send(exact_json.dumps(frame))

    async def _say(self, request: dict[str, Any], body: dict[str, Any]) -> None:
        method = request.get("method")
        now = rfc3339(self._venue.now_us())
        named = {"method": method} if isinstance(method, str) else {}
        await self._line.send(to_json({**named, **req_id(request), **body, "time_in": now, "time_out": now}))


def _as_it_is(order: SimulatedOrder) -> News:
    status = "partially_filled" if order.filled else "new"
    facts = (order.order_id, order.request, status, order.filled, order.cost, None)
    return News("new", *facts, order.opened_us, order.opened_us)
