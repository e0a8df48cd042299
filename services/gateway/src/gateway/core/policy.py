"""How long the gateway waits for what, in the venue's time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contracts.units import MS_PER_SECOND

#: No order is ever sent with a later deadline, so that one from before a start, whatever was set then, is settled
#: for certain once it has passed.
LONGEST_DEADLINE_MS = 10_000
#: What an open order at the venue that is none of ours leads to: it is said, or also what it may sell is not
#: counted as ours, or nothing is traded until it is gone.
ForeignPolicy = Literal["report", "respect", "refuse"]


@dataclass(frozen=True, slots=True)
class Policy:
    """Times in milliseconds.

    Parameters
    ----------
    deadline_ms
        After so long the venue itself refuses what it has not taken.
    settle_ms
        So long after its deadline an order that the venue took may still be missing from what it lists.
    oldest_decision_ms
        What was decided longer ago is not sent: the market has moved on.
    ask_ms
        Between questions while the end of an order is not known and nobody tells of it.
    reconcile_ms
        Between questions while nothing is going on, or the venue tells of it.
    late_ms
        So long after an order's end its fills are still looked for.
    foreign
        What to do about open orders that are none of ours.
    switch_seconds
        So long after the gateway has fallen silent the venue cancels all open orders; 0: never.
    grace_ms
        So long after its answer the venue may take to tell of an execution, or of an end, before it is asked.
    """

    deadline_ms: int = 5_000
    settle_ms: int = 5_000
    oldest_decision_ms: int = 120_000
    ask_ms: int = 10_000
    reconcile_ms: int = 60_000
    late_ms: int = 600_000
    foreign: ForeignPolicy = "refuse"
    switch_seconds: int = 0
    grace_ms: int = 1_000

    @property
    def switch_every_ms(self) -> int:
        """How often the venue hears that somebody is there: four times before it cancels."""
        return self.switch_seconds * MS_PER_SECOND // 4
