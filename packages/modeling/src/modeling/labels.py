"""What a model learns to foresee."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def forward_log_returns(
    times_ms: NDArray[np.int64], closes: NDArray[np.float64], horizon_ms: int
) -> NDArray[np.float64]:
    """Return ``ln(close[t + horizon] / close[t])`` of each bar of one pair.

    Parameters
    ----------
    times_ms
        Starts of the bars' windows, ascending.
    closes
        Their closes; NaN where the bar is part of a gap.
    horizon_ms
        How far ahead, in time and not in rows: a hole does not shift a label.

    Returns
    -------
    ndarray of shape (bars,)
        NaN where the bar that much later does not exist, or where either close is NaN.

    Examples
    --------
    >>> forward_log_returns(np.array([0, 60, 180]), np.array([1.0, 2.0, 2.0]), 60)
    array([0.69314718,        nan,        nan])
    """
    return np.log(later(times_ms, closes, horizon_ms) / closes)


def later(times_ms: NDArray[np.int64], values: NDArray[np.float64], by_ms: int) -> NDArray[np.float64]:
    """Return the value of the bar that begins `by_ms` later, NaN where there is none."""
    if len(times_ms) == 0:
        return np.empty(0, dtype=np.float64)
    wanted = times_ms + by_ms
    at = np.minimum(np.searchsorted(times_ms, wanted), len(times_ms) - 1)
    return np.where(times_ms[at] == wanted, values[at], np.nan)


def labels(times_ms: NDArray[np.int64], closes: NDArray[np.float64], horizon_ms: int) -> NDArray[np.float64]:
    """Return 1 where the close `horizon_ms` later is higher, 0 where it is lower, NaN where it is equal or unknown.

    A close that did not move is neither: counted as "not up" it would teach a model of a quiet market that prices
    fall, with a confidence that only says how quiet the market is.
    """
    returns = forward_log_returns(times_ms, closes, horizon_ms)
    return np.where(np.isnan(returns) | (returns == 0), np.nan, (returns > 0).astype(np.float64))
