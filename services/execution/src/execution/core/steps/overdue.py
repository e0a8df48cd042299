"""Orders at a venue whose time is over: paper ends them itself, a venue waits for the word."""

from __future__ import annotations

from contracts.message import Message
from execution.core.account.portfolio import Decided, Portfolio
from execution.core.context import Context
from execution.core.orders.give_up import give_up

OVERDUE = "overdue"


def give_up_overdue(portfolio: Portfolio, context: Context) -> Decided:
    """Say of each order in flight that event time has left behind that it is no longer wanted."""
    outputs: list[Message] = []
    if not context.broker.answers_later:
        return portfolio, outputs
    for opened in portfolio.in_flight():
        expires_at_ms = opened.order.expires_at_ms
        if expires_at_ms is not None and context.at_ms >= expires_at_ms:
            portfolio, told = give_up(portfolio, opened, OVERDUE, context)
            outputs += told
    return portfolio, outputs
