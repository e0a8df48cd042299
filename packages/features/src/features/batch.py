"""The same features for a whole history at once: what training and backtests run.

Bit-identical to the stream: the same expressions, over arrays (`arrays`). At a hole the stream starts again; here the
bars that are missing stand as NaN, unless they are too many, and nothing is computed across them. A history is cut
into stretches that fit a processor's cache; each is evaluated together with the bars before it that its values look
back to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from contracts.errors import BadInputError
from contracts.units import MS_PER_SECOND
from features import ANCHOR_BARS, FEATURES, Feature
from features.arrays import Arrays
from features.bars import Bar
from features.blocks import Floats
from features.timeframes import by_timeframe, folded

_PRICES = frozenset({"open", "high", "low", "close", "reference_close"})
#: What may be unknown of a bar.
_MAY_LACK = frozenset({"reference_close", "taker_buy_volume"})
#: Anchors in a stretch: 16 days of one-minute bars, of which a column has 180 KiB.
_STRETCH_ANCHORS = 16
#: Starting anew costs as much as about a thousand bars: what is missing between two is evaluated, too, up to so many.
_LONGEST_FILLED = 1_000


def compute(
    window_start_ms: ArrayLike,
    columns: Mapping[str, ArrayLike],
    interval_s: int,
    features: Sequence[Feature] = FEATURES,
    given: Mapping[str, ArrayLike] | None = None,
) -> dict[str, Floats]:
    """Return each feature on each bar; NaN where the stream's row has null.

    Parameters
    ----------
    window_start_ms
        Starts of the windows, strictly increasing multiples of the interval. Where one is missing, history starts
        again: nothing is computed across the hole.
    columns
        The columns of a `Bar` that the features use, one value for each window; `reference_close` may be left out,
        and is NaN where it is not known, as is `taker_buy_volume`.
    interval_s
        Length of a bar, seconds.
    features
        What to compute.
    given
        By name the values that come with the bars, one for each window; NaN where it is not known.

    Returns
    -------
    dict[str, Floats]
        An array of shape (windows,) for each feature's name.

    Raises
    ------
    BadInputError
        If the windows are not in order, not of the interval, or a column is missing, has another length or a value
        that is not finite.
    """
    starts = _starts(window_start_ms, interval_s)
    interval_ms = interval_s * MS_PER_SECOND
    values = {name: np.ascontiguousarray(columns[name], dtype=np.float64) for name in Bar._fields if name in columns}
    values.setdefault("reference_close", np.full(len(starts), np.nan))
    _check(starts, values, interval_ms, features)
    values |= _given(given or {}, len(starts), features)
    own, longer, impossible = by_timeframe(features, interval_s)
    result = {feature.name: np.empty(len(starts)) for feature in features}
    for feature in impossible:
        result[feature.name].fill(np.nan)
    for first, last in _stretches_of_time(starts, interval_ms):
        bars = _bars(starts[first:last], {name: column[first:last] for name, column in values.items()}, interval_ms)
        of_bars = {name: column[first:last] for name, column in result.items()}
        _compute_own(bars, interval_ms, own, of_bars)
        for timeframe_s, group in longer.items():
            _compute_longer(bars, interval_s, timeframe_s, group, of_bars)
    return result


class _Bars(NamedTuple):
    """Consecutive bars.

    Attributes
    ----------
    missing
        Which of them are not there, and NaN; None if all are.
    """

    starts: NDArray[np.int64]
    columns: Mapping[str, Floats]
    missing: NDArray[np.bool_] | None

    def given(self, values: Floats, begin: int = 0, end: int | None = None) -> Floats:
        """Return those of `values`, of the bars from `begin` to `end`, of which the bar is there."""
        return values if self.missing is None else values[~self.missing[begin:end]]

    def place(self, bar: int) -> int:
        """Return how many bars before `bar` are there."""
        return bar if self.missing is None else bar - int(np.count_nonzero(self.missing[:bar]))


def _bars(starts: NDArray[np.int64], columns: Mapping[str, Floats], interval_ms: int) -> _Bars:
    """Return bars with those between them that are missing, which are then evaluated all at once."""
    places = (starts - starts[0]) // interval_ms
    size = int(places[-1]) + 1
    if size == len(starts):
        return _Bars(starts, columns, None)
    filled = {name: np.full(size, np.nan) for name in columns}
    for name, column in filled.items():
        column[places] = columns[name]
    missing = np.ones(size, dtype=bool)
    missing[places] = False
    return _Bars(starts[0] + interval_ms * np.arange(size, dtype=np.int64), filled, missing)


def _compute_own(bars: _Bars, interval_ms: int, features: Sequence[Feature], result: Mapping[str, Floats]) -> None:
    """Fill `result` with features of the row's own bars."""
    starts, columns, missing = bars
    first_number = int(starts[0]) // interval_ms
    anchors = np.flatnonzero(starts // interval_ms % ANCHOR_BARS == 0)
    window = max((feature.reach.window for feature in features), default=1)
    warm_up = max((feature.reach.anchored for feature in features), default=0)
    held = max((feature.reach.held for feature in features), default=0)
    for begin, end in _stretches(len(starts), anchors):
        # A value that a lag still holds may be of a segment before, which was opened on bars before that.
        segment = begin - -(-held // ANCHOR_BARS) * ANCHOR_BARS
        back = max(0, min(segment - warm_up, begin - window + 1))
        part = Arrays(
            {name: column[back:end] for name, column in columns.items()},
            first_number + back,
            starts[back:end] + interval_ms,
            [anchor - back for anchor in anchors.tolist() if max(back, segment) <= anchor < end],
            None if missing is None else missing[back:end],
        )
        first, last = bars.place(begin), bars.place(end)
        with np.errstate(all="ignore"):  # what has no value is NaN, as in the stream
            for feature in features:
                values = part.value(feature.formula)[begin - back :]
                result[feature.name][first:last] = bars.given(values, begin, end)


def _stretches(rows: int, anchors: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Yield [begin, end) of stretches that begin at an anchor, or at the first bar."""
    edges = [0, *(anchor for anchor in anchors[::_STRETCH_ANCHORS].tolist() if anchor), rows]
    yield from pairwise(edges)


def _compute_longer(
    bars: _Bars,
    interval_s: int,
    timeframe_s: int,
    features: Sequence[Feature],
    result: Mapping[str, Floats],
) -> None:
    columns = {name: column for name, column in bars.columns.items() if name in Bar._fields}
    longer = folded(columns, bars.starts, timeframe_s, interval_s, bars.missing)
    if not len(longer.end_times_ms):
        for feature in features:
            result[feature.name].fill(np.nan)
        return
    first_number = int(longer.end_times_ms[0]) // (timeframe_s * MS_PER_SECOND) - 1
    evaluated = Arrays(longer.columns, first_number, longer.end_times_ms, (), longer.missing)
    with np.errstate(all="ignore"):
        for feature in features:
            values = np.append(evaluated.value(feature.formula), np.nan)  # the last stands for "none has closed"
            result[feature.name][:] = bars.given(values[longer.closed])


def _check(
    starts: NDArray[np.int64], values: Mapping[str, Floats], interval_ms: int, features: Sequence[Feature]
) -> None:
    for feature in features:
        for name in sorted(feature.columns - set(values)):
            raise BadInputError(f"columns.{name}", f"values, which {feature.name} is made from", "missing")
    if np.any(starts % interval_ms):
        raise BadInputError("window_start_ms", f"multiples of {interval_ms}", starts[starts % interval_ms != 0][0])
    if np.any(np.diff(starts) <= 0):
        raise BadInputError("window_start_ms", "strictly increasing", starts[1:][np.diff(starts) <= 0][0])
    for name, column in values.items():
        if column.shape != starts.shape:
            raise BadInputError(name, f"shape {starts.shape}", column.shape)
        wrong = ~(np.isfinite(column) | (np.isnan(column) & (name in _MAY_LACK)))
        wrong |= column <= 0 if name in _PRICES else column < 0
        if wrong.any():
            place = int(np.argmax(wrong))
            expected = "finite numbers above 0" if name in _PRICES else "finite numbers, not below 0"
            raise BadInputError(name, expected, f"{column[place]} at {starts[place]} ms")


def _given(given: Mapping[str, ArrayLike], rows: int, features: Sequence[Feature]) -> dict[str, Floats]:
    """Return the values that come with the bars and are used."""
    users = {name: feature.name for feature in features for name in sorted(feature.given)}
    for name, user in users.items():
        if name not in given:
            raise BadInputError(f"given.{name}", f"values, which {user} is made from", "missing")
    values = {name: np.ascontiguousarray(given[name], dtype=np.float64) for name in users}
    for name, column in values.items():
        if column.shape != (rows,):
            raise BadInputError(f"given.{name}", f"shape {(rows,)}", column.shape)
        if np.isinf(column).any():
            raise BadInputError(f"given.{name}", "finite numbers, NaN where not known", "infinity")
    return values


def _starts(window_start_ms: ArrayLike, interval_s: int) -> NDArray[np.int64]:
    given = np.asarray(window_start_ms)
    if len(given) and not np.issubdtype(given.dtype, np.integer):
        raise BadInputError("window_start_ms", "integers, milliseconds since the epoch", given.dtype)
    if interval_s < 1:
        raise BadInputError("interval_s", "at least 1", interval_s)
    return given.astype(np.int64)


def _stretches_of_time(starts: NDArray[np.int64], interval_ms: int) -> Iterator[tuple[int, int]]:
    """Yield [first, last) of each stretch without a hole of more than `_LONGEST_FILLED` bars."""
    holes = np.flatnonzero(np.diff(starts) > _LONGEST_FILLED * interval_ms) + 1
    edges = [0, *holes.tolist(), len(starts)]
    yield from ((first, last) for first, last in pairwise(edges) if last > first)
