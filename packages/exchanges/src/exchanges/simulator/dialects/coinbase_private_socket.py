"""Coinbase's WebSocket for accounts: the channel ``user``, for whoever shows a token, and heartbeats."""

from __future__ import annotations

import time
from typing import Any

from exchanges.simulator.accounts.order import News
from exchanges.simulator.dialects.account_socket import AccountSocket
from exchanges.simulator.dialects.coinbase_account import told
from exchanges.simulator.dialects.coinbase_keys import CoinbaseKeys
from exchanges.simulator.dialects.dialect import Line, json_object
from exchanges.simulator.dialects.rest_answers import RestError
from exchanges.simulator.text import rfc3339, to_json
from exchanges.simulator.venue import Venue

#: Told as part of what was executed last: Coinbase has no message of its own for it.
_UNSAID = "filled"


class CoinbasePrivateSocket(AccountSocket):
    """A snapshot of open orders, then what becomes of each; messages of the connection are numbered from 0."""

    path = "/user"
    not_json = '{"channel":"user","sequence_num":'

    def __init__(self, venue: Venue, line: Line) -> None:
        super().__init__(venue, line)
        self._keys = CoinbaseKeys(venue.settings.keys, limited=False)
        self._sequence = -1
        self._heartbeats = False
        self._beaten_at = 0.0

    async def answer(self, data: str | bytes) -> None:
        """Answer a request."""
        request = json_object(data)
        kind, channel = request.get("type"), request.get("channel")
        if kind != "subscribe" or channel not in ("user", "heartbeats"):
            await self._error("failed to parse the request")
            return
        if channel == "user":
            try:
                token = request.get("jwt")
                bearer = self._keys.bearer(token if isinstance(token, str) else "", None, self._venue.now_us())
            except RestError:
                await self._error("authentication failure")
                return
            await self._subscribe(bearer.account)
        else:
            self._heartbeats = True
        await self._list()

    async def too_fast(self) -> None:
        """Say that there were too many messages."""
        await self._error("rate limit exceeded")

    async def beat(self, quiet_seconds: float) -> None:
        """Tell what is new, and send a heartbeat."""
        if self._account is not None:
            for piece in self._due(self._account):
                if piece.kind != _UNSAID:
                    await self._tell("update", [piece])
        now = time.monotonic()
        if self._heartbeats and now - self._beaten_at >= self._venue.settings.heartbeat_seconds:
            self._beaten_at = now
            await self._send("heartbeats", [{"current_time": rfc3339(self._venue.now_us())}])

    async def _subscribe(self, name: str) -> None:
        account = self._listen(name, self._venue.now_us())
        opened = [
            News("new", order.order_id, order.request, "open", order.filled, order.cost, None, order.opened_us, 0)
            for order in account.open.values()
        ]
        await self._tell("snapshot", opened)

    async def _tell(self, kind: str, news: list[News]) -> None:
        assert self._account is not None
        rows = [told(piece, self._account.orders[piece.order_id].opened_us) for piece in news]
        await self._send("user", [{"type": kind, "orders": rows}])

    async def _list(self) -> None:
        """Say everything that this connection tells."""
        channels = {"user": ["simulated"]} if self._account is not None else {}
        channels |= {"heartbeats": ["heartbeats"]} if self._heartbeats else {}
        await self._send("subscriptions", [{"subscriptions": channels}])

    async def _error(self, text: str) -> None:
        await self._line.send(to_json({"type": "error", "message": text}))

    async def _send(self, channel: str, events: list[Any]) -> None:
        self._sequence += 1
        message = {
            "channel": channel,
            "client_id": "",
            "timestamp": rfc3339(self._venue.now_us()),
            "sequence_num": self._sequence,
            "events": events,
        }
        await self._line.send(to_json(message))
