"""Signals to orders: size, limits, and what is already held."""

from __future__ import annotations

from decimal import Decimal

from contracts.account import Account
from contracts.message import Message
from contracts.order import OrderSide
from contracts.signal import Signal
from execution.core.alerts import alert
from execution.core.book import give_up
from execution.core.broker import Broker
from execution.core.minute import Minute
from execution.core.money import quantity_for
from execution.core.order_id import Purpose
from execution.core.place import in_flight, market_order
from execution.core.portfolio import Decided, Portfolio
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
        portfolio, decided = _supersede(portfolio, signal, account, broker)
        outputs += decided
        if pair in portfolio.orders:
            continue
        is_held = sellable(portfolio, pair, broker) > 0
        if signal.decision == "buy" and not is_held:
            portfolio, decided = _buy(portfolio, signal, account, broker)
            outputs += decided
        elif signal.decision == "sell" and is_held:
            at_ms, expires_at_ms = signal.window_end_ms, signal.expires_at_ms
            portfolio, decided = sell(portfolio, pair, account, broker, at_ms, expires_at_ms=expires_at_ms)
            outputs += decided
    return portfolio, outputs


def sellable(portfolio: Portfolio, pair: str, broker: Broker) -> Decimal:
    """Return how much of what is held can be sold: whole lots, and nothing of what is less than an order may be."""
    holding = portfolio.holdings.get(pair)
    if holding is None:
        return Decimal(0)
    instrument = broker.instrument(portfolio.marks[pair].exchange, pair)
    quantity = instrument.rounded(holding.quantity)
    return quantity if quantity >= instrument.minimum_quantity else Decimal(0)


def _supersede(portfolio: Portfolio, signal: Signal, account: Account, broker: Broker) -> Decided:
    """Give up an order in flight that the new decision contradicts; one that flattens stands."""
    opened = portfolio.orders.get(signal.pair)
    if opened is None or opened.order.expires_at_ms is None or opened.order.side == signal.decision:
        return portfolio, []
    return give_up(portfolio, opened, SUPERSEDED, signal.window_end_ms, account, broker)


def sell(
    portfolio: Portfolio,
    pair: str,
    account: Account,
    broker: Broker,
    at_ms: int,
    *,
    purpose: Purpose = "decision",
    reason: str | None = None,
    expires_at_ms: int | None = None,
) -> Decided:
    """Sell all that is held of `pair`, in whole lots."""
    return _order(
        portfolio,
        pair,
        "sell",
        portfolio.holdings[pair].quantity,
        account,
        broker,
        at_ms,
        purpose=purpose,
        reason=reason,
        expires_at_ms=expires_at_ms,
    )


def _buy(portfolio: Portfolio, signal: Signal, account: Account, broker: Broker) -> Decided:
    close = portfolio.marks[signal.pair].close
    quantity = quantity_for(equity(portfolio) * account.position_pct * PERCENT, close)
    if quantity <= 0:
        return portfolio, []  # nothing is left to buy with
    at_ms, expires_at_ms = signal.window_end_ms, signal.expires_at_ms
    return _order(portfolio, signal.pair, "buy", quantity, account, broker, at_ms, expires_at_ms=expires_at_ms)


def _order(
    portfolio: Portfolio,
    pair: str,
    side: OrderSide,
    wanted: Decimal,
    account: Account,
    broker: Broker,
    at_ms: int,
    *,
    purpose: Purpose = "decision",
    reason: str | None = None,
    expires_at_ms: int | None = None,
) -> Decided:
    """Place an order of `wanted`, down to whole lots, or deny it."""
    mark = portfolio.marks[pair]
    request = _request(portfolio, account, broker, pair, side, wanted)
    found = _first_violation(request, side)
    # What is less than a lot is denied as it was wanted: an order of nothing would say nothing.
    order = market_order(
        account.name,
        pair,
        mark,
        side,
        request.quantity or wanted,
        at_ms,
        purpose=purpose,
        status="DENIED" if found else "PLACED",
        reason=found[1].reason if found else reason,
        expires_at_ms=expires_at_ms,
    )
    if found is None:
        reserved_quote = request.cost_quote if side == "buy" else Decimal(0)
        return portfolio.with_order(in_flight(order, mark, reserved_quote)), [order]
    rule, violation = found
    return portfolio, [order, *([] if rule.code is None else [alert(account, rule.code, violation, at_ms, pair)])]


def _request(
    portfolio: Portfolio, account: Account, broker: Broker, pair: str, side: OrderSide, wanted: Decimal
) -> OrderRequest:
    mark = portfolio.marks[pair]
    instrument = broker.instrument(mark.exchange, pair)
    quantity, price = instrument.rounded(wanted), broker.price(side, mark.close)
    return OrderRequest(
        account=account,
        instrument=instrument,
        trading_state=portfolio.trading_state,
        equity=equity(portfolio),
        quantity=quantity,
        price=mark.close,
        cost_quote=quantity * price + broker.fee_quote(quantity, price),
        available_cash=portfolio.cash - reserved(portfolio),
    )


def _first_violation(request: OrderRequest, side: OrderSide) -> tuple[OrderRule, RiskViolation] | None:
    rules = [rule for rule in ORDER_RULES if side == "buy" or rule.exits_too]
    return next(((rule, found) for rule in rules if (found := rule.check(request)) is not None), None)
