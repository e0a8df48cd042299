"""What must not be held any longer is on its way out, minute by minute, until it is gone."""

from __future__ import annotations

from contracts.message import Message
from contracts.order import Purpose
from contracts.replace import replace
from contracts.wakes import ALWAYS, Wakes
from execution.core.account.portfolio import ACTIVE, Decided, Portfolio
from execution.core.context import Context
from execution.core.minute.minute import Minute
from execution.core.orders.close import close, sellable
from execution.core.orders.give_up import give_up
from execution.core.rules.closing_pair import CLOSING_PAIR

REMOVED_PAIR, MAXIMUM_BARS = "REMOVED_PAIR", "MAXIMUM_BARS"


def wakes(portfolio: Portfolio, context: Context) -> list[Wakes]:
    """While something is held that must go: what is too little to be sold may be enough later."""
    if portfolio.exiting or any(_unwanted(portfolio, pair, context) for pair in portfolio.holdings):
        return [ALWAYS]
    ends = [guard.ends_ms(context.bar_ms) for guard in portfolio.guards.values()]
    return [Wakes(from_ms=end_ms) for end_ms in ends if end_ms is not None]


def flatten(portfolio: Portfolio, minute: Minute, context: Context) -> Decided:
    """Give up buys in flight of what must go, and sell what is held of it by orders that never expire.

    All of it goes while a limit is broken. One pair goes if the account closes it, if its time is over, or if its
    strategy wanted it sold and that order came to its end without doing so. What is too little to be sold is denied
    once a day.
    """
    outputs: list[Message] = []
    for pair, opened in sorted(portfolio.orders.items()):
        why = _unwanted(portfolio, pair, context)
        if why is None and _is_over(portfolio, pair, context):
            why = MAXIMUM_BARS  # of what its entry has not bought so far nothing more
        if why is not None and (opened.order.side == "buy" or why == REMOVED_PAIR):
            portfolio, told = give_up(portfolio, opened, why, context)
            outputs += told
    portfolio = _forget_exits(portfolio, context)
    for pair in sorted(portfolio.holdings):
        if pair in portfolio.orders or portfolio.holdings[pair].quantity <= 0:
            continue
        for purpose, reason in _sells(portfolio, pair, minute, context):
            before = portfolio
            portfolio, told = close(portfolio, pair, context, purpose=purpose, reason=reason)
            if pair not in portfolio.orders:
                # Without a new candle it has the id of a denial that was told.
                portfolio, is_first = (
                    before.first_today(f"DENIED:{pair}") if pair in minute.candles else (before, False)
                )
                told = told if is_first else []
            outputs += told
    return portfolio, outputs


def _unwanted(portfolio: Portfolio, pair: str, context: Context) -> str | None:
    """Return why nothing of `pair` is to be bought or, of a removed one, ordered."""
    if pair not in context.account.pairs:
        return REMOVED_PAIR
    if portfolio.trading_state != ACTIVE:
        return portfolio.trading_state
    return CLOSING_PAIR if pair in context.account.closing_pairs else None


def _sells(portfolio: Portfolio, pair: str, minute: Minute, context: Context) -> list[tuple[Purpose, str | None]]:
    """Return for what, and why, `pair` is to be sold: one entry, or none."""
    why = _unwanted(portfolio, pair, context)
    if why is not None:
        return [] if why == REMOVED_PAIR else [("flatten", why)]
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
    there = {pair for pair in portfolio.exiting if pair in portfolio.orders or sellable(portfolio, pair, context) > 0}
    return portfolio if there == portfolio.exiting else replace(portfolio, exiting=frozenset(there))
