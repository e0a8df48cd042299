"""Feature rows as samples: the same run of bars that serving keeps, with what happened next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from contracts.feature_row import FeatureRow
from contracts.units import MS_PER_SECOND
from modeling.input_list import InputList, input_list
from modeling.labels import RISE, LabelRule, later
from modeling.pair_table import Labelled, PairColumns, PairTable, causes

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
        1 up, 0 down, NaN where neither; shape (samples,).
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
class Part:
    """Samples of all pairs, by pair and time, and what else is known of each.

    Parameters
    ----------
    samples
        Full sequences.
    times_ms
        Start of each sample's last window.
    run_lengths
        Consecutive bars known at each sample, at least the sequence: whether a longer sequence would be full too.
    pair_numbers
        Of each sample, its pair.
    next_opens
        Of each sample, what the bar after it opens at, where a decision is filled; NaN where there is none.
    """

    samples: Samples
    times_ms: NDArray[np.int64]
    run_lengths: NDArray[np.int64]
    pair_numbers: NDArray[np.int64]
    next_opens: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Dataset(Part):
    """Every full sequence whose label is one of the two, and what rows they were made of.

    Parameters
    ----------
    pairs
        Pairs that gave rows.
    rows, warm_rows
        Number of rows, and of those a model could use.
    from_ms, to_ms
        Start of the first and end of the last window; 0 without rows.
    every
        Every full sequence, whatever became of it: where a model that is served speaks.
    idle
        Full sequences of label 0: a model that is served speaks there too, so they are traded where a recipe is
        judged. None of a label that needs none (`modeling.labels.Label`).
    unused
        How many rows are no sample, by cause (`modeling.pair_table.causes`).
    closes
        Of each pair, the starts of its windows and their closes, NaN where they are part of a gap.
    """

    pairs: tuple[str, ...]
    rows: int
    warm_rows: int
    from_ms: int
    to_ms: int
    every: Part
    idle: Part
    unused: Mapping[str, int] = field(default_factory=dict)
    closes: tuple[tuple[NDArray[np.int64], NDArray[np.float64]], ...] = ()


def build_dataset(
    rows: Iterable[FeatureRow],
    sequence_length: int,
    horizon_bars: int,
    interval_s: int,
    inputs: InputList | None = None,
    label: LabelRule = RISE,
) -> Dataset:
    """Return every sample that `rows` give: a full sequence whose label is one of the two.

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
    label
        What is to be foreseen.

    Returns
    -------
    Dataset
        Samples of all pairs; none where the rows give none.
    """
    seen = inputs or input_list()
    tables: dict[tuple[str, str], PairTable] = {}
    for row in rows:
        if row.interval_s == interval_s and row.revision == 0:
            tables.setdefault((row.exchange, row.pair), PairTable(seen)).add(row)
    folded = {key: table.folded() for key, table in tables.items()}
    return dataset_of(folded, sequence_length, horizon_bars, interval_s, seen, label)


def dataset_of(
    tables: Mapping[tuple[str, str], PairColumns],
    sequence_length: int,
    horizon_bars: int,
    interval_s: int,
    inputs: InputList | None = None,
    label: LabelRule = RISE,
) -> Dataset:
    """Return every sample of rows that are there as columns.

    Parameters
    ----------
    tables
        Rows by exchange and pair.
    sequence_length, horizon_bars, interval_s, inputs, label
        As `build_dataset` has them; the rows were made with these inputs.

    Returns
    -------
    Dataset
        What `build_dataset` returns of the same rows.
    """
    seen = inputs or input_list()
    ordered = [tables[key] for key in sorted(tables)]
    interval_ms = interval_s * MS_PER_SECOND
    labelled = [_labelled(each, sequence_length, horizon_bars, interval_ms, label) for each in ordered]
    none = np.empty((0, len(seen)), dtype=np.float32)
    bars = np.concatenate([none, *(each.bars for each in ordered)])
    part = partial(_part, labelled, bars, sequence_length)
    chosen = part((-1.0, 1.0))
    counts = [each.unused(label) for each in labelled]
    return Dataset(
        chosen.samples,
        chosen.times_ms,
        chosen.run_lengths,
        chosen.pair_numbers,
        chosen.next_opens,
        pairs=tuple(sorted({pair for _, pair in tables})),
        rows=sum(len(each.labels) for each in labelled),
        warm_rows=len(bars),
        from_ms=min((int(each.times_ms[0]) for each in ordered), default=0),
        to_ms=max((int(each.times_ms[-1]) + interval_ms for each in ordered), default=0),
        every=part(None),
        idle=part((0.0,) if label.trades_zeros else ()),
        unused={cause: sum(count[cause] for count in counts) for cause in causes(label)},
        closes=tuple((each.bars.times_ms, each.bars.closes) for each in labelled),
    )


def _labelled(
    table: PairColumns, sequence_length: int, horizon_bars: int, interval_ms: int, label: LabelRule
) -> Labelled:
    bars = table.pair_bars(interval_ms)
    labels = label.of(bars, horizon_bars)
    return Labelled(bars, labels, table.run_lengths, table.opens, sequence_length, horizon_bars)


def _part(tables: list[Labelled], bars: NDArray[np.float32], length: int, wanted: tuple[float, ...] | None) -> Part:
    """Return the full sequences whose label is one of `wanted`, or all of them."""
    none = np.empty(0, dtype=np.int64)
    parts = [(none, none.astype(np.float64), none, none, none, none.astype(np.float64))]
    before = 0
    for number, table in enumerate(tables):
        times_ms, run_lengths = table.bars.times_ms, table.run_lengths
        opens = later(times_ms, table.opens, table.bars.interval_ms)
        place = before + np.cumsum(run_lengths > 0) - 1
        chosen = table.full if wanted is None else table.full & np.isin(table.labels, wanted)
        y = np.where(np.isin(table.labels, (-1.0, 1.0)), (table.labels > 0).astype(np.float64), np.nan)
        numbers = np.full(int(chosen.sum()), number, dtype=np.int64)
        parts.append((place[chosen], y[chosen], times_ms[chosen], run_lengths[chosen], numbers, opens[chosen]))
        before += int((run_lengths > 0).sum())
    ends, ys, times, runs, numbers, opens = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Part(Samples(bars, ends, length, ys), times, runs, numbers, opens)
