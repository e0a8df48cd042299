"""What must not be held any longer is on its way out, minute by minute, until it is gone."""

from __future__ import annotations

from contracts.message import Message
from contracts.order import ENDS, Order, Purpose
from contracts.replace import replace
from contracts.wakes import ALWAYS, Wakes
from execution.core.account.operator_state import ACTIVE, FLATTEN, HALTED
from execution.core.account.portfolio import Decided, Portfolio
from execution.core.context import Context
from execution.core.minute.minute import Minute
from execution.core.orders.close import PURPOSE_OF, close, sellable
from execution.core.orders.give_up import give_up
from execution.core.rules.closing_pair import CLOSING_PAIR

REMOVED_PAIR, MAXIMUM_BARS = "REMOVED_PAIR", "MAXIMUM_BARS"


def wakes(portfolio: Portfolio, context: Context) -> list[Wakes]:
    """While something is held that must go: what is too little to be sold may be enough later.

    A stop of the owner comes after the account's step: buys in flight are given up in the next one.
    """
    if portfolio.exiting or any(_must_go(portfolio, pair, context) for pair in portfolio.holdings):
        return [ALWAYS]
    if portfolio.owner_state != ACTIVE and any(each.order.side == "buy" for each in portfolio.orders.values()):
        return [ALWAYS]
    if not portfolio.guards:
        return []
    ends = [guard.ends_ms(context.bar_ms) for guard in portfolio.guards.values()]
    return [Wakes(from_ms=end_ms) for end_ms in ends if end_ms is not None]


def flatten(portfolio: Portfolio, minute: Minute, context: Context) -> Decided:
    """Give up buys in flight of what must go, and sell what is held of it by orders that never expire.

    All of it goes while a limit is broken, or an operator says so. One pair goes if the account closes it, if its
    time is over, or if its strategy wanted it sold and that order came to its end without doing so. What is too
    little to be sold is denied once a day. Of a halted account everything in flight is given up, and nothing sold.
    """
    if not (portfolio.holdings or portfolio.orders or portfolio.exiting):
        return portfolio, []
    portfolio, outputs = _withdraw(portfolio, context)
    portfolio = _forget_exits(portfolio, context)
    if portfolio.operator_state == HALTED:
        return portfolio, outputs
    for pair in sorted(portfolio.holdings):
        if pair in portfolio.orders or portfolio.holdings[pair].quantity <= 0:
            continue
        for purpose, reason in _sells(portfolio, pair, minute, context):
            portfolio, told = _sell(portfolio, pair, purpose, reason, minute, context)
            outputs += told
    return portfolio, outputs


def follow_up(portfolio: Portfolio, order: Order, context: Context) -> Decided:
    """Sell at once, after a report of an order at a venue, what waited for it: for the end of what rested, or a buy.

    An order that was itself to sell, and failed, is followed by another at the next minute's end and not before: a
    venue that refuses it now would refuse it as fast as it is asked.
    """
    pair, minute = order.pair, Minute(context.at_ms, context.at_ms, {})
    waits = pair in portfolio.orders or sellable(portfolio, pair, context) == 0 or pair not in context.account.pairs
    failed = order.side == "sell" and order.purpose != "protect"
    if waits or failed or portfolio.operator_state == HALTED:
        return portfolio, []
    if (why := _must_go(portfolio, pair, context)) is not None:
        return _sell(portfolio, pair, "flatten", why, minute, context)
    purpose = PURPOSE_OF.get(order.cancel_reason or "") if order.status in ENDS else None
    return (portfolio, []) if purpose is None else _sell(portfolio, pair, purpose, None, minute, context)


def _sell(
    portfolio: Portfolio, pair: str, purpose: Purpose, reason: str | None, minute: Minute, context: Context
) -> Decided:
    """Sell a pair; what is too little to be sold is denied once a day."""
    before = portfolio
    portfolio, told = close(portfolio, pair, context, purpose=purpose, reason=reason)
    if pair not in portfolio.orders and not _gives_way(portfolio, pair):
        # Without a new candle it has the id of a denial that was told.
        portfolio, is_first = before.first_today(f"DENIED:{pair}") if pair in minute.candles else (before, False)
        told = told if is_first else []
    return portfolio, told


def _withdraw(portfolio: Portfolio, context: Context) -> Decided:
    """Give up what is in flight and no longer wanted: buys; of a removed pair and a halted account sells, too."""
    outputs: list[Message] = []
    if not portfolio.orders:
        return portfolio, outputs
    for pair, opened in sorted(portfolio.orders.items()):
        why = _unwanted(portfolio, pair, context)
        if why is None and _is_over(portfolio, pair, context):
            why = MAXIMUM_BARS  # of what its entry has not bought so far nothing more
        if why is not None and (opened.order.side == "buy" or why in (REMOVED_PAIR, HALTED)):
            portfolio, told = give_up(portfolio, opened, why, context)
            outputs += told
    return portfolio, outputs


def _gives_way(portfolio: Portfolio, pair: str) -> bool:
    """Whether what rests on a position was asked to go first."""
    guard = portfolio.guards.get(pair)
    return guard is not None and guard.opened is not None and guard.opened.order.cancel_reason is not None


def _unwanted(portfolio: Portfolio, pair: str, context: Context) -> str | None:
    """Return why nothing of `pair` is to be bought or, of a removed one, ordered."""
    if pair not in context.account.pairs:
        return REMOVED_PAIR
    if portfolio.standing != ACTIVE:
        return portfolio.standing
    return CLOSING_PAIR if pair in context.account.closing_pairs else None


def _must_go(portfolio: Portfolio, pair: str, context: Context) -> str | None:
    """Return why nothing of `pair` is to be held."""
    if portfolio.operator_state == FLATTEN:
        return FLATTEN
    if portfolio.stopped != ACTIVE:
        return portfolio.stopped
    return CLOSING_PAIR if pair in context.account.closing_pairs else None


def _sells(portfolio: Portfolio, pair: str, minute: Minute, context: Context) -> list[tuple[Purpose, str | None]]:
    """Return for what, and why, `pair` is to be sold: one entry, or none."""
    if pair not in context.account.pairs:
        return []  # nobody brings the price that it would be sold at
    if (why := _must_go(portfolio, pair, context)) is not None:
        return [("flatten", why)]
    if _is_over(portfolio, pair, context) and pair in minute.candles:
        return [("time_exit", MAXIMUM_BARS)]
    # An order's id comes from the pair's last candle: without a new one it would be that of the order before it.
    return [("exit", None)] if pair in portfolio.exiting and pair in minute.candles else []


def _is_over(portfolio: Portfolio, pair: str, context: Context) -> bool:
    """Return whether a position has been held for as long as its plan has it."""
    guard = portfolio.guards.get(pair)
    ends_ms = None if guard is None else guard.ends_ms(context.bar_ms)
    return ends_ms is not None and context.at_ms >= ends_ms


def _forget_exits(portfolio: Portfolio, context: Context) -> Portfolio:
    """Forget the wish to leave a pair that nothing is held or ordered of."""
    if not portfolio.exiting:
        return portfolio
    there = {pair for pair in portfolio.exiting if pair in portfolio.orders or sellable(portfolio, pair, context) > 0}
    return portfolio if there == portfolio.exiting else replace(portfolio, exiting=frozenset(there))
