"""How Coinbase writes an account's orders, executions and money, on REST and on the WebSocket."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.simulator.accounts.account import Account
from exchanges.simulator.accounts.order import News, OrderRequest, SimulatedExecution, SimulatedOrder
from exchanges.simulator.dialects.coinbase import product_of
from exchanges.simulator.text import rfc3339

_STATUSES = {"open": "OPEN", "closed": "FILLED", "canceled": "CANCELLED", "expired": "EXPIRED"}
_NEWS = {"new": "OPEN", "trade": "OPEN", "canceled": "CANCELLED", "expired": "EXPIRED"}
_TIMES = {"GTC": "GOOD_UNTIL_CANCELLED", "IOC": "IMMEDIATE_OR_CANCEL", "GTD": "GOOD_UNTIL_DATE_TIME"}
_TYPES = {"market": "MARKET", "limit": "LIMIT", "stop-loss": "STOP_LIMIT"}
_AVERAGE = Decimal("1e-8")


def order_row(order: SimulatedOrder) -> dict[str, Any]:
    """Return an order as ``historical`` has it."""
    request = order.request
    return {
        "order_id": order.order_id,
        "product_id": product_of(request.pair),
        "user_id": "simulated",
        "order_configuration": configuration(request),
        "side": request.side.upper(),
        "client_order_id": request.client_order_id or "",
        "status": _STATUSES[order.status],
        "time_in_force": _TIMES[request.time_in_force],
        "created_time": rfc3339(order.opened_us),
        "completion_percentage": plain((order.filled / request.quantity * 100).quantize(Decimal("0.01"))),
        "filled_size": plain(order.filled),
        "average_filled_price": plain((order.cost / order.filled).quantize(_AVERAGE) if order.filled else Decimal(0)),
        "number_of_fills": str(len(order.execution_ids)),
        "filled_value": plain(order.cost),
        "pending_cancel": False,
        "size_in_quote": False,
        "total_fees": plain(order.fee),
        "order_type": _TYPES[request.order_type],
        "trigger_status": _trigger_status(order),
        "reject_reason": "REJECT_REASON_UNSPECIFIED",
        "reject_message": "",
        "cancel_message": order.reason if order.status == "canceled" else "",
        "settled": order.status == "closed",
        "product_type": "SPOT",
    }


def configuration(request: OrderRequest) -> dict[str, Any]:
    """Return an order's own words for itself."""
    size = {"base_size": plain(request.quantity)}
    price = plain(request.price or Decimal(0))
    if request.order_type == "market":
        return {"market_market_ioc": size}
    if request.order_type == "stop-loss":
        limit = plain(request.stop_limit or Decimal(0))
        stop = {"limit_price": limit, "stop_price": price, "stop_direction": "STOP_DIRECTION_STOP_DOWN"}
        return {"stop_limit_stop_limit_gtc": {**size, **stop}}
    if request.time_in_force == "IOC":
        return {"sor_limit_ioc": {**size, "limit_price": price}}
    about = {**size, "limit_price": price, "post_only": request.post_only}
    if request.expires_us is not None:
        return {"limit_limit_gtd": {**about, "end_time": rfc3339(request.expires_us)}}
    return {"limit_limit_gtc": about}


def _trigger_status(order: SimulatedOrder) -> str:
    if order.request.order_type != "stop-loss":
        return "INVALID_ORDER_TYPE"
    return "STOP_TRIGGERED" if order.triggered else "STOP_PENDING"


def fill_row(execution: SimulatedExecution, request: OrderRequest) -> dict[str, Any]:
    """Return an execution as ``fills`` has it; the fee is in quote currency."""
    return {
        "entry_id": execution.execution_id,
        "trade_id": f"t-{execution.trade_id}",
        "order_id": execution.order_id,
        "trade_time": rfc3339(execution.at_us),
        "trade_type": "FILL",
        "price": plain(execution.price),
        "size": plain(execution.quantity),
        "commission": plain(execution.fee),
        "product_id": product_of(request.pair),
        "sequence_timestamp": rfc3339(execution.at_us),
        "liquidity_indicator": "MAKER" if execution.maker else "TAKER",
        "size_in_quote": False,
        "user_id": "simulated",
        "side": request.side.upper(),
        "retail_portfolio_id": "",
    }


def account_rows(account: Account) -> list[dict[str, Any]]:
    """Return what an account has, by currency: what is free, and what orders hold."""
    rows = []
    for currency, amount in sorted(account.balances.items()):
        held = account.held(currency)
        about = {"currency": currency, "name": f"{currency} Wallet", "active": True, "ready": True}
        free = {"value": plain(amount - held), "currency": currency}
        hold = {"value": plain(held), "currency": currency}
        rows.append({"uuid": f"{account.name}-{currency}", **about, "available_balance": free, "hold": hold})
    return rows


def told(news: News, opened_us: int) -> dict[str, Any]:
    """Return an order as the channel ``user`` tells of it: how much of it was executed, and no execution."""
    request = news.request
    whole = news.filled == request.quantity
    return {
        "order_id": news.order_id,
        "client_order_id": request.client_order_id or "",
        "cumulative_quantity": plain(news.filled),
        "leaves_quantity": plain(request.quantity - news.filled),
        "avg_price": plain((news.cost / news.filled).quantize(_AVERAGE) if news.filled else Decimal(0)),
        "total_fees": "0",
        "status": "FILLED" if whole else _NEWS[news.kind],
        "product_id": product_of(request.pair),
        "creation_time": rfc3339(opened_us),
        "order_side": request.side.upper(),
        "order_type": _TYPES[request.order_type].replace("_", " ").title(),
        "cancel_reason": (news.reason or "") if news.kind == "canceled" else "",
        "reject_reason": "",
        "product_type": "SPOT",
    }


def plain(value: Decimal) -> str:
    """Return a number without an exponent."""
    return f"{value:f}"
