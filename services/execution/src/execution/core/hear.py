"""What an account learns between two minutes: a venue's reports of its orders, and an operator's commands."""

from __future__ import annotations

from decimal import localcontext

from contracts.account import Account
from contracts.operator_command import OperatorCommand
from contracts.order_report import OrderReport
from contracts.units import EXACT
from execution.core.account.booking import book, find
from execution.core.account.portfolio import Decided, Portfolio
from execution.core.broker import Broker
from execution.core.context import Context
from execution.core.policy import Policy
from execution.core.steps.flatten import follow_up
from execution.core.steps.obey import obey
from execution.core.steps.protect import protect

#: What comes at any time and is acted on at once.
Word = OrderReport | OperatorCommand


def hear(portfolio: Portfolio, word: Word, account: Account, broker: Broker, policy: Policy) -> Decided:
    """Return the portfolio after a report or a command, and what is to be told of it.

    Parameters
    ----------
    portfolio
        Before it; of a report of an order that has ended, with that among `ended`.
    word
        What was said.
    account, broker, policy
        Whose money, whose prices, which rules of time and risk.

    Returns
    -------
    Decided
        The portfolio, and orders, fills, positions and alerts; nothing of what was said before.

    Raises
    ------
    BadInputError
        If the report is of an order that nobody knows.
    """
    context = Context(account, broker, policy, portfolio.time_ms, portfolio.bar_ms)
    with localcontext(EXACT):
        if isinstance(word, OperatorCommand):
            return obey(portfolio, word, context)
        return _reported(portfolio, word, context)


def _reported(portfolio: Portfolio, report: OrderReport, context: Context) -> Decided:
    """Book a report; at a venue see at once that what is held is sold if it waited for that, or protected.

    A stop that the venue refuses is placed again with the next bar and not before: it would be refused as fast as it
    is placed.
    """
    portfolio, told = book(portfolio, find(portfolio, report), report, context.account)
    if not told or not context.broker.answers_later:
        return portfolio, told
    order = find(portfolio, report).order
    portfolio, sold = follow_up(portfolio, order, context)
    if order.purpose == "protect" and report.kind == "REJECTED":
        return portfolio, [*told, *sold]
    portfolio, protected = protect(portfolio, context)
    return portfolio, [*told, *sold, *protected]
