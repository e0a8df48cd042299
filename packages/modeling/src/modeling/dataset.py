"""Feature rows as samples: the same run of bars that serving keeps, with what happened next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.feature_row import FeatureRow
from contracts.units import MS_PER_SECOND, to_float
from modeling.input_list import InputList, input_list
from modeling.labels import labels, later
from modeling.sequence import SEQUENCE_BARS, Run, extend, is_new

#: Samples handed out at once where all of them would not fit in memory.
CHUNK = 4_096


@dataclass(frozen=True, slots=True)
class Samples:
    """Sequences that share one table of bars, so a bar is in memory once and not once per sequence.

    Parameters
    ----------
    bars
        Inputs, float32, shape (bars, inputs).
    ends
        Row of `bars` each sequence ends at; the rows before it are the bars before it.
    length
        Bars of a sequence.
    y
        1 up, 0 down; shape (samples,).
    """

    bars: NDArray[np.float32]
    ends: NDArray[np.int64]
    length: int
    y: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ends)

    def x(self, positions: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.float32]:
        """Return sequences, shape (samples, length, inputs).

        Returns
        -------
        NDArray[np.float32]
            Inputs as `modeling.inputs` defines them; a copy.
        """
        offsets = np.arange(1 - self.length, 1)
        sequences: NDArray[np.float32] = self.bars[self.ends[positions][:, None] + offsets]
        return sequences

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """Yield all sequences, in order, some thousand at a time.

        Yields
        ------
        NDArray[np.float32]
            Shape (at most `CHUNK`, length, inputs).
        """
        for start in range(0, len(self), CHUNK):
            yield self.x(slice(start, start + CHUNK))

    def last(self) -> NDArray[np.float32]:
        """Return the last bar of each sequence, shape (samples, inputs).

        Returns
        -------
        NDArray[np.float32]
            Inputs as `modeling.inputs` defines them.
        """
        return self.bars[self.ends]

    def at(self, indices: NDArray[np.intp]) -> Samples:
        """Return some of the samples.

        Returns
        -------
        Samples
            They share the bars.
        """
        return Samples(self.bars, self.ends[indices], self.length, self.y[indices])


def both(earlier: Samples, later: Samples) -> Samples:
    """Return two parts of the same data as one.

    Returns
    -------
    Samples
        They share the bars.
    """
    ends, y = np.concatenate([earlier.ends, later.ends]), np.concatenate([earlier.y, later.y])
    return Samples(earlier.bars, ends, earlier.length, y)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Samples of all pairs, by pair and time, and what rows they were made of.

    Parameters
    ----------
    samples
        Every full sequence with a known label.
    times_ms
        Start of each sample's last window.
    run_lengths
        Consecutive bars known at each sample, at least the sequence: whether a longer sequence would be full too.
    pair_numbers
        Of each sample, its pair.
    next_opens
        Of each sample, what the bar after it opens at, where a decision is filled; NaN where there is none.
    pairs
        Pairs that gave rows.
    rows, warm_rows
        Number of rows, and of those a model could use.
    from_ms, to_ms
        Start of the first and end of the last window; 0 without rows.
    unused
        How many rows are no sample, by cause (`CAUSES`): what is not there twice is counted under the first.
    closes
        Of each pair, the starts of its windows and their closes, NaN where they are part of a gap.
    """

    samples: Samples
    times_ms: NDArray[np.int64]
    run_lengths: NDArray[np.int64]
    pair_numbers: NDArray[np.int64]
    next_opens: NDArray[np.float64]
    pairs: tuple[str, ...]
    rows: int
    warm_rows: int
    from_ms: int
    to_ms: int
    unused: Mapping[str, int] = field(default_factory=dict)
    closes: tuple[tuple[NDArray[np.int64], NDArray[np.float64]], ...] = ()


#: Why a row is no sample: part of a gap; a feature that is not warm; too few bars since a hole, a gap or the
#: beginning; no bar at the horizon; a close that did not move.
CAUSES = ("gap", "not_warm", "short_run", "no_later_bar", "did_not_move")


@dataclass(slots=True)
class _PairTable:
    """What is kept of the rows of one pair."""

    inputs: InputList
    run: Run = field(default_factory=Run)
    times_ms: list[int] = field(default_factory=list)
    opens: list[float] = field(default_factory=list)
    closes: list[float] = field(default_factory=list)
    run_lengths: list[int] = field(default_factory=list)
    bars: list[NDArray[np.float32]] = field(default_factory=list)

    def add(self, row: FeatureRow) -> None:
        if not is_new(self.run, row):
            return
        self.run = extend(self.run, row)
        self.times_ms.append(row.window_start_ms)
        self.opens.append(float("nan") if row.quality == "gap" else to_float(row.open))
        self.closes.append(float("nan") if row.quality == "gap" else to_float(row.close))
        inputs = self.run.bars[-1].inputs(self.inputs) if self.run.bars else None
        self.run_lengths.append(0 if inputs is None else self._usable_before() + 1)
        if inputs is not None:
            self.bars.append(np.array(inputs, dtype=np.float32))

    def _usable_before(self) -> int:
        """Return how many usable bars end right before the last one, as far as they are kept."""
        return min(self.run_lengths[-1], SEQUENCE_BARS - 1) if len(self.run.bars) > 1 else 0


