"""What the gateway remembers: nothing that the log and the venue could not tell it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from contracts.operator_command import OperatorAction
from gateway.core.tracked import Tracked

#: Of `troubles` that concern every pair.
EVERYTHING = ""
#: OPENED: the venue tells of executions, and has not been asked since about those from before.
Stream = Literal["CLOSED", "OPENED", "HEALTHY"]


@dataclass(frozen=True, slots=True)
class State:
    """Orders and accounts of one venue.

    Parameters
    ----------
    orders
        Those not over, and those that were until lately, by id.
    commands
        The last one of each account.
    trusted
        Whether the venue has been asked about everything since it last failed to answer.
    surveying
        Whether it is being asked.
    surveyed_ms, next_survey_ms
        When it was asked, and when it is to be asked again.
    troubles
        Why a pair, or `EVERYTHING`, does not trade.
    foreign
        What the venue calls its open orders that are none of ours.
    stream
        Whether the venue tells of executions by itself.
    switch_ms
        When the venue's dead man's switch is to be set again; None while it is being set.
    """

    orders: Mapping[str, Tracked] = field(default_factory=dict)
    commands: Mapping[str, OperatorAction] = field(default_factory=dict)
    trusted: bool = False
    surveying: bool = False
    surveyed_ms: int | None = None
    next_survey_ms: int = 0
    troubles: Mapping[str, str] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()
    stream: Stream = "CLOSED"
    switch_ms: int | None = 0

    def with_orders(self, changed: Iterable[Tracked]) -> State:
        """Return the state with these orders in place of what was known of them."""
        return replace(self, orders={**self.orders, **{each.order.order_id: each for each in changed}})

    @property
    def is_told(self) -> bool:
        """Whether what happens is told, so that the venue is asked for less often."""
        return self.stream == "HEALTHY"

    def soon(self, now_ms: int, gap_ms: int) -> State:
        """Return the state with the next survey due at once, though not within `gap_ms` of the last."""
        due_ms = now_ms if self.surveyed_ms is None else max(now_ms, self.surveyed_ms + gap_ms)
        return replace(self, next_survey_ms=min(self.next_survey_ms, due_ms))
