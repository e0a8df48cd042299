"""Coinbase's private REST: calls of an account that show a token, over the same engine as Kraken's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from aiohttp import web

from exchanges import fields
from exchanges.simulator.accounts.account import Account
from exchanges.simulator.accounts.engine import MAX_DEADLINE_US
from exchanges.simulator.accounts.order import OrderRequest, SimulatedOrder, VenueRefusalError
from exchanges.simulator.accounts.touch import trade_price
from exchanges.simulator.dialects.arrivals import Arrivals
from exchanges.simulator.dialects.coinbase import ROOT, product_of
from exchanges.simulator.dialects.coinbase_account import account_rows, fill_row, order_row
from exchanges.simulator.dialects.coinbase_keys import Bearer, CoinbaseKeys, unauthorized
from exchanges.simulator.dialects.coinbase_order_form import invalid, read_order
from exchanges.simulator.dialects.coinbase_refusals import TOO_LATE, not_placed, word_of
from exchanges.simulator.dialects.rest_answers import RestError
from exchanges.simulator.text import to_json
from exchanges.simulator.venue import Venue

MOST_ROWS = 250
_DEFAULT_ROWS = 100
_FEES = {"maker_fee_rate": "0.0025", "taker_fee_rate": "0.004", "pricing_tier": "simulated"}
T = TypeVar("T")
_Answer = Callable[[Account, web.Request], Any]


class CoinbasePrivate:
    """The private endpoints over a venue; an order that is not taken is said so with HTTP 200."""

    def __init__(self, venue: Venue) -> None:
        self._venue, self._engine, self._faults = venue, venue.engine, venue.faults
        self._keys = CoinbaseKeys(venue.settings.keys, limited=venue.settings.tier != "unlimited")
        self._arrivals = Arrivals(venue)
        self._pairs = {product_of(pair): pair for pair in venue.markets}

    def routes(self) -> list[web.RouteDef]:
        """Return what to mount; of an order by its name last, as its path would take the others'."""
        calls: dict[str, _Answer] = {
            "accounts": self._accounts,
            "transaction_summary": lambda *_: {"total_volume": 0, "fee_tier": _FEES},
            "orders/historical/batch": self._orders,
            "orders/historical/fills": self._fills,
            "orders/historical/{order_id}": self._order,
        }
        return [
            *(web.get(f"{ROOT}/{path}", self._answering(answer)) for path, answer in calls.items()),
            web.post(f"{ROOT}/orders", self._new_order),
            web.post(f"{ROOT}/orders/batch_cancel", self._batch_cancel),
        ]

    def _answering(self, answer: _Answer) -> Callable[[web.Request], Any]:
        async def answered(request: web.Request) -> web.Response:
            try:
                account, _ = self._caller(request)
                return _json(answer(account, request))
            except RestError as error:
                return _refusal(error)

        return answered

    async def _new_order(self, request: web.Request) -> web.Response:
        try:
            account, bearer = self._caller(request)
            now_us = self._venue.now_us()
            # No order is under way for a minute: a token that is good for longer sets no deadline of its own.
            until_us = min(bearer.until_us, now_us + MAX_DEADLINE_US)
            order = read_order(await _body(request), self._pairs, until_us)
            if account.first_of(order) is None and self._is_reached(order, now_us):
                return _json(not_placed("PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE"))
            taken = await self._arrivals.arrive(request, account, order)
        except VenueRefusalError as error:
            return _refusal(unauthorized()) if str(error) == TOO_LATE else _json(not_placed(word_of(error)))
        except RestError as error:
            return _refusal(error)
        if isinstance(taken, web.Response):
            return taken
        row = order_row(taken)
        names = ("order_id", "product_id", "side", "client_order_id")
        return _json({"success": True, "success_response": {name: row[name] for name in names}})

    async def _batch_cancel(self, request: web.Request) -> web.Response:
        try:
            account, _ = self._caller(request)
            form = await _body(request)
            names = form.get("order_ids") if isinstance(form, dict) else None
            if not isinstance(names, list) or not names:
                raise invalid("order_ids")
            return _json({"results": [self._cancelled(account, name) for name in names]})
        except RestError as error:
            return _refusal(error)

    def _cancelled(self, account: Account, name: Any) -> dict[str, Any]:
        order = account.open.get(name) if isinstance(name, str) else None
        reason = "UNKNOWN_CANCEL_FAILURE_REASON"
        try:
            if order is None:
                raise VenueRefusalError("EOrder:Unknown order")
            self._engine.cancel(account, order, self._venue.now_us())
        except VenueRefusalError as error:
            reason = word_of(error)
        return {"success": reason == "UNKNOWN_CANCEL_FAILURE_REASON", "failure_reason": reason, "order_id": name}

    def _is_reached(self, order: OrderRequest, now_us: int) -> bool:
        """Say whether a stop is refused because its price is reached already, where Kraken sells at once."""
        market = self._venue.markets[order.pair]
        last = trade_price(market, market.visible(now_us) - 1)
        return order.order_type == "stop-loss" and order.price is not None and last <= order.price

    def _caller(self, request: web.Request) -> tuple[Account, Bearer]:
        """Check who calls."""
        self._venue.requests += 1
        now_us = self._venue.now_us()
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer":
            raise unauthorized()
        bearer = self._keys.bearer(token, f"{request.method} {request.host}{request.path}", now_us)
        if self._faults.next_rest_error() is not None:
            raise RestError(429, {"error": "rate_limit_exceeded", "message": "too many requests"})
        self._engine.advance(now_us)
        return self._engine.accounts[bearer.account], bearer

    def _accounts(self, account: Account, request: web.Request) -> Any:
        rows, cursor = _page(account_rows(account), lambda row: str(row["uuid"]), request)
        return {"accounts": rows, "has_next": bool(cursor), "cursor": cursor, "size": len(rows)}

    def _order(self, account: Account, request: web.Request) -> Any:
        name = request.match_info["order_id"]
        found = [order for order in self._seen(account.orders.values()) if order.order_id == name]
        if not found:
            raise RestError(404, {"error": "NOT_FOUND", "error_details": name, "message": "order not found"})
        return {"order": order_row(found[0])}

    def _orders(self, account: Account, request: web.Request) -> Any:
        """Return orders, the newest first."""
        statuses, since_us = set(request.query.getall("order_status", [])), _since_us(request, "start_date")
        found = [
            row
            for order in reversed(self._seen(account.orders.values()))
            if order.opened_us >= since_us and (row := order_row(order))["status"] in (statuses or {row["status"]})
        ]
        rows, cursor = _page(found, lambda row: str(row["order_id"]), request)
        return {"orders": rows, "has_next": bool(cursor), "cursor": cursor, "sequence": "0"}

    def _fills(self, account: Account, request: web.Request) -> Any:
        """Return executions, the newest first."""
        now_us, since_us = self._venue.now_us(), _since_us(request, "start_sequence_timestamp")
        shown = {order.order_id for order in self._seen(account.orders.values())}
        found = [
            fill_row(each, account.orders[each.order_id].request)
            for each in reversed(account.executions)
            if each.order_id in shown
            and each.at_us >= since_us
            and account.listed_from_us.get(each.execution_id, 0) <= now_us
        ]
        rows, cursor = _page(found, lambda row: str(row["entry_id"]), request)
        return {"fills": rows, "cursor": cursor}

    def _seen(self, orders: Iterable[SimulatedOrder]) -> list[SimulatedOrder]:
        now_us = self._venue.now_us()
        return [order for order in orders if order.hidden_until_us <= now_us]


