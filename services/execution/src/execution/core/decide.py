"""Signals to orders: size, limits, and what is already held."""

from __future__ import annotations

from decimal import Decimal

from contracts.signal import Signal
from execution.core.desk import Desk
from execution.core.guard import alert
from execution.core.money import quantity_for
from execution.core.place import in_flight, market_order
from execution.core.rules import ORDER_RULES
from execution.core.rules.finding import PERCENT, Finding, OrderRequest
from execution.core.valuation import equity, reserved

SUPERSEDED = "superseded"


def decide(desk: Desk) -> None:
    """Act on the minute's decisions, pairs in sorted order."""
    for pair, signal in desk.minute.signals.items():
        if signal.decision == "none":
            continue
        _supersede(desk, signal)
        if pair in desk.book.orders:
            continue
        if signal.decision == "buy" and pair not in desk.book.holdings:
            _buy(desk, signal)
        elif signal.decision == "sell" and pair in desk.book.holdings:
            _sell(desk, signal)


def _supersede(desk: Desk, signal: Signal) -> None:
    """Cancel an order in flight that the new decision contradicts; one that flattens stands."""
    opened = desk.book.orders.get(signal.pair)
    if opened is not None and opened.expires_at_ms is not None and opened.order.side != signal.decision:
        desk.cancel(signal.pair, SUPERSEDED, signal.window_end_ms)


def _sell(desk: Desk, signal: Signal) -> None:
    mark = desk.book.marks[signal.pair]
    quantity = desk.book.holdings[signal.pair].quantity
    order = market_order(desk.account.name, signal.pair, mark, "sell", quantity, signal.window_end_ms)
    desk.place(in_flight(order, mark, signal.expires_at_ms, reserved_quote=Decimal(0)))


def _buy(desk: Desk, signal: Signal) -> None:
    account, mark = desk.account, desk.book.marks[signal.pair]
    now = equity(desk.book)
    quantity = quantity_for(now * account.position_pct * PERCENT, mark.close)
    if quantity <= 0:
        return  # nothing is left to buy with
    request = _request(desk, quantity, mark.close, now)
    finding = _objection(request)
    if finding is None:
        order = market_order(account.name, signal.pair, mark, "buy", quantity, signal.window_end_ms)
        desk.place(in_flight(order, mark, signal.expires_at_ms, request.cost_quote))
        return
    denied = market_order(
        account.name, signal.pair, mark, "buy", quantity, signal.window_end_ms, status="DENIED", reason=finding.reason
    )
    desk.outputs.append(denied)
    alert(desk, finding, signal.pair)


def _request(desk: Desk, quantity: Decimal, close: Decimal, now: Decimal) -> OrderRequest:
    price = desk.broker.price("buy", close)
    return OrderRequest(
        account=desk.account,
        trading_state=desk.book.trading_state,
        equity=now,
        value_quote=quantity * close,
        cost_quote=quantity * price + desk.broker.fee_quote(quantity, price),
        available_cash=desk.book.cash - reserved(desk.book),
    )


def _objection(request: OrderRequest) -> Finding | None:
    return next((finding for rule in ORDER_RULES if (finding := rule(request)) is not None), None)
