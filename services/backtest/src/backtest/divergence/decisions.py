"""Decisions that one side carried out and the other did not, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backtest.divergence.lives import Life
from contracts.order import ENDS, Order, Purpose
from contracts.timestamps import iso_utc_ms

#: A pair, the end of the bar, and a side.
_Key = tuple[int, str, str]
#: How the two sides are called.
VENUE, PAPER = "at the venue", "on paper"
#: What comes of a position's plan: a stop, and a target that on paper is one order with it.
FOLLOWS_PLAN: frozenset[Purpose] = frozenset({"protect", "target"})
#: Of as many the cause is looked for.
FIRST = 100


@dataclass(frozen=True, slots=True)
class OtherDecision:
    """An order of a decision that is not the same on both sides.

    Attributes
    ----------
    bar_end_ms, pair, side
        When it was decided, and what.
    venue, paper
        What came of the decision: how the order began, or ``none``.
    cause
        In words, as far as it is known.
    """

    bar_end_ms: int
    pair: str
    side: str
    venue: str
    paper: str
    cause: str


@dataclass(frozen=True, slots=True)
class Decisions:
    """How decisions compare.

    Attributes
    ----------
    decided
        On either side.
    differ
        How many of them are not the same.
    first
        The first of those: what comes later follows from it more often than not.
    """

    decided: int
    differ: int
    first: tuple[OtherDecision, ...]

    @property
    def rate(self) -> float:
        """The share of those that are not the same."""
        return self.differ / self.decided if self.decided else 0.0


def compare_decisions(theirs: Mapping[str, Life], ours: Mapping[str, Life]) -> Decisions:
    """Return which decisions were carried out on one side only, or denied on one.

    Parameters
    ----------
    theirs, ours
        What became of orders at the venue and on paper. What a position's plan does is no decision.

    Returns
    -------
    Decisions
        In order of time.
    """
    venue, paper = _by_decision(theirs), _by_decision(ours)
    keys = sorted({*venue, *paper})
    differ = [key for key in keys if _began(venue.get(key)) != _began(paper.get(key))]
    first = [
        OtherDecision(*key, _began(venue.get(key)), _began(paper.get(key)), _cause(key, theirs, ours))
        for key in differ[:FIRST]
    ]
    return Decisions(len(keys), len(differ), tuple(first))


def _by_decision(lives: Mapping[str, Life]) -> dict[_Key, Life]:
    found: dict[_Key, Life] = {}
    for life in lives.values():
        order = life.first
        if order.purpose not in FOLLOWS_PLAN:
            found.setdefault((order.decided_at_ms, order.pair, order.side), life)
    return found


def _began(life: Life | None) -> str:
    if life is None:
        return "none"
    reason = life.first.reason if life.first.status == "DENIED" else None
    return life.first.status if reason is None else f"{life.first.status} ({reason})"


def _cause(key: _Key, theirs: Mapping[str, Life], ours: Mapping[str, Life]) -> str:
    """Return what was different before: the last order of the pair that had come to something else by then.

    One that both sides had comes before one of a single side, which more often than not follows from it, and a
    decision before what rests on positions.
    """
    bar_end_ms, pair, _ = key
    sides = [_of_pair(each, pair, bar_end_ms) for each in (theirs, ours)]
    every = {**sides[1], **sides[0]}

    def tells(name: str) -> tuple[bool, bool, int]:
        order = every[name].first
        return all(name in side for side in sides), order.purpose not in FOLLOWS_PLAN, order.decided_at_ms

    for name in sorted(every, key=tells, reverse=True):
        lives = [side.get(name) for side in sides]
        if _came_to(lives[0], bar_end_ms) != _came_to(lives[1], bar_end_ms):
            order, ends = every[name].first, [_end(each, bar_end_ms) for each in lives]
            what = f"{order.purpose} {order.side}" if order.purpose != "decision" else order.side
            return f"{what} of {iso_utc_ms(order.decided_at_ms)}: {ends[0]} {VENUE}, {ends[1]} {PAPER}"
    return "money or limits stand otherwise, or a report came late"


def _of_pair(lives: Mapping[str, Life], pair: str, before_ms: int) -> dict[str, Life]:
    own = {name: life for name, life in lives.items() if life.first.pair == pair}
    return {name: life for name, life in own.items() if life.first.decided_at_ms < before_ms}


def _came_to(life: Life | None, at_ms: int) -> tuple[str, object]:
    """Return what an order had come to by a time, and the share that was filled."""
    if life is None:
        return "none", 0
    is_over = life.last.status in ENDS and life.last.updated_at_ms <= at_ms
    return (life.last.status, life.share_filled) if is_over else ("on its way", 0)


def _end(life: Life | None, at_ms: int) -> str:
    """Return the same in words, with the reason of an end."""
    status, _ = _came_to(life, at_ms)
    if life is None or status == "on its way":
        return status
    last: Order = life.last
    partly = last.status != "FILLED" and last.filled_quantity != "0"
    filled = f", {float(life.share_filled):.0%} filled" if partly else ""
    return last.status + (f" ({last.reason})" if last.reason and last.status != "FILLED" else "") + filled
