"""While no trading is allowed: nothing that buys in flight, and everything held on its way out."""

from __future__ import annotations

from contracts.account import Account
from contracts.message import Message
from execution.core.book import give_up
from execution.core.broker import Broker
from execution.core.decide import sell
from execution.core.minute import Minute
from execution.core.portfolio import ACTIVE, Decided, Portfolio


def flatten_if_stopped(portfolio: Portfolio, minute: Minute, account: Account, broker: Broker) -> Decided:
    """Give up buys in flight, and sell everything held by orders that never expire.

    What is too little to be sold is denied once a day.
    """
    state, at_ms = portfolio.trading_state, minute.window_end_ms
    outputs: list[Message] = []
    if state == ACTIVE:
        return portfolio, outputs
    for _, opened in sorted(portfolio.orders.items()):
        if opened.order.side == "buy":
            portfolio, told = give_up(portfolio, opened, state, at_ms, account, broker)
            outputs += told
    for pair in sorted(portfolio.holdings):
        if pair not in portfolio.orders and portfolio.holdings[pair].quantity > 0:
            before = portfolio
            portfolio, told = sell(portfolio, pair, account, broker, at_ms, purpose="flatten", reason=state)
            if pair not in portfolio.orders:
                portfolio, is_first = before.first_today(f"DENIED:{pair}")
                told = told if is_first else []
            outputs += told
    return portfolio, outputs
