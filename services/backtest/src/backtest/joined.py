"""What strategies say of a pair one after another: each of a stretch of its bars."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import accumulate
from typing import Any, Self

import numpy as np

from backtest.bars import Bars
from backtest.decided import Decided
from contracts.signal import Signal, SignalReason


@dataclass(frozen=True)
class Joined(Decided):
    """Decisions of which each bar's are those of one part.

    Attributes
    ----------
    parts
        In the order of time, each with bars; together all of them.
    """

    parts: tuple[Decided, ...] = ()

    @classmethod
    def of(cls, bars: Bars, parts: Sequence[Decided]) -> Self:
        """Return parts as one.

        Parameters
        ----------
        bars
            Those of all parts.
        parts
            At least one.

        Returns
        -------
        Self
            Columns of all parts; what signals have in common is each part's own.
        """
        told = tuple(each for each in parts if len(each.bars)) or tuple(parts[:1])
        own = {each.name: getattr(told[0], each.name) for each in fields(Decided) if each.init}
        columns = {
            name: np.concatenate([getattr(each, name) for each in told]) for name in ("targets", "decisions", "warm")
        }
        return cls(**{**own, **columns, "bars": bars}, parts=told)

    def __getitem__(self, part: slice) -> Joined:
        """Return the same of some of the bars."""
        first, last, _ = part.indices(len(self.bars))
        found, begin = [], 0
        for each in self.parts:
            end = begin + len(each.bars)
            found.append(each[max(first - begin, 0) : max(min(last, end) - begin, 0)])
            begin = end
        return Joined.of(self.bars[part], found)

    def reason(self, place: int) -> SignalReason:
        """Return why a bar's signal says what it says."""
        part, there = self._at(place)
        return part.reason(there)

    def said(self, place: int) -> dict[str, Any]:
        """Return what a bar's signal copies from a prediction."""
        part, there = self._at(place)
        return part.said(there)

    def signal(self, account: str, place: int) -> Signal:
        """Return what is said to an account after a bar."""
        part, there = self._at(place)
        return part.signal(account, there)

    def _at(self, place: int) -> tuple[Decided, int]:
        ends = list(accumulate(len(each.bars) for each in self.parts))
        number = bisect_right(ends, place)
        return self.parts[number], place - (ends[number - 1] if number else 0)


def parts_of(decided: Decided) -> tuple[Decided, ...]:
    """Return what is decided by one strategy each.

    Returns
    -------
    tuple[Decided, ...]
        In the order of time.
    """
    return decided.parts if isinstance(decided, Joined) else (decided,)
