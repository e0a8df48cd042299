"""Sliding windows of exactly n values in constant time, without a running sum that remembers where it started.

Time is cut into blocks of n bars, at multiples of n since the epoch. A window ends somewhere in a block and began in
the one before it, so it is the end of that block joined with the beginning of this one: both are folded within their
block alone, in a stated order. The result is a function of the n values and of the clock: whoever has those n bars
gets the same bits, an absurd value is gone when it has left the window, and nothing drifts.

Source: van Herk, Pattern Recognition Letters 13 (1992), and Gil and Werman, IEEE PAMI 15 (1993), there for minima.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate
from operator import add

import numpy as np
from numpy.typing import NDArray

from features.expressions import RollingName

Floats = NDArray[np.float64]

#: What joins with anything and leaves it as it is: the end of a block from which a window takes nothing.
NOTHING = {"sum": 0.0, "max": -math.inf, "min": math.inf}


def ends(name: RollingName, block: Sequence[float]) -> list[float]:
    """Return the fold of ``block[i:]`` for each i, from the last value to the first, and of nothing.

    Examples
    --------
    >>> ends("sum", [1.0, 2.0, 4.0])
    [7.0, 6.0, 4.0, 0.0]
    """
    folded = list(accumulate(reversed(block), _JOIN[name], initial=NOTHING[name]))
    folded.reverse()
    return folded


def deviation_ends(block: Sequence[float]) -> list[tuple[float, float]]:
    """Return mean and sum of squared deviations of ``block[i:]`` for each i (Welford), and of nothing."""
    mean = squares = 0.0
    found = [(mean, squares)]
    for count, value in enumerate(reversed(block), start=1):
        off = value - mean
        mean = mean + off / count
        squares = squares + off * (value - mean)
        found.append((mean, squares))
    found.reverse()
    return found


def weights(bars: int) -> list[float]:
    """Return what the distance of two means counts when ``i`` values are joined with ``bars - i``, for each i."""
    return [count * (bars - count) / bars for count in range(bars + 1)]


def _greater(left: float, right: float) -> float:
    return left if left > right or left != left else right


def _smaller(left: float, right: float) -> float:
    return left if left < right or left != left else right


_JOIN: dict[str, Callable[[float, float], float]] = {"sum": add, "max": _greater, "min": _smaller}
_JOIN_ARRAYS: dict[str, np.ufunc] = {"sum": np.add, "max": np.maximum, "min": np.minimum}


def rolling(name: RollingName, values: Floats, bars: int, first_number: int) -> Floats:
    """Return the fold of each window of `bars` values, NaN before the first whole one.

    Parameters
    ----------
    values
        One for each bar.
    first_number
        Of the first bar, counted from the epoch: where blocks begin.
    """
    blocks = _blocks(values, bars, first_number)
    if name == "deviation":
        folded = _deviations(blocks)
    elif bars <= _SHORT:
        folded = _short(_JOIN_ARRAYS[name], NOTHING[name], blocks)
    else:
        folded = _long(_JOIN_ARRAYS[name], NOTHING[name], blocks)
    offset = first_number % bars
    return folded.reshape(-1)[offset : offset + len(values)]


#: Up to so many bars it is quicker to go through all blocks at once, place by place, than through each block.
_SHORT = 48


def _long(join: np.ufunc, nothing: float, blocks: Floats) -> Floats:
    heads: Floats = join.accumulate(blocks, axis=1)
    tails = np.empty_like(blocks)
    tails[0] = math.nan
    tails[1:, :-1] = join.accumulate(blocks[:-1, ::-1], axis=1)[:, -2::-1]
    tails[:, -1] = nothing
    return join(tails, heads, out=heads)  # type: ignore[no-any-return]


def _short(join: np.ufunc, nothing: float, blocks: Floats) -> Floats:
    heads = np.ascontiguousarray(blocks.T)
    bars, count = heads.shape
    tails = np.empty((bars, count))
    tails[-1] = nothing
    tails[:-1, 0] = math.nan
    for place in range(bars - 1, 0, -1):
        join(tails[place, 1:], heads[place, :-1], out=tails[place - 1, 1:])
    for place in range(1, bars):
        join(heads[place - 1], heads[place], out=heads[place])
    return np.ascontiguousarray(join(tails, heads, out=heads).T)


def _blocks(values: Floats, bars: int, first_number: int) -> Floats:
    """Return whole blocks, one in a row; NaN stands where there are no values."""
    offset = first_number % bars
    count = -(-(offset + len(values)) // bars)
    end = offset + len(values)
    padded = np.empty(count * bars)
    padded[:offset] = padded[end:] = math.nan
    np.add(values, 0.0, out=padded[offset:end])  # -0.0 becomes 0.0, as it does where a stream adds it up
    return padded.reshape(count, bars)


def _deviations(blocks: Floats) -> Floats:
    """Return population standard deviations: Welford within a block, Chan, Golub and LeVeque (1983) between two."""
    columns = np.ascontiguousarray(blocks.T)
    bars, count = columns.shape
    tail_means, tail_squares = np.zeros((2, bars + 1, count))
    tail_means[:bars, 0] = math.nan
    mean, squares = np.zeros((2, count - 1))
    for taken in range(1, bars):
        mean, squares = _welford(mean, squares, columns[bars - taken, :-1], taken)
        tail_means[bars - taken, 1:], tail_squares[bars - taken, 1:] = mean, squares
    found = np.empty_like(columns)
    mean, squares = np.zeros((2, count))
    for place, weight in enumerate(weights(bars)[1:], start=1):
        mean, squares = _welford(mean, squares, columns[place - 1], place)
        between = tail_means[place] - mean
        found[place - 1] = np.sqrt((squares + tail_squares[place] + between * between * weight) / bars)
    return np.ascontiguousarray(found.T)


def _welford(mean: Floats, squares: Floats, value: Floats, count: int) -> tuple[Floats, Floats]:
    off = value - mean
    mean = mean + off / count
    return mean, squares + off * (value - mean)
