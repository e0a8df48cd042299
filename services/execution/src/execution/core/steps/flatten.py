"""While no trading is allowed: nothing that buys in flight, and everything held on its way out."""

from __future__ import annotations

from contracts.message import Message
from contracts.wakes import ALWAYS, Wakes
from execution.core.account.portfolio import ACTIVE, Decided, Portfolio
from execution.core.context import Context
from execution.core.orders.close import close
from execution.core.orders.give_up import give_up


def wakes(portfolio: Portfolio, _context: Context) -> list[Wakes]:
    """While something is held that is not allowed any more: what is too little to be sold may be enough later."""
    return [] if portfolio.trading_state == ACTIVE or not portfolio.holdings else [ALWAYS]


def flatten_if_stopped(portfolio: Portfolio, context: Context) -> Decided:
    """Give up buys in flight, and sell everything held by orders that never expire.

    What is too little to be sold is denied once a day.
    """
    state = portfolio.trading_state
    outputs: list[Message] = []
    if state == ACTIVE:
        return portfolio, outputs
    for _, opened in sorted(portfolio.orders.items()):
        if opened.order.side == "buy":
            portfolio, told = give_up(portfolio, opened, state, context)
            outputs += told
    for pair in sorted(portfolio.holdings):
        if pair not in portfolio.orders and portfolio.holdings[pair].quantity > 0:
            before = portfolio
            portfolio, told = close(portfolio, pair, context, purpose="flatten", reason=state)
            if pair not in portfolio.orders:
                portfolio, is_first = before.first_today(f"DENIED:{pair}")
                told = told if is_first else []
            outputs += told
    return portfolio, outputs
