"""Execution as a fold over an account's signals, what venues report of its orders and what operators say."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.account import Account
from contracts.candle_mark import CandleMark
from contracts.currency import quote_currency
from contracts.errors import BadInputError
from contracts.message import Message
from contracts.operator_command import OperatorCommand
from contracts.order_report import OrderReport
from contracts.replace import replace
from contracts.signal import Signal
from contracts.state import MemoryState, State
from execution.core.account.portfolio import Portfolio
from execution.core.act import act
from execution.core.broker import Broker
from execution.core.edge import BOOK, JsonEdge, Remembered
from execution.core.hear import Word, hear
from execution.core.minute.bar_synchroniser import BarSynchroniser
from execution.core.orders.archive import Archive
from execution.core.policy import Policy

Event = Signal | CandleMark | Word


def step(
    state: State,
    event: Event,
    account: Account,
    broker: Broker,
    policy: Policy,
    remembered: Remembered | None = None,
) -> list[Message]:
    """Take one event over a state of JSON, as a store has it; see `fold`.

    Parameters
    ----------
    remembered
        The account's, the same at each call of a process: what was written is then not read anew.
    """
    return fold(JsonEdge(state, remembered), event, account, broker, policy)


def fold(state: State, event: Event, account: Account, broker: Broker, policy: Policy) -> list[Message]:
    """Take one event; return the orders, fills, positions, alerts and P&L that follow from it.

    Parameters
    ----------
    state
        The account's, before and after, of objects; empty for an account that has not traded.
    event
        Any pair's next candle or signal, which wait for each other and for the other pairs', or what a venue says of
        an order or an operator of the account, which are acted on at once. What was said before changes nothing.
    account, broker, policy
        Whose money, whose prices, which rules of time and risk.

    Raises
    ------
    BadInputError
        If the event is of another account, of a pair the account does not trade, or of an order nobody knows.
    """
    if event.account != account.name:
        raise BadInputError(f"{event.schema_name}.account", account.name, event.account)
    if isinstance(event, OrderReport | OperatorCommand):
        return _hear(state, event, account, broker, policy)
    if event.pair not in account.pairs:
        raise BadInputError(
            f"{event.schema_name}.pair", f"one of {', '.join(account.pairs)} (pairs of {account.name})", event.pair
        )
    line = BarSynchroniser(state, account.pairs, policy.maximum_pending_bars)
    if line.is_known(event):
        return []
    outputs: list[Message] = []
    if minutes := line.take(event):
        portfolio = _portfolio(state, account)
        for minute in minutes:
            portfolio, told = act(portfolio, minute, account, broker, policy)
            outputs += told
        save(state, portfolio)
    # Nothing is written before: a signal that cannot be processed is set aside and leaves the account as it was.
    line.save()
    return outputs


def _hear(state: State, word: Word, account: Account, broker: Broker, policy: Policy) -> list[Message]:
    portfolio = _portfolio(state, account)
    if isinstance(word, OrderReport) and (ended := Archive(state).find(word.order_id)) is not None:
        portfolio = replace(portfolio, ended={word.order_id: ended})
    portfolio, outputs = hear(portfolio, word, account, broker, policy)
    if outputs:
        save(state, portfolio)
    return outputs


def _portfolio(state: State, account: Account) -> Portfolio:
    saved: Portfolio | None = state.get(BOOK)
    return Portfolio.opened(account) if saved is None else continued(saved, account)


def save(state: State, portfolio: Portfolio) -> None:
    """Keep an account's portfolio, and what has ended apart from it.

    Parameters
    ----------
    state
        The account's, of objects.
    portfolio
        As it is now.
    """
    if portfolio.ended:
        Archive(state).keep(portfolio.ended)
        portfolio = replace(portfolio, ended={})
    state.set(BOOK, portfolio)


def continued(portfolio: Portfolio, account: Account) -> Portfolio:
    """Refuse to go on in another currency than an account began in: its money would be taken for what it is not."""
    if others := [pair for pair in portfolio.marks if quote_currency(pair) != account.currency]:
        began, now = quote_currency(others[0]), account.currency
        raise BadInputError("account.pairs", f"pairs in {began}, in which {account.name} began", f"pairs in {now}")
    return portfolio


def run(events: Iterable[Event], account: Account, broker: Broker, policy: Policy | None = None) -> list[Message]:
    """Return all that follows from an account's events, from an empty portfolio on: a backtest in one call."""
    state, rules = MemoryState(), policy or Policy()
    return [message for event in events for message in fold(state, event, account, broker, rules)]