def _since_us(request: web.Request, name: str) -> int:
    text = request.query.get(name)
    return 0 if text is None else fields.rfc3339_us(text, name)


def _page(rows: Sequence[T], name: Callable[[T], str], request: web.Request) -> tuple[list[T], str]:
    """Return the rows after the one that the cursor names, and the cursor of what comes next, empty at the end."""
    limit = request.query.get("limit", str(_DEFAULT_ROWS))
    if not (limit.isascii() and limit.isdigit() and 0 < int(limit) <= MOST_ROWS):
        raise invalid("limit")
    begin, cursor = 0, request.query.get("cursor", "")
    if cursor:
        begin = next((index + 1 for index, row in enumerate(rows) if name(row) == cursor), len(rows))
    page = list(rows[begin : begin + int(limit)])
    return page, name(page[-1]) if begin + len(page) < len(rows) else ""


async def _body(request: web.Request) -> Any:
    try:
        return json.loads(await request.text())
    except ValueError as error:
        raise invalid("JSON") from error


def _json(answer: Any) -> web.Response:
    return web.Response(text=to_json(answer), content_type="application/json")


def _refusal(error: RestError) -> web.Response:
    headers = {"Retry-After": "1"} if error.status == 429 else None
    if isinstance(error.body, str):
        return web.Response(status=error.status, text=error.body, headers=headers)
    return web.Response(
        status=error.status, text=to_json(error.body), content_type="application/json", headers=headers
    )
