"""How Binance writes an account's orders, executions and money, on REST and on the WebSocket."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from contracts.units import US_PER_MS
from exchanges.simulator.accounts.account import Account
from exchanges.simulator.accounts.order import News, OrderRequest, SimulatedExecution, SimulatedOrder
from exchanges.simulator.dialects.binance import symbol_of

_STATUSES = {"closed": "FILLED", "canceled": "CANCELED", "expired": "EXPIRED"}
#: News of an order in the words of its execution type and its status.
_NEWS = {
    "new": ("NEW", "NEW"),
    "trade": ("TRADE", "PARTIALLY_FILLED"),
    "canceled": ("CANCELED", "CANCELED"),
    "expired": ("EXPIRED", "EXPIRED"),
}
_IOC = "IOC"


def number(name: str) -> int:
    """Return the number in what an order or execution is called."""
    return int(name.rpartition(":")[2])


def client_name(order_id: str, request: OrderRequest) -> str:
    """Return what an order is called by who sent it; one of nobody's gets a name from the venue."""
    return request.client_order_id or f"web_{number(order_id)}"


def order_row(order: SimulatedOrder) -> dict[str, Any]:
    """Return an order as ``order``, ``openOrders`` and ``allOrders`` have it."""
    request = order.request
    status = "PARTIALLY_FILLED" if order.status == "open" and order.filled else "NEW"
    updated_us = order.closed_us or order.opened_us
    return {
        "symbol": symbol_of(request.pair),
        "orderId": number(order.order_id),
        "orderListId": -1,
        "clientOrderId": client_name(order.order_id, request),
        "price": plain(Decimal(0) if request.order_type != "limit" else request.price or Decimal(0)),
        "origQty": plain(request.quantity),
        "executedQty": plain(order.filled),
        "origQuoteOrderQty": "0.00000000",
        "cummulativeQuoteQty": plain(order.cost),
        "status": "EXPIRED" if _is_rest_of_ioc(order.status, order.reason) else _STATUSES.get(order.status, status),
        "timeInForce": request.time_in_force,
        "type": kind_of(request),
        "side": request.side.upper(),
        "stopPrice": plain(request.price or Decimal(0)) if request.order_type == "stop-loss" else "0.00000000",
        "icebergQty": "0.00000000",
        "time": order.opened_us // US_PER_MS,
        "updateTime": updated_us // US_PER_MS,
        "isWorking": request.order_type != "stop-loss" or bool(order.filled),
        "workingTime": order.opened_us // US_PER_MS,
        "selfTradePreventionMode": "NONE",
    }


def _is_rest_of_ioc(status: str, reason: str | None) -> bool:
    """Say whether that is what the rest of an order comes to that is done at once or not: the engine cancels it."""
    return status == "canceled" and reason == _IOC


def kind_of(request: OrderRequest) -> str:
    """Return the type of an order."""
    if request.post_only:
        return "LIMIT_MAKER"
    return {"market": "MARKET", "limit": "LIMIT", "stop-loss": "STOP_LOSS"}[request.order_type]


def trade_row(execution: SimulatedExecution, request: OrderRequest) -> dict[str, Any]:
    """Return an execution as ``myTrades`` has it."""
    return {
        "symbol": symbol_of(request.pair),
        "id": number(execution.execution_id),
        "orderId": number(execution.order_id),
        "orderListId": -1,
        "price": plain(execution.price),
        "qty": plain(execution.quantity),
        "quoteQty": plain(execution.cost),
        "commission": plain(execution.fee),
        "commissionAsset": fee_asset(request),
        "time": execution.at_us // US_PER_MS,
        "isBuyer": request.side == "buy",
        "isMaker": execution.maker,
        "isBestMatch": True,
    }


def account_row(account: Account, now_us: int, nonzero: bool) -> dict[str, Any]:
    """Return what an account has: what is free, and what orders hold."""
    rows = []
    for currency, amount in sorted(account.balances.items()):
        held = account.held(currency)
        if amount or not nonzero:
            rows.append({"asset": currency, "free": plain(amount - held), "locked": plain(held)})
    return {
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": True,
        "updateTime": now_us // US_PER_MS,
        "accountType": "SPOT",
        "balances": rows,
        "permissions": ["SPOT"],
    }


def report(news: News, opened_us: int, cancellation: str) -> dict[str, Any]:
    """Return the event of a piece of news; `cancellation` is the name that a request to cancel was given."""
    request, execution = news.request, news.execution
    what, status = _NEWS[news.kind]
    if news.kind == "trade" and news.filled == request.quantity:
        status = "FILLED"
    cancelled = news.kind == "canceled" and not _is_rest_of_ioc(news.kind, news.reason)
    if _is_rest_of_ioc(news.kind, news.reason):
        what, status = _NEWS["expired"]
    event: dict[str, Any] = {
        "e": "executionReport",
        "E": news.at_us // US_PER_MS,
        "s": symbol_of(request.pair),
        "c": cancellation if cancelled else client_name(news.order_id, request),
        "S": request.side.upper(),
        "o": kind_of(request),
        "f": request.time_in_force,
        "q": plain(request.quantity),
        "p": plain(request.price or Decimal(0)),
        "P": "0.00000000",
        "g": -1,
        "C": client_name(news.order_id, request) if cancelled else "",
        "x": what,
        "X": status,
        "r": "NONE",
        "i": number(news.order_id),
        "l": "0.00000000",
        "z": plain(news.filled),
        "L": "0.00000000",
        "n": "0",
        "N": None,
        "T": news.at_us // US_PER_MS,
        "t": -1,
        "w": news.kind == "new",
        "m": False,
        "O": opened_us // US_PER_MS,
        "Z": plain(news.cost),
        "V": "NONE",
    }
    if status == "EXPIRED":
        event["eR"] = "UNFILLED_IOC_QUANTITY_EXPIRED" if news.reason == _IOC else "EXCHANGE_CANCELED"
    if execution is not None:
        event |= {
            "l": plain(execution.quantity),
            "L": plain(execution.price),
            "n": plain(execution.fee),
            "N": fee_asset(request),
            "t": number(execution.execution_id),
            "m": execution.maker,
        }
    return event


def fee_asset(request: OrderRequest) -> str:
    """Return what fees of an order are taken in: what it brings."""
    base, quote = request.currencies
    return base if request.fee_in == "base" else quote


def plain(value: Decimal) -> str:
    """Return a number without an exponent."""
    return f"{value:f}"
