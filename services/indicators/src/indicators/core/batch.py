"""The same features for a whole history at once: what training and backtests run.

Bit-identical to the stream: functions of windows are the same code over arrays, recursive functions are TA-Lib's
batch functions over each segment from ``anchor - bars`` to the next anchor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from contracts.errors import BadInputError
from contracts.features import ANCHOR_BARS, FEATURES, Feature
from contracts.units import MS_PER_SECOND
from indicators.core.bars import Bar
from indicators.core.computations import Floats, Recursive, Windowed, computations

Columns = Mapping[str, Floats]


def compute(
    window_start_ms: ArrayLike,
    columns: Mapping[str, ArrayLike],
    interval_s: int,
    features: Sequence[Feature] = FEATURES,
) -> dict[str, Floats]:
    """Return each feature on each bar; NaN where the stream's row has null.

    Parameters
    ----------
    window_start_ms
        Starts of the windows, strictly increasing multiples of the interval. Where one is missing, history starts
        again: nothing is computed across the hole.
    columns
        `open`, `high`, `low`, `close` and `volume` (those that the features use), one value for each window.
    interval_s
        Length of a bar, seconds.
    features
        What to compute.

    Raises
    ------
    BadInputError
        If the windows are not in order, not of the interval, or a column has another length.
    """
    starts = np.asarray(window_start_ms, dtype=np.int64)
    interval_ms = interval_s * MS_PER_SECOND
    values = {name: np.ascontiguousarray(columns[name], dtype=np.float64) for name in Bar._fields if name in columns}
    _check(starts, values, interval_ms)
    result = {feature.name: np.full(len(starts), np.nan) for feature in features}
    windowed, recursive = computations(features)
    for first, last in _runs(starts, interval_ms):
        run = {name: column[first:last] for name, column in values.items()}
        anchors = np.flatnonzero(starts[first:last] % (ANCHOR_BARS * interval_ms) == 0)
        for over_windows in windowed:
            for name, column in _windowed(over_windows, run, last - first).items():
                result[name][first:last] = column
        for since_anchor in recursive:
            for name, column in _recursive(since_anchor, run, last - first, anchors).items():
                result[name][first:last] = column
    return result


def _check(starts: NDArray[np.int64], values: Columns, interval_ms: int) -> None:
    if np.any(starts % interval_ms):
        raise BadInputError("window_start_ms", f"multiples of {interval_ms}", starts[starts % interval_ms != 0][0])
    if np.any(np.diff(starts) <= 0):
        raise BadInputError("window_start_ms", "strictly increasing", starts[1:][np.diff(starts) <= 0][0])
    for name, column in values.items():
        if column.shape != starts.shape:
            raise BadInputError(name, f"shape {starts.shape}", column.shape)
        if name != "reference_close" and not np.all(np.isfinite(column)):
            raise BadInputError(name, "finite numbers", column[~np.isfinite(column)][0])


def _runs(starts: NDArray[np.int64], interval_ms: int) -> Iterator[tuple[int, int]]:
    """Yield [first, last) of each stretch without a hole."""
    holes = np.flatnonzero(np.diff(starts) != interval_ms) + 1
    edges = [0, *holes.tolist(), len(starts)]
    yield from ((first, last) for first, last in pairwise(edges) if last > first)


def _windowed(computation: Windowed, run: Columns, rows: int) -> dict[str, Floats]:
    """Return the outputs over a run, NaN before the first full window."""
    bars = computation.bars
    whole = rows - bars + 1
    if whole <= 0:
        return {}
    windows = [[run[name][at : at + whole] for at in range(bars)] for name in computation.inputs]
    cold = np.full(bars - 1, np.nan)
    return {
        name: np.concatenate([cold, column])
        for name, column in computation.named(computation.results(windows)).items()
    }


def _recursive(computation: Recursive, run: Columns, rows: int, anchors: NDArray[np.intp]) -> dict[str, Floats]:
    """Return the outputs over a run, NaN before the first anchor with enough bars before it."""
    columns = {name: np.full(rows, np.nan) for name, _ in computation.outputs}
    for anchor, end in pairwise([*anchors.tolist(), rows]):
        start = anchor - computation.bars
        if start < 0:
            continue
        segment = computation.batch([run[name][start:end] for name in computation.inputs])
        for name, column in computation.named(segment).items():
            columns[name][anchor:end] = column[computation.bars :]
    return columns
