"""The triple-barrier label: which of two prices is reached first, if one is within the horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Consecutive bars whose returns say how volatile a pair is now.
VOLATILITY_BARS = 60


@dataclass(frozen=True, slots=True)
class PairBars:
    """Bars of one pair, as labels see them.

    Parameters
    ----------
    times_ms
        Starts of their windows, ascending.
    highs, lows, closes
        Their prices; NaN where the bar is part of a gap.
    interval_ms
        Length of a bar.
    """

    times_ms: NDArray[np.int64]
    highs: Floats
    lows: Floats
    closes: Floats
    interval_ms: int


def volatility(bars: PairBars) -> Floats:
    """Return the root mean square of the last `VOLATILITY_BARS` log returns from close to close.

    Returns
    -------
    ndarray of shape (bars,)
        NaN unless the bars they need follow one another and are all known.
    """
    found = np.full(len(bars.times_ms), np.nan)
    if len(found) > VOLATILITY_BARS:
        squares = np.diff(np.log(bars.closes)) ** 2
        means = np.lib.stride_tricks.sliding_window_view(squares, VOLATILITY_BARS).mean(axis=1)
        length_ms = bars.times_ms[VOLATILITY_BARS:] - bars.times_ms[:-VOLATILITY_BARS]
        whole = length_ms == VOLATILITY_BARS * bars.interval_ms
        found[VOLATILITY_BARS:] = np.where(whole, np.sqrt(means), np.nan)
    return found


def barriers(bars: PairBars, horizon_bars: int, width: float) -> tuple[Floats, Floats]:
    """Return the lower and the upper barrier of each bar: ``close * exp(-+width * volatility * sqrt(horizon_bars))``.

    Returns
    -------
    tuple[Floats, Floats]
        NaN where the volatility is not known or zero.
    """
    distance = width * volatility(bars) * np.sqrt(horizon_bars)
    known = np.where(distance > 0, distance, np.nan)
    return bars.closes * np.exp(-known), bars.closes * np.exp(known)


def touched(lows: Floats, highs: Floats, lower: Floats, upper: Floats) -> Floats:
    """Return which barrier each bar reaches: 1 the upper, -1 the lower or both, 0 none.

    A bar that reaches both does not say in which order: it counts as the lower, the worse for who has bought.

    Returns
    -------
    Floats
        As many as bars.
    """
    return np.where(lows <= lower, -1.0, np.where(highs >= upper, 1.0, 0.0))


def triple_barrier(bars: PairBars, horizon_bars: int, width: float) -> Floats:
    """Return 1 where a high reaches the upper barrier first, -1 where a low reaches the lower, 0 where time is up.

    The barriers are those of `barriers`, so that `width` counts deviations of the close at the horizon; a bar reaches
    what `touched` says.

    Parameters
    ----------
    bars
        Of one pair.
    horizon_bars
        How many bars are waited for.
    width
        How far the barriers are.

    Returns
    -------
    ndarray of shape (bars,)
        NaN where the volatility is not known or zero, and where a bar is missing before a barrier is reached.

    References
    ----------
    Marcos López de Prado, Advances in Financial Machine Learning (2018), chapter 3.
    """
    lower, upper = barriers(bars, horizon_bars, width)
    label = np.full(len(bars.closes), np.nan)
    waiting = np.flatnonzero(~np.isnan(upper))
    for step in range(1, horizon_bars + 1):
        waiting = waiting[waiting + step < len(label)]
        at = waiting + step
        # None was missing before, so a bar that is not where it should be is the first hole.
        known = (bars.times_ms[at] == bars.times_ms[waiting] + step * bars.interval_ms) & ~np.isnan(bars.closes[at])
        waiting, at = waiting[known], at[known]
        reached = touched(bars.lows[at], bars.highs[at], lower[waiting], upper[waiting])
        label[waiting[reached != 0]] = reached[reached != 0]
        waiting = waiting[reached == 0]
    label[waiting] = 0.0
    return label
