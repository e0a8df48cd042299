"""Longer bars folded from the row's own: what was known of them when the row's bar closed, never later."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.units import MS_PER_SECOND
from features import Feature
from features.arrays import run_starts
from features.bars import Bar
from features.blocks import Floats
from features.program import Program, Steps

Grouped = tuple[list[Feature], dict[int, list[Feature]], list[Feature]]


def by_timeframe(features: Sequence[Feature], interval_s: int) -> Grouped:
    """Return features of the row's own bars, those of each longer timeframe, and those that cannot be had.

    A timeframe that is not a whole number of the row's bars, as five minutes for an hourly row, cannot be had.
    """
    own: list[Feature] = []
    longer: dict[int, list[Feature]] = {}
    impossible: list[Feature] = []
    for feature in features:
        if feature.timeframe_s is None:
            own.append(feature)
        elif feature.timeframe_s % interval_s:
            impossible.append(feature)
        else:
            longer.setdefault(feature.timeframe_s, []).append(feature)
    return own, longer, impossible


def fold(bars: Sequence[Bar]) -> Bar:
    """Return the bar that consecutive `bars` make together; volumes add up from the first to the last.

    Examples
    --------
    >>> fold([Bar(1.0, 3.0, 1.0, 2.0, 5.0, 2.0, 1.0), Bar(2.0, 4.0, 2.0, 3.0, 6.0, 1.0, 0.0)])[:5]
    (1.0, 4.0, 1.0, 3.0, 11.0)
    """
    volume, trade_count, taker_buy_volume = bars[0].volume, bars[0].trade_count, bars[0].taker_buy_volume
    for bar in bars[1:]:
        volume += bar.volume
        trade_count += bar.trade_count
        taker_buy_volume += bar.taker_buy_volume
    return Bar(
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        volume,
        trade_count,
        taker_buy_volume,
        bars[-1].reference_close,
    )


class LongerBars:
    """Features of one longer timeframe, as of the last bar of it that has closed.

    Parameters
    ----------
    timeframe_s, interval_s
        Length of the longer bars, and of those they are folded from.
    compiled, features
        The program that runs on the longer bars, and how many values it has.
    window
        How many longer bars its values look back to.
    """

    def __init__(self, timeframe_s: int, interval_s: int, compiled: Program, features: int, window: int) -> None:
        self._timeframe_ms = timeframe_s * MS_PER_SECOND
        self._interval_ms = interval_s * MS_PER_SECOND
        self._whole = timeframe_s // interval_s
        self._needed = (window + 1) * self._whole
        self._compiled = compiled
        self._steps: Steps | None = None
        self._open: list[Bar] = []
        self._latest = (math.nan,) * features

    def push(self, window_start_ms: int, bar: Bar) -> tuple[float, ...]:
        """Take the next bar and return the features of the last longer bar that has closed by its end."""
        end_ms = window_start_ms + self._interval_ms
        self._open.append(bar)
        if end_ms % self._timeframe_ms == 0:
            if len(self._open) == self._whole:  # else history began in the middle of it
                number = end_ms // self._timeframe_ms - 1
                self._steps = self._steps or self._compiled.start(number)
                self._latest = self._steps.push(number, end_ms, fold(self._open), ())
            self._open.clear()
        return self._latest

    def resume(self, bars: Sequence[tuple[int, Bar]]) -> tuple[float, ...]:
        """Take those of consecutive `bars` that values still depend on, the newest; return the features."""
        for window_start_ms, bar in bars[-self._needed :]:
            self.push(window_start_ms, bar)
        return self._latest

    def peek(self, window_start_ms: int, bar: Bar) -> tuple[float, ...]:
        """Return what `push` would, and keep nothing."""
        end_ms = window_start_ms + self._interval_ms
        if end_ms % self._timeframe_ms or len(self._open) + 1 != self._whole:
            return self._latest
        number = end_ms // self._timeframe_ms - 1
        steps = self._steps or self._compiled.start(number)
        return steps.peek(number, end_ms, fold([*self._open, bar]), ())


class Folded(NamedTuple):
    """Longer bars: their columns, when they end, which closed last by each of the row's bars (-1: none).

    Those that are `missing` lack one of the row's bars.
    """

    columns: dict[str, Floats]
    end_times_ms: NDArray[np.int64]
    closed: NDArray[np.int64]
    missing: NDArray[np.bool_] | None


def folded(
    columns: Mapping[str, Floats],
    starts_ms: NDArray[np.int64],
    timeframe_s: int,
    interval_s: int,
    missing: NDArray[np.bool_] | None = None,
) -> Folded:
    """Return the longer bars that consecutive bars make: what `LongerBars` sees, at once; `missing` ones are NaN."""
    timeframe_ms, interval_ms = timeframe_s * MS_PER_SECOND, interval_s * MS_PER_SECOND
    whole = timeframe_s // interval_s
    first = int(-starts_ms[0] % timeframe_ms) // interval_ms
    count = max((len(starts_ms) - first) // whole, 0)
    last = first + count * whole
    parts = {name: column[first:last].reshape(count, whole) for name, column in columns.items()}
    closed = np.maximum((np.arange(len(starts_ms)) - first + 1) // whole - 1, -1)
    found = {name: _FOLDS[name](part) for name, part in parts.items()}
    lacking = None
    if missing is not None:
        lacking = np.logical_or.reduce(missing[first:last].reshape(count, whole), axis=1)
        for name in found:
            found[name] = np.where(lacking, np.nan, found[name])
        # A bar that closed before the last hole is of a history that is over.
        closed[first + closed * whole < run_starts(missing)] = -1
    return Folded(found, starts_ms[first:last:whole] + timeframe_ms, closed, lacking)


def _total(part: Floats) -> Floats:
    # Added up in the order of time, as `fold` does; a plain sum chooses its own order.
    total: Floats = np.add.accumulate(part, axis=1)[:, -1]
    return total


_FOLDS: Mapping[str, Callable[[Floats], Floats]] = {
    "open": lambda part: part[:, 0],
    "high": lambda part: part.max(axis=1),
    "low": lambda part: part.min(axis=1),
    "close": lambda part: part[:, -1],
    "volume": _total,
    "trade_count": _total,
    "taker_buy_volume": _total,
    "reference_close": lambda part: part[:, -1],
}
