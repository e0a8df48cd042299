"""Binance's private REST: signed calls about an account, over the same engine as Kraken's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from aiohttp import web

from contracts.units import MS_PER_DAY, US_PER_MS
from exchanges.simulator.accounts.account import Account
from exchanges.simulator.accounts.order import OrderRequest, SimulatedOrder, VenueRefusalError
from exchanges.simulator.accounts.touch import trade_price
from exchanges.simulator.dialects.arrivals import Arrivals
from exchanges.simulator.dialects.binance import symbol_of
from exchanges.simulator.dialects.binance_account import account_row, number, order_row, trade_row
from exchanges.simulator.dialects.binance_keys import BinanceKeys, check_time
from exchanges.simulator.dialects.binance_order_form import illegal, read_order
from exchanges.simulator.dialects.binance_refusals import no, refused
from exchanges.simulator.dialects.rest_answers import RestError
from exchanges.simulator.text import to_json
from exchanges.simulator.venue import Venue

PAGE_ROWS = 1_000
_DEFAULT_ROWS = 500
_ROOT = "/api/v3"
Form = Mapping[str, str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    weight: int
    answer: Callable[[Account, Form], Any]


class BinancePrivate:
    """The private endpoints over a venue; a refusal is HTTP 400 with a code."""

    def __init__(self, venue: Venue) -> None:
        self._venue, self._engine, self._faults = venue, venue.engine, venue.faults
        self._keys = BinanceKeys(venue.settings.keys, limited=venue.settings.tier != "unlimited")
        self._arrivals = Arrivals(venue)
        self._pairs = {symbol_of(pair): pair for pair in venue.markets}

    def routes(self) -> list[web.RouteDef]:
        """Return what to mount."""
        calls = (
            _Call("DELETE", "order", 1, self._cancel),
            _Call("GET", "order", 4, self._order),
            _Call("GET", "openOrders", 80, self._open_orders),
            _Call("GET", "allOrders", 20, self._all_orders),
            _Call("GET", "myTrades", 20, self._my_trades),
            _Call("GET", "account", 20, self._account),
            _Call("GET", "account/commission", 20, self._commission),
        )
        mounted = [web.route(call.method, f"{_ROOT}/{call.path}", self._answering(call)) for call in calls]
        return [*mounted, web.post(f"{_ROOT}/order", self._new_order)]

    def _answering(self, call: _Call) -> Callable[[web.Request], Any]:
        async def answer(request: web.Request) -> web.Response:
            try:
                account, form = await self._caller(request, call.weight)
                return _json(call.answer(account, form))
            except VenueRefusalError as error:
                return _refusal(refused(error))
            except RestError as error:
                return _refusal(error)

        return answer

    async def _new_order(self, request: web.Request) -> web.Response:
        try:
            account, form = await self._caller(request, 1)
            now_us = self._venue.now_us()
            order = read_order(form, self._pair(form), check_time(form, now_us), f"x-{len(account.orders)}")
            self._may_rest(order, now_us)
            taken = await self._arrivals.arrive(request, account, order)
        except VenueRefusalError as error:
            return _refusal(refused(error))
        except RestError as error:
            return _refusal(error)
        if isinstance(taken, web.Response):
            return taken
        row = order_row(taken)
        return _json({name: row[name] for name in ("symbol", "orderId", "orderListId", "clientOrderId")})

    def _may_rest(self, order: OrderRequest, now_us: int) -> None:
        """Refuse a stop that is reached already, which Kraken sells at once."""
        market = self._venue.markets[order.pair]
        last = trade_price(market, market.visible(now_us) - 1)
        if order.order_type == "stop-loss" and order.price is not None and last <= order.price:
            raise no(-2010, "Order would trigger immediately.")

    async def _caller(self, request: web.Request, weight: int) -> tuple[Account, Form]:
        """Check who calls."""
        payload = f"{request.rel_url.raw_query_string}{await request.text()}"
        signed, _, last = payload.rpartition("signature=")
        form = dict(parse_qsl(payload, keep_blank_values=True))
        self._venue.requests += 1
        now_us = self._venue.now_us()
        key = request.headers.get("X-MBX-APIKEY", "")
        if "&" in last:
            raise no(-1022, "Signature for this request is not valid.")
        name = self._keys.account_of(key, signed.removesuffix("&"), form, weight, now_us)
        if self._faults.next_rest_error() is not None:
            raise no(-1003, "Too many requests.", 429)
        self._engine.advance(now_us)
        return self._engine.accounts[name], form

    def _cancel(self, account: Account, form: Form) -> Any:
        pair, name = self._pair(form), form.get("origClientOrderId")
        found = [o for o in account.open.values() if o.request.pair == pair and _is_meant(o, form)]
        if not found:
            raise no(-2011, "Unknown order sent.")
        self._engine.cancel(account, found[0], self._venue.now_us())
        return {**order_row(found[0]), "origClientOrderId": name, "clientOrderId": f"c-{found[0].order_id[-20:]}"}

    def _order(self, account: Account, form: Form) -> Any:
        pair = self._pair(form)
        found = [o for o in self._seen(account.orders.values()) if o.request.pair == pair and _is_meant(o, form)]
        if not found:
            raise no(-2013, "Order does not exist.")
        return order_row(found[-1])

    def _open_orders(self, account: Account, form: Form) -> Any:
        pairs = {self._pair(form)} if "symbol" in form else set(self._pairs.values())
        return [order_row(order) for order in self._seen(account.open.values()) if order.request.pair in pairs]

    def _all_orders(self, account: Account, form: Form) -> Any:
        pair = self._pair(form)
        orders = [order for order in self._seen(account.orders.values()) if order.request.pair == pair]
        if "orderId" in form:
            orders = [order for order in orders if number(order.order_id) >= int(form["orderId"])]
        return [order_row(order) for order in _page(orders, lambda order: order.opened_us, form)]

    def _my_trades(self, account: Account, form: Form) -> Any:
        pair, now_us = self._pair(form), self._venue.now_us()
        shown = {order.order_id for order in self._seen(account.orders.values()) if order.request.pair == pair}
        found = [
            each
            for each in account.executions
            if each.order_id in shown and account.listed_from_us.get(each.execution_id, 0) <= now_us
        ]
        page = _page(found, lambda each: each.at_us, form)
        return [trade_row(each, account.orders[each.order_id].request) for each in page]

    def _account(self, account: Account, form: Form) -> Any:
        return account_row(account, self._venue.now_us(), form.get("omitZeroBalances", "false").lower() == "true")

    def _commission(self, account: Account, form: Form) -> Any:
        rates = {"maker": "0.00250000", "taker": "0.00400000", "buyer": "0.00000000", "seller": "0.00000000"}
        discount = {"enabledForAccount": False, "enabledForSymbol": True, "discountAsset": "BNB", "discount": "0.75"}
        return {"symbol": symbol_of(self._pair(form)), "standardCommission": rates, "discount": discount}

    def _pair(self, form: Form) -> str:
        if form.get("symbol") not in self._pairs:
            raise no(-1121, "Invalid symbol.")
        return self._pairs[form["symbol"]]

    def _seen(self, orders: Iterable[SimulatedOrder]) -> list[SimulatedOrder]:
        now_us = self._venue.now_us()
        return [order for order in orders if order.hidden_until_us <= now_us]


def _is_meant(order: SimulatedOrder, form: Form) -> bool:
    if "orderId" in form:
        return str(number(order.order_id)) == form["orderId"]
    if "origClientOrderId" not in form:
        raise no(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    return order.request.client_order_id == form["origClientOrderId"]


def _page(rows: list[T], time_us: Callable[[T], int], form: Form) -> list[T]:
    """Return the rows of a time: the oldest from ``startTime`` on, or the newest."""
    start, end = _time(form, "startTime"), _time(form, "endTime")
    if start is not None and end is not None and end - start > MS_PER_DAY:
        raise no(-1127, "More than 24 hours between startTime and endTime.")
    limit = min(int(form.get("limit", str(_DEFAULT_ROWS))), PAGE_ROWS)
    found = [
        row
        for row in sorted(rows, key=time_us)
        if (start is None or start <= time_us(row) // US_PER_MS) and (end is None or time_us(row) // US_PER_MS <= end)
    ]
    return found[-limit:] if start is None else found[:limit]


def _time(form: Form, name: str) -> int | None:
    text = form.get(name)
    if text is not None and not (text.isascii() and text.isdigit()):
        raise illegal(name, "^[0-9]{1,20}$")
    return None if text is None else int(text)


def _json(answer: Any) -> web.Response:
    return web.Response(text=to_json(answer), content_type="application/json")


def _refusal(error: RestError) -> web.Response:
    headers = {"Retry-After": "1"} if error.status == 429 else None
    return web.Response(
        status=error.status, text=to_json(error.body), content_type="application/json", headers=headers
    )
