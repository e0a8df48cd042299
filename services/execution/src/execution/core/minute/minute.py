"""One minute of an account: candles and decisions of all its pairs for the same window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from contracts.candle_mark import CandleMark
from contracts.mark import MarkedWindow
from contracts.signal import Signal
from contracts.values import dataclass


@dataclass(frozen=True, slots=True)
class Minute:
    """What execution acts on at once ("minute" whatever the interval).

    Attributes
    ----------
    window_start_ms, window_end_ms
        Which window it is.
    signals
        Decisions with their candles, in sorted order of pairs. A pair may be absent: it skipped this window, or its
        decision was not waited for any longer.
    missing
        The pairs whose candles were not waited for any longer.
    marks
        Candles of pairs without a decision, in sorted order of pairs.
    """

    window_start_ms: int
    window_end_ms: int
    signals: dict[str, Signal]
    missing: tuple[str, ...] = ()
    marks: Mapping[str, CandleMark] = field(default_factory=dict)

    @property
    def candles(self) -> Mapping[str, MarkedWindow]:
        """The candle of each pair that has one, in sorted order of pairs."""
        if not self.marks:
            return self.signals
        return dict(sorted({**self.marks, **self.signals}.items()))
