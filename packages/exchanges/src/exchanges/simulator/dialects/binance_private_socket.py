"""Binance's WebSocket API as far as an account listens to it: the user data stream, for whoever signs for it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from exchanges.simulator.dialects.account_socket import AccountSocket
from exchanges.simulator.dialects.binance_account import report
from exchanges.simulator.dialects.binance_keys import BinanceKeys
from exchanges.simulator.dialects.dialect import Line, json_object
from exchanges.simulator.dialects.rest_answers import RestError
from exchanges.simulator.text import to_json
from exchanges.simulator.venue import Venue

#: Told as part of what was executed last: Binance has no event of its own for it.
_UNSAID = "filled"


class BinancePrivateSocket(AccountSocket):
    """Nothing first, no snapshot, no number that counts events; requests are answered by their id."""

    path = "/ws-api/v3"
    not_json = '{"subscriptionId":0,"event":{"e":'

    def __init__(self, venue: Venue, line: Line) -> None:
        super().__init__(venue, line)
        self._keys = BinanceKeys(venue.settings.keys, limited=False)

    async def answer(self, data: str | bytes) -> None:
        """Answer a request."""
        request = json_object(data)
        method, request_id = request.get("method"), request.get("id")
        if method == "ping":
            await self._say(request_id, 200, {"result": {}})
        elif method == "userDataStream.subscribe.signature":
            await self._subscribe(request_id, request.get("params"))
        else:
            await self._say(request_id, 400, {"error": {"code": -1020, "msg": "This operation is not supported."}})

    async def too_fast(self) -> None:
        """Say that there were too many messages."""
        await self._say(None, 429, {"error": {"code": -1003, "msg": "Too many requests."}})

    async def beat(self, quiet_seconds: float) -> None:
        """Tell what is new; where nothing is, nothing is said."""
        if self._account is None:
            return
        for piece in self._due(self._account):
            if piece.kind != _UNSAID:
                opened_us = self._account.orders[piece.order_id].opened_us
                event = report(piece, opened_us, f"c-{piece.order_id[-20:]}")
                await self._line.send(to_json({"subscriptionId": 0, "event": event}))

    async def _subscribe(self, request_id: Any, params: Any) -> None:
        form = {name: str(value) for name, value in params.items()} if isinstance(params, dict) else {}
        payload = urlencode(sorted((name, value) for name, value in form.items() if name != "signature"))
        now_us = self._venue.now_us()
        try:
            name = self._keys.account_of(form.get("apiKey", ""), payload, form, 2, now_us)
        except RestError as error:
            return await self._say(request_id, error.status, {"error": error.body})
        self._listen(name, now_us)
        return await self._say(request_id, 200, {"result": {"subscriptionId": 0}})

    async def _say(self, request_id: Any, status: int, body: dict[str, Any]) -> None:
        await self._line.send(to_json({"id": request_id, "status": status, **body}))
