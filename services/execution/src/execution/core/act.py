"""One minute of an account's life: a pure fold over its portfolio."""

from __future__ import annotations

from decimal import localcontext

from contracts.account import Account
from contracts.message import Message
from contracts.units import EXACT
from execution.core.account.booking import book_all
from execution.core.account.portfolio import Decided, Portfolio
from execution.core.account.valuation import pnl
from execution.core.broker import Broker
from execution.core.context import Context
from execution.core.minute.minute import Minute
from execution.core.orders.open_order import OpenOrder
from execution.core.policy import Policy
from execution.core.steps.decide import decide
from execution.core.steps.flatten import flatten
from execution.core.steps.limits import check_losses, check_pairs
from execution.core.steps.mark import mark, remember, start_day
from execution.core.steps.overdue import give_up_overdue
from execution.core.steps.protect import protect, trail
from execution.core.steps.take import take_gains


def act(portfolio: Portfolio, minute: Minute, account: Account, broker: Broker, policy: Policy) -> Decided:
    """Return the portfolio after `minute`, what is to be told of it in the order in which it happened, and the books.

    Parameters
    ----------
    portfolio
        Before it.
    minute
        What the pairs say.
    account, broker, policy
        Whose money, whose prices, which rules of time and risk.

    Returns
    -------
    Decided
        The portfolio, and orders, fills, positions, alerts and P&L.
    """
    context = Context(account, broker, policy, minute.window_end_ms, minute.window_end_ms - minute.window_start_ms)
    # The default context would round products to 28 digits; here money is conserved to the last one.
    with localcontext(EXACT):
        portfolio, told = trade(portfolio, minute, context)
        books = pnl(portfolio, account.name, context.at_ms)
    return portfolio, [*told, books]


def trade(portfolio: Portfolio, minute: Minute, context: Context) -> Decided:
    """Return what `act` does but for the books, in the decimal context `contracts.units.EXACT`.

    Parameters
    ----------
    portfolio, minute
        As `act` has them.
    context
        With the end of the minute.

    Returns
    -------
    Decided
        The portfolio, and orders, fills, positions and alerts.
    """
    told: list[Message] = []
    portfolio = start_day(portfolio, minute, context)
    if portfolio.orders:
        portfolio, settled = _hear(portfolio, portfolio.in_flight(), minute, context)
        told += settled
    if portfolio.guards:
        portfolio, rested = _rest(portfolio, minute, context)
        told += rested
    portfolio = remember(mark(portfolio, minute), minute, context)
    if portfolio.guards:
        portfolio, trailed = trail(portfolio, minute, context)
        told += trailed
    portfolio, stale = check_pairs(portfolio, minute, context)
    portfolio, losses = check_losses(portfolio, minute, context)
    told += [*stale, *losses]
    if context.broker.answers_later:
        portfolio, overdue = give_up_overdue(portfolio, context)
        portfolio, taken = take_gains(portfolio, minute, context)
        told += [*overdue, *taken]
    portfolio, flattened = flatten(portfolio, minute, context)
    portfolio, decided = decide(portfolio, minute, context)
    told += [*flattened, *decided]
    return portfolio, told


def _rest(portfolio: Portfolio, minute: Minute, context: Context) -> Decided:
    """Let what should rest on positions do so, within the bar that opened them, and see what becomes of it."""
    portfolio, protected = protect(portfolio, context)
    portfolio, stopped = _hear(portfolio, portfolio.resting(), minute, context)
    portfolio, released = protect(portfolio, context)
    return portfolio, [*protected, *stopped, *released]


def _hear(portfolio: Portfolio, orders: list[OpenOrder], minute: Minute, context: Context) -> Decided:
    """Book what the broker says of orders."""
    reports = context.broker.reports([each.order for each in orders], minute.candles, context.at_ms, portfolio.cash)
    return book_all(portfolio, reports, context.account)
