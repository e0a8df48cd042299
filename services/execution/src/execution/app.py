"""Marks, signals, reports and commands -> orders, fills, positions, P&L and risk alerts, each to its topic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from contracts.errors import BadInputError
from contracts.forward_test_event import ForwardTestEvent
from contracts.mark import MarkedWindow
from contracts.message import Message
from contracts.pnl import Pnl
from contracts.state import State
from contracts.topics import FILLS, ORDERS, PNL, POSITIONS, RISK_ALERTS, SIGNALS, TopicSpec
from execution.core.edge import Remembered
from execution.core.execute import Event, step
from execution.core.forward_tests import account_of, open_account
from execution.core.owners.book import OwnersBook
from execution.core.owners.fold import OWNER, step_owner
from execution.metrics import VenueFigures, tell, tell_owner
from execution.settings import ExecutionSettings
from streaming.clients import read_key_since
from streaming.service.sink import keep
from streaming.topics import publish

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame
    from quixstreams.models.topics import Topic

OUTPUTS = (ORDERS, FILLS, POSITIONS, RISK_ALERTS, PNL)


def topology(inputs: dict[str, StreamingDataFrame], topics: dict[str, Topic], settings: ExecutionSettings) -> None:
    """Lay out the flow; all state of an account is under its key, in one step."""
    accounts = {account.name: account for account in settings.configured_accounts}
    brokers = {name: settings.broker_of(account) for name, account in accounts.items()}
    policy = settings.policy
    remembered: defaultdict[str, Remembered] = defaultdict(Remembered)
    at_venue = {
        name: VenueFigures(account, settings.broker)
        for name, account in accounts.items()
        if account.broker == "venue"
    }

    owners, key_of = settings.configured_owners, settings.key_on_signals
    owned_brokers = {name: {each.name: brokers[each.name] for each in of.accounts} for name, of in owners.items()}
    owned_remembered = {
        name: {each.name: remembered[each.name] for each in of.accounts} for name, of in owners.items()
    }
    owned_books: defaultdict[str, dict[str, Pnl]] = defaultdict(dict)
    require_unbegun(settings)

    def execute(
        event: Event | ForwardTestEvent, key: Any, _timestamp: int, _headers: object, state: State
    ) -> list[Message]:
        if isinstance(event, ForwardTestEvent):
            if event.account in accounts:
                raise BadInputError("forward_test_event.account", "a name that no other account has", event.account)
            open_account(state, event)
            return []
        account = accounts.get(event.account) or account_of(state)
        if account is None:
            raise BadInputError(f"{event.schema_name}.account", f"one of {', '.join(accounts)}", event.account)
        if key != (expected := key_of(account.name)):
            # Under another key it is in no order with what else the account is told.
            raise BadInputError(f"{event.schema_name} of {account.name}", f"key {expected}", key)
        if account.owner is None:
            broker = brokers.get(account.name) or settings.broker_of(account)
            messages = step(state, event, account, broker, policy, remembered[account.name])
        else:
            of = account.owner
            messages = step_owner(state, event, owners[of], owned_brokers[of], policy, owned_remembered[of])
            if books := {each.account: each for each in messages if isinstance(each, Pnl)}:
                owned_books[of] |= books
                tell_owner(owners[of], OwnersBook.from_json(state.get(OWNER)), owned_books[of])
        for message in messages:
            tell(message, accounts.get(message.key, account))
        for name in {event.account, *(message.key for message in messages)} & at_venue.keys():
            at_venue[name].listen(event, [message for message in messages if message.key == name])
        return messages

    events = inputs[SIGNALS.name].apply(execute, stateful=True, expand=True, metadata=True)
    for spec in OUTPUTS:
        keep(publish(events.filter(_carried_by(spec)), topics[spec.name]), settings.store_writer())


def require_unbegun(settings: ExecutionSettings) -> None:
    """Refuse an owner of an account that has begun without one: what it was told is under its own key.

    Parameters
    ----------
    settings
        Of the log, and the accounts.

    Raises
    ------
    BadInputError
        Of the first such account, by name.
    """
    for account in settings.configured_accounts:
        if account.owner is None:
            continue
        told = (record.readable_message() for record in read_key_since(settings, SIGNALS, account.name, 0))
        if any(isinstance(message, MarkedWindow) for message in told):
            expected = f"none for {account.name}, which has begun without an owner (another name begins anew)"
            raise BadInputError("accounts.owner", expected, account.owner)


def _carried_by(spec: TopicSpec) -> Callable[[Message], bool]:
    return lambda message: isinstance(message, spec.messages)
