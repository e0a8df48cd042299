"""Signals to orders: what a decision means for what is already held and ordered."""

from __future__ import annotations

from dataclasses import replace

from contracts.message import Message
from contracts.signal import Decision, Signal
from contracts.wakes import Wakes
from execution.core.account.portfolio import Decided, Portfolio
from execution.core.account.valuation import equity
from execution.core.context import Context
from execution.core.minute.minute import Minute
from execution.core.orders.close import close, sellable
from execution.core.orders.give_up import give_up
from execution.core.orders.intent import Intent
from execution.core.orders.place import place
from execution.core.orders.sizing import quantity_for
from execution.core.rules.rule import PERCENT

SUPERSEDED = "superseded"
_BUY: frozenset[Decision] = frozenset({"buy"})
_SELL: frozenset[Decision] = frozenset({"sell"})
_BOTH = _BUY | _SELL


def decide(portfolio: Portfolio, minute: Minute, context: Context) -> Decided:
    """Act on the minute's decisions, pairs in sorted order."""
    outputs: list[Message] = []
    for signal in minute.signals.values():
        if signal.decision == "none":
            continue
        portfolio, superseded = _supersede(portfolio, signal, context)
        portfolio, ordered = (_enter if signal.decision == "buy" else _exit)(portfolio, signal, context)
        outputs += [*superseded, *ordered]
    return portfolio, outputs


def wakes(portfolio: Portfolio, context: Context) -> list[Wakes]:
    """Where a pair that is not held is to be bought, or one that is held sold; with an order in flight at both."""
    acted_on: dict[str, frozenset[Decision]] = {}
    for pair in context.account.pairs:
        is_held = pair in portfolio.holdings and sellable(portfolio, pair, context) > 0
        in_flight = pair in portfolio.orders
        acted_on[pair] = _BOTH if in_flight else _SELL if is_held else _BUY
    return [Wakes(decisions=acted_on)]


def _supersede(portfolio: Portfolio, signal: Signal, context: Context) -> Decided:
    """Give up an order in flight that the new decision contradicts; one that flattens stands."""
    opened = portfolio.orders.get(signal.pair)
    if opened is None or opened.order.purpose == "flatten" or opened.order.side == signal.decision:
        return portfolio, []
    return give_up(portfolio, opened, SUPERSEDED, context)


def _exit(portfolio: Portfolio, signal: Signal, context: Context) -> Decided:
    """Sell what is held; the wish stands until nothing is, whatever becomes of the order."""
    pair = signal.pair
    is_ordered, is_held = pair in portfolio.orders, sellable(portfolio, pair, context) > 0
    if is_ordered or is_held:
        portfolio = replace(portfolio, exiting=portfolio.exiting | {pair})
    return close(portfolio, pair, context) if is_held and not is_ordered else (portfolio, [])


def _enter(portfolio: Portfolio, signal: Signal, context: Context) -> Decided:
    pair = signal.pair
    portfolio = replace(portfolio, exiting=portfolio.exiting - {pair})
    if pair in portfolio.orders or sellable(portfolio, pair, context) > 0:
        return portfolio, []
    quantity = quantity_for(equity(portfolio) * context.account.position_pct * PERCENT, portfolio.marks[pair].close)
    if quantity <= 0:
        return portfolio, []  # nothing is left to buy with
    return place(portfolio, Intent(pair, "buy", quantity, expires_at_ms=signal.expires_at_ms), context)
