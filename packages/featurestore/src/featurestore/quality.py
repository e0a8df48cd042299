"""How much of a day is known: a row of the view `data_quality`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime

from contracts.units import MS_PER_SECOND


@dataclass(frozen=True, slots=True)
class DayQuality:
    """The candles of a pair on a UTC day.

    Attributes
    ----------
    windows
        Candles there are; a whole day has ``86400 / interval_s``.
    complete, empty, gap, unverified
        How many of them say so of themselves.
    revised
        How many were corrected by late trades.
    coverage_pct
        Share of the whole day that is known: a candle that is missing is as unknown as one that is a `gap`. The first
        and the last day of a record are seldom whole.
    first_window_ms, last_window_ms
        Starts of the first and the last window.
    """

    exchange: str
    pair: str
    interval_s: int
    day_start_ms: int
    windows: int
    complete: int
    empty: int
    gap: int
    unverified: int
    revised: int
    coverage_pct: float
    first_window_ms: int
    last_window_ms: int

    @property
    def day(self) -> date:
        """The day, UTC."""
        return datetime.fromtimestamp(self.day_start_ms / MS_PER_SECOND, UTC).date()


DAY_QUALITY_COLUMNS = tuple(field.name for field in fields(DayQuality))
