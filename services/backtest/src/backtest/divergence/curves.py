"""How alike two equity curves are."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from backtest.achieved import returns_of

Floats = NDArray[np.float64]
#: How many bars two points may be apart to be held against each other: an hour of minutes.
BAND = 60


def correlation(one: Floats, other: Floats) -> float | None:
    """Return the correlation of the bar returns of two curves.

    Parameters
    ----------
    one, other
        Shape (bars + 1,), equity at the same times.

    Returns
    -------
    float | None
        1 of equal curves; None where one of two others does not move.

    Examples
    --------
    >>> correlation(np.array([100.0, 110, 99]), np.array([10.0, 11, 9.9]))
    1.0
    """
    if np.array_equal(one, other):
        return 1.0
    of_one, of_other = returns_of(one), returns_of(other)
    if not of_one.any() or not of_other.any() or min(np.ptp(of_one), np.ptp(of_other)) == 0:
        return None
    return round(float(np.corrcoef(of_one, of_other)[0, 1]), 12)


def warped_apart_pct(one: Floats, other: Floats, initial: float, band: int = BAND) -> float:
    """Return by how much two curves are apart once time is warped so that they are as near as can be (DTW).

    Of all ways to walk both curves from beginning to end, no step back, the one along which the sum of what they are
    apart is least; that sum by bar, in percent of the money that both began with. What is a bar late costs
    next to nothing here, and all of it in a comparison bar by bar.

    Parameters
    ----------
    one, other
        Shape (n,), quote currency.
    initial
        What both began with.
    band
        How many bars two points may be apart to be held against each other (Sakoe and Chiba, 1978).

    Returns
    -------
    float
        0 of curves that are one, warped.

    Examples
    --------
    Both begin at 1; the second is one step behind and ends at 3 where the first ends at 4.

    >>> warped_apart_pct(np.array([1.0, 2, 3, 4]), np.array([1.0, 1, 2, 3]), initial=100)
    0.25
    """
    if not len(one):
        return 0.0
    return float(_least(one, other, band)) / len(one) / initial * 100


@numba.njit(cache=True)
def _least(one: Floats, other: Floats, band: int) -> float:
    length = len(one)
    before, now = np.full(length + 1, np.inf), np.full(length + 1, np.inf)
    before[0] = 0.0
    for row in range(1, length + 1):
        first, last = max(1, row - band), min(length, row + band)
        now[first - 1] = np.inf
        for column in range(first, last + 1):
            nearest = min(before[column], before[column - 1], now[column - 1])
            now[column] = abs(one[row - 1] - other[column - 1]) + nearest
        if last < length:
            now[last + 1] = np.inf  # where the next row's band goes further than this one's
        before, now = now, before
    return float(before[length])
