"""One minute of an account's life: a pure fold over its portfolio."""

from __future__ import annotations

from decimal import localcontext

from contracts.account import Account
from contracts.units import EXACT
from execution.core.book import book_all
from execution.core.broker import Broker
from execution.core.decide import decide
from execution.core.flatten import flatten_if_stopped
from execution.core.mark import mark, start_day
from execution.core.minute import Minute
from execution.core.policy import Policy
from execution.core.portfolio import Decided, Portfolio
from execution.core.risk_checks import check_losses, check_pairs
from execution.core.valuation import pnl


def act(portfolio: Portfolio, minute: Minute, account: Account, broker: Broker, policy: Policy) -> Decided:
    """Return the portfolio after `minute`, and what is to be told of it in the order in which it happened."""
    # The default context would round products to 28 digits; here money is conserved to the last one.
    with localcontext(EXACT):
        portfolio = start_day(portfolio, minute, policy)
        portfolio, settled = _hear(portfolio, minute, account, broker)
        portfolio = mark(portfolio, minute)
        portfolio, stale = check_pairs(portfolio, minute, account)
        portfolio, losses = check_losses(portfolio, minute, account, policy)
        portfolio, flattened = flatten_if_stopped(portfolio, minute, account, broker)
        portfolio, decided = decide(portfolio, minute, account, broker)
        books = pnl(portfolio, account.name, minute.window_end_ms)
    return portfolio, [*settled, *stale, *losses, *flattened, *decided, books]


def _hear(portfolio: Portfolio, minute: Minute, account: Account, broker: Broker) -> Decided:
    """Book what the broker says of orders in flight, pairs in sorted order."""
    orders = [opened.order for _, opened in sorted(portfolio.orders.items())]
    reports = broker.reports(orders, minute.signals, minute.window_end_ms, portfolio.cash)
    return book_all(portfolio, reports, account)
