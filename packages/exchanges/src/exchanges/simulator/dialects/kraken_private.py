"""Kraken's private REST: signed calls about an account, and everything that can go wrong with an order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from contracts.units import US_PER_SECOND
from exchanges import exact_json
from exchanges.simulator.accounts.account import Account
from exchanges.simulator.accounts.engine import UNKNOWN_ORDER
from exchanges.simulator.accounts.order import SimulatedOrder, VenueRefusalError
from exchanges.simulator.dialects.arrivals import Arrivals
from exchanges.simulator.dialects.kraken_account import (
    asset_codes,
    balance_row,
    described,
    execution_row,
    order_row,
    plain,
)
from exchanges.simulator.dialects.kraken_order_form import INVALID, read_order
from exchanges.simulator.instruments import by_any_name
from exchanges.simulator.limits import TIERS, Counters, cancel_points
from exchanges.simulator.text import rfc3339, to_json
from exchanges.simulator.venue import Venue

PAGE_ROWS = 50
_MOST_TXIDS = 50
Form = Mapping[str, str]


class KrakenPrivate:
    """The private endpoints over a venue; always HTTP 200, the error inside."""

    def __init__(self, venue: Venue) -> None:
        tier = TIERS[venue.settings.tier]
        self._venue, self._engine, self._faults = venue, venue.engine, venue.faults
        self._orders_counted = Counters(tier.orders_most, tier.orders_decay)
        self._items = {pair: market.instrument for pair, market in venue.markets.items()}
        self._names = by_any_name(list(self._items.values()))
        self._codes = asset_codes(self._items.values())
        self._arrivals = Arrivals(venue)

    def routes(self) -> list[web.RouteDef]:
        """Return what to mount."""
        return [web.post("/0/private/{method}", self._call)]

    async def _call(self, request: web.Request) -> web.Response:
        """Check who calls, and answer."""
        body = await request.text()
        form = dict(parse_qsl(body, keep_blank_values=True))
        now_us = self._venue.now_us()
        self._venue.requests += 1
        try:
            name = self._venue.keys.account_of(request.headers, request.path, body, form, now_us)
            account, method = self._engine.accounts[name], request.match_info["method"]
            if (error := self._faults.next_rest_error()) is not None:
                raise VenueRefusalError(error)
            self._engine.advance(now_us)
            if method == "AddOrder":
                return await self._add_order(request, account, form)
            return _answer(self._endpoint(method)(account, form))
        except VenueRefusalError as error:
            return web.Response(text=to_json({"error": [str(error)]}), content_type="application/json")

    def _endpoint(self, method: str) -> Callable[[Account, Form], Any]:
        endpoints: dict[str, Callable[[Account, Form], Any]] = {
            "CancelOrder": self._cancel_order,
            "CancelAll": self._cancel_all,
            "CancelAllOrdersAfter": self._cancel_all_after,
            "OpenOrders": self._open_orders,
            "ClosedOrders": self._closed_orders,
            "QueryOrders": self._query_orders,
            "TradesHistory": self._trades_history,
            "Balance": lambda account, form: balance_row(account, self._codes),
            "BalanceEx": self._balance_ex,
            "GetWebSocketsToken": lambda account, form: {
                "token": self._venue.keys.new_token(account.name, self._venue.now_us()),
                "expires": 900,
            },
        }
        if method not in endpoints:
            raise VenueRefusalError("EGeneral:Unknown method")
        return endpoints[method]

    async def _add_order(self, request: web.Request, account: Account, form: Form) -> web.Response:
        now_us = self._venue.now_us()
        order = read_order(form, self._names, now_us)
        if form.get("validate", "false").lower() == "true":
            return _answer({"descr": described(order, self._items[order.pair])})
        if not self._orders_counted.allows(f"{account.name} {order.pair}", 1, now_us):
            raise VenueRefusalError("EOrder:Rate limit exceeded")
        taken = await self._arrivals.arrive(request, account, order)
        if isinstance(taken, web.Response):
            return taken
        return _answer({"descr": described(order, self._items[order.pair]), "txid": [taken.order_id]})

    def _cancel_order(self, account: Account, form: Form) -> Any:
        wanted = form.get("txid"), form.get("cl_ord_id"), form.get("userref")
        if all(word is None for word in wanted):
            raise VenueRefusalError(INVALID)
        found = [order for order in account.open.values() if _is_meant(order, *wanted)]
        if not found:
            raise VenueRefusalError(UNKNOWN_ORDER)
        now_us = self._venue.now_us()
        for order in found:
            points = cancel_points(now_us - order.opened_us)
            if not self._orders_counted.allows(f"{account.name} {order.request.pair}", points, now_us):
                raise VenueRefusalError("EOrder:Rate limit exceeded")
            self._engine.cancel(account, order, now_us)
        return {"count": len(found)}

    def _cancel_all(self, account: Account, form: Form) -> Any:
        found = list(account.open.values())
        for order in found:
            account.end(order, "canceled", "User requested", self._venue.now_us())
        return {"count": len(found)}

    def _cancel_all_after(self, account: Account, form: Form) -> Any:
        timeout = form.get("timeout", "")
        if not timeout.isdigit():
            raise VenueRefusalError(f"{INVALID}:timeout")
        now_us, seconds = self._venue.now_us(), int(timeout)
        account.cancel_all_at_us = now_us + seconds * US_PER_SECOND if seconds else None
        trigger = "0" if account.cancel_all_at_us is None else rfc3339(account.cancel_all_at_us)
        return {"currentTime": rfc3339(now_us), "triggerTime": trigger}

    def _open_orders(self, account: Account, form: Form) -> Any:
        shown = [o for o in self._seen(account.open.values()) if _is_asked_for(o, form)]
        return {"open": self._rows(shown)}

    def _closed_orders(self, account: Account, form: Form) -> Any:
        orders = account.orders if "cl_ord_id" not in form else account.of_client.get(form["cl_ord_id"], {})
        ended = [o for o in self._seen(orders.values()) if o.closed_us is not None and _is_asked_for(o, form)]
        ended.sort(key=lambda o: o.closed_us or 0, reverse=True)
        ended = [o for o in ended if _in_time(o.closed_us or 0, form)]
        return {"closed": self._rows(_page(ended, form)), "count": len(ended)}

    def _query_orders(self, account: Account, form: Form) -> Any:
        asked = [name for name in form.get("txid", "").split(",") if name]
        if not 1 <= len(asked) <= _MOST_TXIDS:
            raise VenueRefusalError(f"{INVALID}:txid")
        return self._rows(self._seen(account.orders[name] for name in asked if name in account.orders))

    def _trades_history(self, account: Account, form: Form) -> Any:
        shown = {order.order_id for order in self._seen(account.orders.values())}
        now_us, listed = self._venue.now_us(), account.listed_from_us
        found = [
            e
            for e in reversed(account.executions)
            if e.order_id in shown and listed.get(e.execution_id, 0) <= now_us and _in_time(e.at_us, form)
        ]
        requests = {e.order_id: account.orders[e.order_id].request for e in found}
        rows = {
            e.execution_id: execution_row(e, requests[e.order_id], self._items[requests[e.order_id].pair])
            for e in _page(found, form)
        }
        return {"trades": rows, "count": len(found)}

    def _balance_ex(self, account: Account, form: Form) -> Any:
        return {
            self._codes.get(currency, currency): {
                "balance": plain(amount),
                "hold_trade": plain(account.held(currency)),
            }
            for currency, amount in sorted(account.balances.items())
        }

    def _seen(self, orders: Iterable[SimulatedOrder]) -> list[SimulatedOrder]:
        now_us = self._venue.now_us()
        return [order for order in orders if order.hidden_until_us <= now_us]

    def _rows(self, orders: Iterable[SimulatedOrder]) -> dict[str, Any]:
        return {order.order_id: order_row(order, self._items[order.request.pair]) for order in orders}


def _answer(result: Any) -> web.Response:
    return web.Response(text=exact_json.dumps({"error": [], "result": result}), content_type="application/json")


def _is_meant(order: SimulatedOrder, txid: str | None, client_order_id: str | None, userref: str | None) -> bool:
    """Say whether a cancellation means this order; ``txid`` may also be a userref."""
    request = order.request
    if client_order_id is not None:
        return request.client_order_id == client_order_id
    return txid in (order.order_id, str(request.userref or None)) or userref == str(request.userref or None)


def _is_asked_for(order: SimulatedOrder, form: Form) -> bool:
    wanted = form.get("cl_ord_id", order.request.client_order_id), form.get("userref", str(order.request.userref))
    return wanted == (order.request.client_order_id, str(order.request.userref))


def _in_time(time_us: int, form: Form) -> bool:
    """Say whether a time is after ``start`` and not after ``end``, both seconds since 1970."""
    seconds = time_us / US_PER_SECOND
    try:
        return float(form.get("start", "0")) < seconds and ("end" not in form or seconds <= float(form["end"]))
    except ValueError as error:
        raise VenueRefusalError(INVALID) from error


def _page(rows: list[Any], form: Form) -> list[Any]:
    offset = form.get("ofs", "0")
    if not offset.isdigit():
        raise VenueRefusalError(f"{INVALID}:ofs")
    return rows[int(offset) : int(offset) + PAGE_ROWS]
