"""An order in flight that is no longer wanted."""

from __future__ import annotations

from contracts.replace import replace
from execution.core.account.booking import book_all
from execution.core.account.portfolio import Decided, Portfolio
from execution.core.context import Context
from execution.core.orders.life import unwanted
from execution.core.orders.open_order import OpenOrder


def give_up(portfolio: Portfolio, opened: OpenOrder, reason: str, context: Context) -> Decided:
    """Say that an order in flight is no longer wanted; a broker that can answer at once does."""
    if opened.order.cancel_reason is not None:
        return portfolio, []
    wish = unwanted(opened.order, reason, context.at_ms)
    portfolio = portfolio.with_order(replace(opened, order=wish))
    portfolio, told = book_all(portfolio, context.broker.cancel(wish, context.at_ms), context.account)
    return portfolio, [wish, *told]
