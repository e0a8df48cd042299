"""Execution as a fold over all that an owner's accounts are told, which is under his key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.candle_mark import CandleMark
from contracts.errors import BadInputError
from contracts.message import Message
from contracts.operator_command import OperatorCommand
from contracts.order_report import OrderReport
from contracts.owner import Owner
from contracts.replace import replace
from contracts.signal import Signal
from contracts.state import MemoryState, PartOfState, State
from execution.core.account.portfolio import Portfolio
from execution.core.broker import Broker
from execution.core.edge import BOOK, JsonEdge, Remembered
from execution.core.execute import Event, continued, save
from execution.core.minute.bar_synchroniser import BarSynchroniser, Due, minute_of
from execution.core.minute.minute import Minute
from execution.core.minute.pending import Waiting
from execution.core.orders.archive import Archive
from execution.core.owners.book import OwnersBook
from execution.core.owners.together import Owned, act_together, hear_one
from execution.core.policy import Policy

OWNER = "owner"
#: Between an account and its pair in the name of a source, and between it and what is kept of it.
_APART = "|"


def step_owner(
    state: State,
    event: Event,
    owner: Owner,
    brokers: Mapping[str, Broker],
    policy: Policy,
    remembered: Mapping[str, Remembered | None] | None = None,
) -> list[Message]:
    """Take one event over a state of JSON, as a store has it; return what follows from it, of all of his accounts.

    Parameters
    ----------
    state
        The owner's, before and after; empty where none of his accounts has traded.
    event
        Of any of his accounts, as `execute.fold` has it.
    owner
        Whose accounts, and his limits.
    brokers
        By account.
    policy
        How time and risk are judged.
    remembered
        By account, the same at each call of a process: what was written is then not read anew.

    Returns
    -------
    list[Message]
        Orders, fills, positions, alerts and P&L.

    Raises
    ------
    BadInputError
        If the event is of an account that is not his, of a pair that it does not trade, or of an unknown order.
    """
    known = remembered or {each.name: None for each in owner.accounts}
    parts = {each.name: JsonEdge(PartOfState(state, each.name + _APART), known[each.name]) for each in owner.accounts}
    return _fold(state, parts, event, owner, brokers, policy)


def run_owner(
    events: Iterable[Event], owner: Owner, brokers: Mapping[str, Broker], policy: Policy | None = None
) -> list[Message]:
    """Return all that follows from what an owner's accounts are told, from empty portfolios on.

    Parameters
    ----------
    events
        In the order of the log.
    owner, brokers, policy
        As `step_owner` has them.

    Returns
    -------
    list[Message]
        In the order in which it would be published.
    """
    state, rules = MemoryState(), policy or Policy()
    remembered = {each.name: Remembered() for each in owner.accounts}
    return [m for event in events for m in step_owner(state, event, owner, brokers, rules, remembered)]


def line_of(state: State, owner: Owner, policy: Policy) -> BarSynchroniser:
    """Return the line of all pairs of all accounts: a minute is due when each account has its own.

    Parameters
    ----------
    state
        The owner's.
    owner, policy
        Whose, and how long minutes wait for slow pairs.

    Returns
    -------
    BarSynchroniser
        Over a state of objects.
    """
    places = tuple(_place(account.name, pair) for account in owner.accounts for pair in account.pairs)
    return BarSynchroniser(state, places, policy.maximum_pending_bars, _place_of)


def minutes_of(due: Due) -> dict[str, Minute]:
    """Return by account what its pairs say of a window; an account that says nothing has no minute.

    Returns
    -------
    dict[str, Minute]
        At least one.
    """
    together, missing = due
    of: dict[str, list[Any]] = {}
    for event in together:
        of.setdefault(event.account, []).append(event)
    absent = [place.split(_APART) for place in missing]
    return {
        name: minute_of(events, tuple(pair for account, pair in absent if account == name))
        for name, events in sorted(of.items())
    }


def _fold(
    state: State,
    parts: Mapping[str, State],
    event: Event,
    owner: Owner,
    brokers: Mapping[str, Broker],
    policy: Policy,
) -> list[Message]:
    account = next((each for each in owner.accounts if each.name == event.account), None)
    if account is None:
        expected = f"one of {', '.join(parts)} (accounts of {owner.name})"
        raise BadInputError(f"{event.schema_name}.account", expected, event.account)
    if isinstance(event, OrderReport | OperatorCommand):
        owned = _read(state, parts, owner)
        if (
            isinstance(event, OrderReport)
            and (ended := Archive(parts[account.name]).find(event.order_id)) is not None
        ):
            portfolio = replace(owned.portfolios[account.name], ended={event.order_id: ended})
            owned = owned.with_portfolio(account.name, portfolio)
        after, told = hear_one(owned, event, owner, account, brokers[account.name], policy)
        if told:
            _write(state, parts, owned, after)
        return told
    if event.pair not in account.pairs:
        expected = f"one of {', '.join(account.pairs)} (pairs of {account.name})"
        raise BadInputError(f"{event.schema_name}.pair", expected, event.pair)
    line = line_of(JsonEdge(state), owner, policy)
    if line.is_known(event):
        return []
    outputs: list[Message] = []
    if every := line.take_together(event):
        before = after = _read(state, parts, owner)
        for due in every:
            after, told = act_together(after, minutes_of(due), owner, brokers, policy)
            outputs += told
        _write(state, parts, before, after)
    # Nothing is written before: what cannot be processed is set aside and leaves the accounts as they were.
    line.save()
    return outputs


def _read(state: State, parts: Mapping[str, State], owner: Owner) -> Owned:
    fresh, portfolios = Owned.opened(owner), {}
    for account in owner.accounts:
        saved: Portfolio | None = parts[account.name].get(BOOK)
        portfolios[account.name] = fresh.portfolios[account.name] if saved is None else continued(saved, account)
    book = state.get(OWNER)
    return Owned(fresh.book if book is None else OwnersBook.from_json(book).joined(owner), portfolios)


def _write(state: State, parts: Mapping[str, State], before: Owned, after: Owned) -> None:
    for name, portfolio in after.portfolios.items():
        if portfolio is not before.portfolios[name]:
            save(parts[name], portfolio)
    state.set(OWNER, after.book.to_json())


def _place(account: str, pair: str) -> str:
    return f"{account}{_APART}{pair}"


def _place_of(event: Waiting) -> str:
    assert isinstance(event, Signal | CandleMark)
    return _place(event.account, event.pair)
