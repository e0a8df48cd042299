"""Marks, signals, reports and commands -> orders, fills, positions, P&L and risk alerts, each to its topic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from contracts.errors import BadInputError
from contracts.message import Message
from contracts.state import State
from contracts.topics import FILLS, ORDERS, PNL, POSITIONS, RISK_ALERTS, SIGNALS, TopicSpec
from execution.core.edge import Remembered
from execution.core.execute import Event, step
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
    remembered = {name: Remembered() for name in accounts}
    at_venue = {
        name: VenueFigures(account, settings.broker)
        for name, account in accounts.items()
        if account.broker == "venue"
    }

    def execute(event: Event, state: State) -> list[Message]:
        if event.account not in accounts:
            raise BadInputError(f"{event.schema_name}.account", f"one of {', '.join(accounts)}", event.account)
        messages = step(
            state, event, accounts[event.account], brokers[event.account], policy, remembered[event.account]
        )
        for message in messages:
            tell(message, accounts[event.account])
        if event.account in at_venue:
            at_venue[event.account].listen(event, messages)
        return messages

    events = inputs[SIGNALS.name].apply(execute, stateful=True, expand=True)
    for spec in OUTPUTS:
        keep(publish(events.filter(_carried_by(spec)), topics[spec.name]), settings.store_writer())


def _carried_by(spec: TopicSpec) -> Callable[[Message], bool]:
    return lambda message: isinstance(message, spec.messages)
