"""Frames of trades to columns of the day, UTC, on which each trade happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from contracts.trade_frame import TRADE_COLUMNS, TradeFrame
from contracts.units import MS_PER_DAY, US_PER_MS

US_PER_DAY = MS_PER_DAY * US_PER_MS


@dataclass
class DayRows:
    """Trades of one pair and day, in columns as in a `TradeFrame`."""

    trade_ids: list[int] = field(default_factory=list)
    timestamps_us: list[int] = field(default_factory=list)
    prices: list[str] = field(default_factory=list)
    quantities: list[str] = field(default_factory=list)
    sides: list[str] = field(default_factory=list)

    def extend(self, frame: TradeFrame, rows: Iterable[int] | None = None) -> None:
        """Take over `rows` of a frame, by default all."""
        for name in TRADE_COLUMNS:
            column = getattr(frame, name)
            getattr(self, name).extend(column if rows is None else [column[row] for row in rows])


def rows_by_day(frames: Iterable[TradeFrame]) -> dict[int, DayRows]:
    """Return the trades of one pair's frames by day, counted from 1970, repeats included."""
    found: dict[int, DayRows] = {}
    for frame in frames:
        first, last = min(frame.timestamps_us) // US_PER_DAY, max(frame.timestamps_us) // US_PER_DAY
        if first == last:
            found.setdefault(first, DayRows()).extend(frame)
            continue
        rows: dict[int, list[int]] = {}
        for row, timestamp_us in enumerate(frame.timestamps_us):
            rows.setdefault(timestamp_us // US_PER_DAY, []).append(row)
        for day, chosen in rows.items():
            found.setdefault(day, DayRows()).extend(frame, chosen)
    return found
