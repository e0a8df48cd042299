"""Signals to orders: size, limits, and what is already held."""

from __future__ import annotations

from decimal import Decimal

from contracts.account import Account
from contracts.message import Message
from contracts.signal import Signal
from execution.core.broker import Broker
from execution.core.minute import Minute
from execution.core.money import quantity_for
from execution.core.order_lifecycle import advance
from execution.core.place import in_flight, market_order
from execution.core.portfolio import Decided, Portfolio
from execution.core.risk_checks import alert
from execution.core.rules import ORDER_RULES
from execution.core.rules.rule import PERCENT, OrderRequest, OrderRule, RiskViolation
from execution.core.valuation import equity, reserved

SUPERSEDED = "superseded"


def decide(portfolio: Portfolio, minute: Minute, account: Account, broker: Broker) -> Decided:
    """Act on the minute's decisions, pairs in sorted order."""
    outputs: list[Message] = []
    for pair, signal in minute.signals.items():
        if signal.decision == "none":
            continue
        portfolio, decided = _supersede(portfolio, signal)
        outputs += decided
        if pair in portfolio.orders:
            continue
        if signal.decision == "buy" and pair not in portfolio.holdings:
            portfolio, decided = _buy(portfolio, signal, account, broker)
            outputs += decided
        elif signal.decision == "sell" and pair in portfolio.holdings:
            portfolio, decided = _sell(portfolio, signal, account)
            outputs += decided
    return portfolio, outputs


def _supersede(portfolio: Portfolio, signal: Signal) -> Decided:
    """Cancel an order in flight that the new decision contradicts; one that flattens stands."""
    opened = portfolio.orders.get(signal.pair)
    if opened is None or opened.expires_at_ms is None or opened.order.side == signal.decision:
        return portfolio, []
    cancelled = advance(opened.order, "CANCELLED", signal.window_end_ms, SUPERSEDED)
    return portfolio.without_order(signal.pair), [cancelled]


def _sell(portfolio: Portfolio, signal: Signal, account: Account) -> Decided:
    mark, quantity = portfolio.marks[signal.pair], portfolio.holdings[signal.pair].quantity
    order = market_order(account.name, signal.pair, mark, "sell", quantity, signal.window_end_ms)
    opened = in_flight(order, mark, signal.expires_at_ms, reserved_quote=Decimal(0))
    return portfolio.with_order(opened), [order]


def _buy(portfolio: Portfolio, signal: Signal, account: Account, broker: Broker) -> Decided:
    pair, mark, at_ms = signal.pair, portfolio.marks[signal.pair], signal.window_end_ms
    now = equity(portfolio)
    quantity = quantity_for(now * account.position_pct * PERCENT, mark.close)
    if quantity <= 0:
        return portfolio, []  # nothing is left to buy with
    request = _request(portfolio, account, broker, quantity, mark.close, now)
    found = _first_violation(request)
    if found is None:
        order = market_order(account.name, pair, mark, "buy", quantity, at_ms)
        return portfolio.with_order(in_flight(order, mark, signal.expires_at_ms, request.cost_quote)), [order]
    rule, violation = found
    denied = market_order(account.name, pair, mark, "buy", quantity, at_ms, status="DENIED", reason=violation.reason)
    alerts = [] if rule.code is None else [alert(account, rule.code, violation, at_ms, pair)]
    return portfolio, [denied, *alerts]


def _request(
    portfolio: Portfolio, account: Account, broker: Broker, quantity: Decimal, close: Decimal, now: Decimal
) -> OrderRequest:
    price = broker.price("buy", close)
    return OrderRequest(
        account=account,
        trading_state=portfolio.trading_state,
        equity=now,
        value_quote=quantity * close,
        cost_quote=quantity * price + broker.fee_quote(quantity, price),
        available_cash=portfolio.cash - reserved(portfolio),
    )


def _first_violation(request: OrderRequest) -> tuple[OrderRule, RiskViolation] | None:
    return next(((rule, found) for rule in ORDER_RULES if (found := rule.check(request)) is not None), None)
