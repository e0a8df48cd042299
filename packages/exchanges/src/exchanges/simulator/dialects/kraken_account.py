"""How Kraken writes an account's orders, executions and money, on REST and on the WebSocket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from contracts.units import US_PER_SECOND
from exchanges.exact_json import NumberText
from exchanges.simulator.accounts.account import Account
from exchanges.simulator.accounts.order import News, OrderRequest, SimulatedExecution, SimulatedOrder
from exchanges.simulator.dialects.kraken_protocol import rest_time
from exchanges.simulator.dialects.kraken_rest import describe
from exchanges.simulator.instruments import Instrument
from exchanges.simulator.text import rfc3339

_NS_PER_US = 1_000
_AVERAGE = Decimal("1e-8")


def asset_codes(listed: Iterable[Instrument]) -> dict[str, str]:
    """Return each currency's code in balances."""
    codes = {}
    for item in listed:
        says = describe(item)
        for name, code in zip(item.pair.split("/"), (says["base"], says["quote"]), strict=True):
            codes[name] = str(code)
    return codes


def order_row(order: SimulatedOrder, item: Instrument) -> dict[str, Any]:
    """Return an order as OpenOrders, ClosedOrders and QueryOrders have it."""
    request = order.request
    price = plain(request.price or Decimal(0))
    about = f"{request.side} {plain(request.quantity)} {item.altname} @ {_how(request)}"
    flags = [*(["post"] if request.post_only else []), "fcib" if request.fee_in == "base" else "fciq"]
    row: dict[str, Any] = {
        "refid": None,
        "userref": request.userref,
        "status": order.status,
        "reason": order.reason,
        "opentm": _time(order.opened_us),
        "starttm": 0,
        "expiretm": 0 if request.expires_us is None else request.expires_us // US_PER_SECOND,
        "descr": {
            "pair": item.altname,
            "type": request.side,
            "ordertype": request.order_type,
            "price": price,
            "price2": "0",
            "leverage": "none",
            "order": about,
            "close": "",
        },
        "vol": plain(request.quantity),
        "vol_exec": plain(order.filled),
        "cost": plain(order.cost),
        "fee": plain(order.fee),
        "price": plain((order.cost / order.filled).quantize(_AVERAGE) if order.filled else Decimal(0)),
        "stopprice": price if request.order_type == "stop-loss" else "0.00000",
        "limitprice": "0.00000",
        "misc": "",
        "oflags": ",".join(flags),
        "trades": list(order.execution_ids),
    }
    row |= {} if request.client_order_id is None else {"cl_ord_id": request.client_order_id}
    return row | ({} if order.closed_us is None else {"closetm": _time(order.closed_us)})


def described(request: OrderRequest, item: Instrument) -> dict[str, str]:
    """Return what AddOrder repeats of an order."""
    return {"order": f"{request.side} {plain(request.quantity)} {item.altname} @ {_how(request)}"}


def execution_row(execution: SimulatedExecution, request: OrderRequest, item: Instrument) -> dict[str, Any]:
    """Return an execution as TradesHistory has it: a fee taken in base currency is shown by its worth."""
    fee = execution.fee if request.fee_in == "quote" else execution.fee * execution.price
    return {
        "ordertxid": execution.order_id,
        "postxid": "TKH2SE-M7IF5-CFI7LT",
        "pair": item.rest_key,
        "time": _time(execution.at_us),
        "type": request.side,
        "ordertype": request.order_type,
        "price": plain(execution.price),
        "cost": plain(execution.cost),
        "fee": plain(fee),
        "vol": plain(execution.quantity),
        "margin": "0.00000",
        "leverage": "0",
        "misc": "",
        "trade_id": execution.trade_id,
        "maker": execution.maker,
    }


def balance_row(account: Account, codes: Mapping[str, str]) -> dict[str, str]:
    """Return what an account has, by Kraken's codes, to the last digit."""
    return {codes.get(currency, currency): plain(amount) for currency, amount in sorted(account.balances.items())}


def news_record(news: News) -> dict[str, Any]:
    """Return a record of the channel ``executions``; news of an execution says more than others."""
    request, execution = news.request, news.execution
    record: dict[str, Any] = {"order_id": news.order_id, "exec_type": news.kind, "order_status": news.status}
    record |= {} if request.client_order_id is None else {"cl_ord_id": request.client_order_id}
    record |= {} if news.reason is None else {"reason": news.reason}
    if news.kind == "new":
        record |= {"symbol": request.pair, "side": request.side, "order_type": request.order_type}
        record |= {"order_qty": number(request.quantity)}
    if execution is not None:
        base, quote = request.currencies
        fee = {"asset": quote if request.fee_in == "quote" else base, "qty": number(execution.fee)}
        record |= {
            "exec_id": execution.execution_id,
            "trade_id": execution.trade_id,
            "symbol": request.pair,
            "side": request.side,
            "order_type": request.order_type,
            "last_qty": number(execution.quantity),
            "last_price": number(execution.price),
            "liquidity_ind": "m" if execution.maker else "t",
            "cost": number(execution.cost),
            "fees": [fee],
        }
    return record | {
        "cum_qty": number(news.filled),
        "cum_cost": number(news.cost),
        "timestamp": rfc3339(news.at_us),
    }


def plain(value: Decimal) -> str:
    """Return a number without an exponent, as REST writes it."""
    return f"{value:f}"


def number(value: Decimal) -> NumberText:
    """Return a number as the WebSocket writes it."""
    return NumberText(f"{value:f}")


def _time(time_us: int) -> NumberText:
    return NumberText(rest_time(time_us * _NS_PER_US))


def _how(request: OrderRequest) -> str:
    return "market" if request.price is None else f"{request.order_type.replace('-', ' ')} {plain(request.price)}"