def build_dataset(
    rows: Iterable[FeatureRow],
    sequence_length: int,
    horizon_bars: int,
    interval_s: int,
    inputs: InputList | None = None,
) -> Dataset:
    """Return every sample that `rows` give: a full sequence with a known label.

    Rows of other intervals, later revisions and rows that come again are left out, and the runs are folded bar by
    bar, exactly as it is done when they are served.

    Parameters
    ----------
    rows
        Ordered by time within each pair; read once and not kept.
    sequence_length
        Bars in a sequence.
    horizon_bars
        How many bars ahead the label looks.
    interval_s
        Length of a bar, seconds.
    inputs
        What the model sees of a bar; by default what the models that come along see.

    Returns
    -------
    Dataset
        Samples of all pairs; none where the rows give none.
    """
    seen = inputs or input_list()
    tables: dict[tuple[str, str], _PairTable] = {}
    for row in rows:
        if row.interval_s == interval_s and row.revision == 0:
            tables.setdefault((row.exchange, row.pair), _PairTable(seen)).add(row)
    ordered = [tables[key] for key in sorted(tables)]
    bars = [bar for table in ordered for bar in table.bars]
    interval_ms = interval_s * MS_PER_SECOND
    found = _samples(ordered, sequence_length, horizon_bars * interval_ms, interval_ms)
    table = np.array(bars, dtype=np.float32).reshape(-1, len(seen))
    return Dataset(
        samples=Samples(table, found.ends, sequence_length, found.y),
        times_ms=found.times_ms,
        run_lengths=found.run_lengths,
        pair_numbers=found.pair_numbers,
        next_opens=found.next_opens,
        pairs=tuple(sorted({pair for _, pair in tables})),
        rows=sum(len(of_pair.times_ms) for of_pair in ordered),
        warm_rows=len(bars),
        from_ms=min((of_pair.times_ms[0] for of_pair in ordered), default=0),
        to_ms=max((of_pair.times_ms[-1] + interval_ms for of_pair in ordered), default=0),
        unused=found.unused,
        closes=tuple((np.array(each.times_ms, dtype=np.int64), np.array(each.closes)) for each in ordered),
    )


class _Found(NamedTuple):
    """Of every sample, its last bar's place in the common table, and what `Samples` and `Dataset` say of it."""

    ends: NDArray[np.int64]
    y: NDArray[np.float64]
    times_ms: NDArray[np.int64]
    run_lengths: NDArray[np.int64]
    pair_numbers: NDArray[np.int64]
    next_opens: NDArray[np.float64]
    unused: Mapping[str, int]


def _samples(tables: list[_PairTable], sequence_length: int, horizon_ms: int, interval_ms: int) -> _Found:
    none = np.empty(0, dtype=np.int64)
    parts = [(none, none.astype(np.float64), none, none, none, none.astype(np.float64))]
    unused = dict.fromkeys(CAUSES, 0)
    before = 0
    for number, table in enumerate(tables):
        at_ms = np.array(table.times_ms, dtype=np.int64)
        run_lengths = np.array(table.run_lengths, dtype=np.int64)
        closes = np.array(table.closes, dtype=np.float64)
        y = labels(at_ms, closes, horizon_ms)
        opens = later(at_ms, np.array(table.opens, dtype=np.float64), interval_ms)
        place = before + np.cumsum(run_lengths > 0) - 1
        chosen = (run_lengths >= sequence_length) & ~np.isnan(y)
        numbers = np.full(int(chosen.sum()), number, dtype=np.int64)
        parts.append((place[chosen], y[chosen], at_ms[chosen], run_lengths[chosen], numbers, opens[chosen]))
        reasons = (
            np.isnan(closes),
            run_lengths == 0,
            run_lengths < sequence_length,
            np.isnan(later(at_ms, closes, horizon_ms)),
            np.isnan(y),
        )
        left = np.ones(len(at_ms), dtype=bool)
        for cause, holds in zip(CAUSES, reasons, strict=True):
            unused[cause] += int((left & holds).sum())
            left &= ~holds
        before += len(table.bars)
    ends, ys, times, runs, numbers, opens = (np.concatenate(part) for part in zip(*parts, strict=True))
    return _Found(ends, ys, times, runs, numbers, opens, unused)
