"""What is kept of one pair's rows while a data set is built, and why some of them are no samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contracts.feature_row import FeatureRow
from contracts.units import to_float
from modeling.input_list import InputList
from modeling.inputs import CANDLE_COLUMNS
from modeling.labels import LabelRule
from modeling.sequence import SEQUENCE_BARS, Run, extend, is_new
from modeling.triple_barrier import PairBars, volatility

Floats = NDArray[np.float64]


@dataclass(slots=True)
class PairTable:
    """Rows of one pair, folded bar by bar exactly as when they are served.

    Parameters
    ----------
    inputs
        What the model sees of a bar.
    """

    inputs: InputList
    run: Run = field(default_factory=Run)
    times_ms: list[int] = field(default_factory=list)
    #: Open, high, low and close; NaN of a bar that is part of a gap.
    prices: list[tuple[float, ...]] = field(default_factory=list)
    #: Consecutive usable bars that end at each row; 0 if it is not usable itself.
    run_lengths: list[int] = field(default_factory=list)
    #: Of each usable row.
    bars: list[NDArray[np.float32]] = field(default_factory=list)

    def add(self, row: FeatureRow) -> None:
        """Take the next row; one that came before changes nothing."""
        if not is_new(self.run, row):
            return
        self.run = extend(self.run, row)
        self.times_ms.append(row.window_start_ms)
        prices = (row.open, row.high, row.low, row.close)
        self.prices.append((float("nan"),) * 4 if row.quality == "gap" else tuple(map(to_float, prices)))
        inputs = self.run.bars[-1].inputs(self.inputs) if self.run.bars else None
        self.run_lengths.append(0 if inputs is None else self._usable_before() + 1)
        if inputs is not None:
            self.bars.append(np.array(inputs, dtype=np.float32))

    def _usable_before(self) -> int:
        """Return how many usable bars end right before the last one, as far as they are kept."""
        return min(self.run_lengths[-1], SEQUENCE_BARS - 1) if len(self.run.bars) > 1 else 0

    def folded(self) -> PairColumns:
        """Return what the rows came to."""
        return PairColumns(
            np.array(self.times_ms, dtype=np.int64),
            np.array(self.prices, dtype=np.float64).reshape(-1, 4),
            np.array(self.run_lengths, dtype=np.int64),
            np.array(self.bars, dtype=np.float32).reshape(-1, len(self.inputs)),
        )


@dataclass(frozen=True, slots=True)
class PairColumns:
    """All rows of one pair.

    Parameters
    ----------
    times_ms
        Starts of their windows.
    prices
        Open, high, low and close, shape (rows, 4); NaN of a bar that is part of a gap.
    run_lengths
        Consecutive usable bars that end at each row, as far as they are kept; 0 if it is not usable itself.
    bars
        Inputs of each usable row.
    """

    times_ms: NDArray[np.int64]
    prices: Floats
    run_lengths: NDArray[np.int64]
    bars: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        times_ms: NDArray[np.int64],
        columns: Mapping[str, Floats],
        gaps: NDArray[np.bool_],
        interval_ms: int,
        inputs: InputList,
    ) -> PairColumns:
        """Return what rows come to that are there as columns: what `PairTable` makes of each, all at once.

        Parameters
        ----------
        times_ms
            Starts of windows, ascending.
        columns
            Of their candles (`modeling.inputs.CANDLE_COLUMNS`), and features, NaN where they are not warm.
        gaps
            Whether each is part of a gap.
        interval_ms
            Length of a bar.
        inputs
            What the model sees of a bar.

        Returns
        -------
        PairColumns
            The same numbers.
        """
        known = dict(columns)
        for name in CANDLE_COLUMNS:  # of a candle what is not finite is not there
            known[name] = np.where(np.isfinite(columns[name]), columns[name], np.nan)
        bars, usable = inputs.over(known)
        bars, usable = bars[~gaps[usable]], usable & ~gaps
        follows = np.diff(times_ms, prepend=times_ms[:1]) == interval_ms
        places = np.arange(len(times_ms))
        begins = np.where(usable & follows & np.append([False], usable[:-1]), 0, places)
        run_lengths = np.where(usable, places - np.maximum.accumulate(begins) + 1, 0)
        prices = np.column_stack([np.where(gaps, np.nan, columns[name]) for name in ("open", "high", "low", "close")])
        return cls(times_ms, prices, np.minimum(run_lengths, SEQUENCE_BARS), bars)

    @property
    def opens(self) -> Floats:
        """What each opened at."""
        found: Floats = self.prices[:, 0]
        return found

    def pair_bars(self, interval_ms: int) -> PairBars:
        """Return the rows as labels see them.

        Returns
        -------
        PairBars
            Without their opens.
        """
        _, highs, lows, closes = self.prices.T
        return PairBars(self.times_ms, highs, lows, closes, interval_ms)


@dataclass(frozen=True, slots=True)
class Labelled:
    """Rows of one pair with their labels.

    Parameters
    ----------
    bars, labels, run_lengths
        Of each row.
    opens
        Of each row.
    sequence_length, horizon_bars
        Bars in a sequence, and how far a label looks.
    """

    bars: PairBars
    labels: Floats
    run_lengths: NDArray[np.int64]
    opens: Floats
    sequence_length: int
    horizon_bars: int

    @property
    def full(self) -> NDArray[np.bool_]:
        """Whether a sequence of usable bars ends at the row."""
        return self.run_lengths >= self.sequence_length

    def unused(self, rule: LabelRule) -> dict[str, int]:
        """Count the rows that are no sample by cause; what has several is counted under the first.

        Returns
        -------
        dict[str, int]
            Every cause of `causes`, also those that nothing has.
        """
        left = np.ones(len(self.labels), dtype=bool)
        found = {}
        for cause, holds in self._causes(rule):
            found[cause] = int((left & holds).sum())
            left &= ~holds
        return found

    def _causes(self, rule: LabelRule) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Yield what keeps rows from being samples, as `causes` lists it."""
        times_ms, interval_ms = self.bars.times_ms, self.bars.interval_ms
        gap = np.isnan(self.bars.closes)
        yield "gap", gap
        yield "not_warm", self.run_lengths == 0
        began = np.arange(len(times_ms)) - self.run_lengths + 1
        before = np.maximum(began - 1, 0)
        follows = times_ms[before] == times_ms - self.run_lengths * interval_ms
        short = ~self.full & (began > 0)
        yield "after_gap", short & gap[before] & follows
        yield "after_hole", short & ~follows
        yield "short_run", ~self.full
        unknown = np.isnan(self.labels)
        if rule.name == "triple_barrier":
            yield "no_volatility", unknown & ~(volatility(self.bars) > 0)
        ends_ms = times_ms + self.horizon_bars * interval_ms
        yield "horizon_not_over", unknown & (ends_ms > times_ms[-1:])
        yield "hole_ahead", unknown
        yield rule.zero, self.labels == 0


def causes(rule: LabelRule) -> tuple[str, ...]:
    """Return why a row may be no sample, in the order in which they are looked for.

    Part of a gap; a feature that is not warm; too few bars since a gap, since a hole (rows that are not there), or
    since the first warm one; for barriers, no volatility known; the horizon ends after the last row; a bar that the
    label needs is missing; and what label 0 means.

    Returns
    -------
    tuple[str, ...]
        Names, as a model's card has them.
    """
    none = np.empty(0)
    bars = PairBars(none.astype(np.int64), none, none, none, 1)
    return tuple(Labelled(bars, none, none.astype(np.int64), none, 1, 1).unused(rule))
