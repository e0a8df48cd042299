"""Marks, signals, reports and commands -> orders, fills, positions, P&L and risk alerts, each to its topic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

from contracts.errors import BadInputError
from contracts.forward_test_event import ForwardTestEvent
from contracts.message import Message
from contracts.state import State
from contracts.topics import FILLS, ORDERS, PNL, POSITIONS, RISK_ALERTS, SIGNALS, TopicSpec
from execution.core.edge import Remembered
from execution.core.execute import Event, step
from execution.core.forward_tests import account_of, open_account
from execution.metrics import VenueFigures, tell
from execution.settings import ExecutionSettings
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

    def execute(event: Event | ForwardTestEvent, state: State) -> list[Message]:
        if isinstance(event, ForwardTestEvent):
            if event.account in accounts:
                raise BadInputError("forward_test_event.account", "a name that no other account has", event.account)
            open_account(state, event)
            return []
        account = accounts.get(event.account) or account_of(state)
        if account is None:
            raise BadInputError(f"{event.schema_name}.account", f"one of {', '.join(accounts)}", event.account)
        broker = brokers.get(account.name) or settings.broker_of(account)
        messages = step(state, event, account, broker, policy, remembered[account.name])
        for message in messages:
            tell(message, account)
        if event.account in at_venue:
            at_venue[event.account].listen(event, messages)
        return messages

    events = inputs[SIGNALS.name].apply(execute, stateful=True, expand=True)
    for spec in OUTPUTS:
        keep(publish(events.filter(_carried_by(spec)), topics[spec.name]), settings.store_writer())


def _carried_by(spec: TopicSpec) -> Callable[[Message], bool]:
    return lambda message: isinstance(message, spec.messages)
