"""Selling all that is held of a pair."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

from contracts.order import Purpose
from contracts.replace import replace
from execution.core.account.portfolio import Decided, Portfolio
from execution.core.context import Context
from execution.core.orders.give_up import give_up
from execution.core.orders.intent import Intent
from execution.core.orders.place import place

_ZERO = Decimal(0)
#: Before the purpose of the order for which what rests on a position is cancelled.
GIVES_WAY = "gives_way_to_"
#: The purpose of what takes the gain of a bracket.
TAKES: Purpose = "target"
PURPOSE_OF: dict[str, Purpose] = {f"{GIVES_WAY}{purpose}": purpose for purpose in get_args(Purpose)}


def sellable(portfolio: Portfolio, pair: str, context: Context) -> Decimal:
    """Return how much of what is held can be sold: whole lots, and nothing of what is less than an order may be."""
    holding = portfolio.holdings.get(pair)
    if holding is None:
        return _ZERO
    instrument = context.broker.instrument(portfolio.marks[pair].exchange, pair)
    quantity = instrument.rounded(holding.quantity)
    return quantity if quantity >= instrument.minimum_quantity else _ZERO


def close(
    portfolio: Portfolio,
    pair: str,
    context: Context,
    *,
    purpose: Purpose = "decision",
    reason: str | None = None,
) -> Decided:
    """Sell all that is held of `pair`, in whole lots, whenever that can be done: nothing that closes expires.

    Where something rests on it at a venue, that goes first; `steps.flatten.follow_up` goes on once it has gone. What
    takes a gain does it at once at its price or better, or not at all: until it has, nothing protects the position.
    """
    guard = portfolio.guards.get(pair)
    if context.broker.answers_later and guard is not None and guard.opened is not None:
        return give_up(portfolio, guard.opened, f"{GIVES_WAY}{purpose}", context)
    held = portfolio.holdings[pair].quantity
    intent = Intent(pair, "sell", held, purpose, reason, instruction="reduce_only")
    if purpose == TAKES and (target := target_of(portfolio, pair, context)) is not None:
        intent = replace(intent, order_type="limit", limit_price=target, time_in_force="IOC")
    return place(portfolio, intent, context)


def target_of(portfolio: Portfolio, pair: str, context: Context) -> Decimal | None:
    """Return where the gain of what is held is taken; None where its plan says nothing of that."""
    guard, holding = portfolio.guards.get(pair), portfolio.holdings.get(pair)
    if guard is None or holding is None:
        return None
    instrument = context.broker.instrument(guard.entry.order.exchange, pair)
    return guard.target(holding.average_price, instrument)
