"""Execution as a fold over an account's signals."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.account import Account
from contracts.currency import quote_currency
from contracts.errors import BadInputError
from contracts.message import Message
from contracts.signal import Signal
from contracts.state import MemoryState, State
from execution.core.act import act
from execution.core.bar_synchroniser import BarSynchroniser
from execution.core.broker import Broker
from execution.core.policy import Policy
from execution.core.portfolio import Portfolio

BOOK = "book"


def step(state: State, signal: Signal, account: Account, broker: Broker, policy: Policy) -> list[Message]:
    """Take one signal; return the orders, fills, positions, alerts and P&L that follow from it.

    Parameters
    ----------
    state
        The account's, before and after; empty for an account that has not traded.
    signal
        Any pair's next, or a repeated one, which changes nothing.
    account, broker, policy
        Whose money, whose prices, which rules of time and risk.

    Raises
    ------
    BadInputError
        If the signal is of another account, or of a pair the account does not trade.
    """
    if signal.account != account.name:
        raise BadInputError("signal.account", account.name, signal.account)
    if signal.pair not in account.pairs:
        raise BadInputError(
            "signal.pair", f"one of {', '.join(account.pairs)} (pairs of {account.name})", signal.pair
        )
    line = BarSynchroniser(state, account.pairs, policy.maximum_pending_bars)
    if line.is_known(signal):
        return []
    outputs: list[Message] = []
    if minutes := line.take(signal):
        saved = state.get(BOOK)
        portfolio = _continued(Portfolio.from_json(saved), account) if saved else Portfolio.opened(account)
        for minute in minutes:
            portfolio, told = act(portfolio, minute, account, broker, policy)
            outputs += told
        state.set(BOOK, portfolio.to_json())
    # Nothing is written before: a signal that cannot be processed is set aside and leaves the account as it was.
    line.save()
    return outputs


def _continued(portfolio: Portfolio, account: Account) -> Portfolio:
    """Refuse to go on in another currency than an account began in: its money would be taken for what it is not."""
    if others := [pair for pair in portfolio.marks if quote_currency(pair) != account.currency]:
        began, now = quote_currency(others[0]), account.currency
        raise BadInputError("account.pairs", f"pairs in {began}, in which {account.name} began", f"pairs in {now}")
    return portfolio


def run(signals: Iterable[Signal], account: Account, broker: Broker, policy: Policy | None = None) -> list[Message]:
    """Return all that follows from an account's signals, from an empty portfolio on: a backtest in one call."""
    state, rules = MemoryState(), policy or Policy()
    return [message for signal in signals for message in step(state, signal, account, broker, rules)]
