"""Signals to orders: size, limits, and what is already held."""

from __future__ import annotations

from decimal import Decimal

from contracts.signal import Signal
from execution.core.context import Context
from execution.core.money import quantity_for
from execution.core.place import in_flight, market_order
from execution.core.risk_checks import alert
from execution.core.rules import ORDER_RULES
from execution.core.rules.violation import PERCENT, OrderRequest, RiskViolation
from execution.core.valuation import equity, reserved

SUPERSEDED = "superseded"


def decide(context: Context) -> None:
    """Act on the minute's decisions, pairs in sorted order."""
    for pair, signal in context.minute.signals.items():
        if signal.decision == "none":
            continue
        _supersede(context, signal)
        if pair in context.portfolio.orders:
            continue
        if signal.decision == "buy" and pair not in context.portfolio.holdings:
            _buy(context, signal)
        elif signal.decision == "sell" and pair in context.portfolio.holdings:
            _sell(context, signal)


def _supersede(context: Context, signal: Signal) -> None:
    """Cancel an order in flight that the new decision contradicts; one that flattens stands."""
    opened = context.portfolio.orders.get(signal.pair)
    if opened is not None and opened.expires_at_ms is not None and opened.order.side != signal.decision:
        context.cancel(signal.pair, SUPERSEDED, signal.window_end_ms)


def _sell(context: Context, signal: Signal) -> None:
    mark = context.portfolio.marks[signal.pair]
    quantity = context.portfolio.holdings[signal.pair].quantity
    order = market_order(context.account.name, signal.pair, mark, "sell", quantity, signal.window_end_ms)
    context.place(in_flight(order, mark, signal.expires_at_ms, reserved_quote=Decimal(0)))


def _buy(context: Context, signal: Signal) -> None:
    account, mark = context.account, context.portfolio.marks[signal.pair]
    now = equity(context.portfolio)
    quantity = quantity_for(now * account.position_pct * PERCENT, mark.close)
    if quantity <= 0:
        return  # nothing is left to buy with
    request = _request(context, quantity, mark.close, now)
    violation = _objection(request)
    if violation is None:
        order = market_order(account.name, signal.pair, mark, "buy", quantity, signal.window_end_ms)
        context.place(in_flight(order, mark, signal.expires_at_ms, request.cost_quote))
        return
    denied = market_order(
        account.name,
        signal.pair,
        mark,
        "buy",
        quantity,
        signal.window_end_ms,
        status="DENIED",
        reason=violation.reason,
    )
    context.outputs.append(denied)
    alert(context, violation, signal.pair)


def _request(context: Context, quantity: Decimal, close: Decimal, now: Decimal) -> OrderRequest:
    price = context.broker.price("buy", close)
    return OrderRequest(
        account=context.account,
        trading_state=context.portfolio.trading_state,
        equity=now,
        value_quote=quantity * close,
        cost_quote=quantity * price + context.broker.fee_quote(quantity, price),
        available_cash=context.portfolio.cash - reserved(context.portfolio),
    )


def _objection(request: OrderRequest) -> RiskViolation | None:
    return next((violation for rule in ORDER_RULES if (violation := rule(request)) is not None), None)
