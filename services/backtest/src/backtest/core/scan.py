"""The bar an account wakes at next: one compiled pass over columns of floats.

The text of a decimal becomes the nearest float, which keeps order: what is not above another is not above it as
floats either. Sums of products round; they are compared with a margin, on the side of waking.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Of the sum of what is added up; a dozen products of floats are off by less than a hundredth of it.
MARGIN = 1e-12


class Track(NamedTuple):
    """What a scan reads of all bars: arrays of (pairs, bars).

    Attributes
    ----------
    low, high
        Of the bar; infinity and minus infinity where the pair has none.
    close
        The last known.
    risk
        What loss limits look at: the low, or the close; the last known close where the pair has no bar.
    incomplete
        Whether the pair has no complete candle.
    decision
        What its signal says, as a number; 0 is no decision.
    """

    low: Floats
    high: Floats
    close: Floats
    risk: Floats
    incomplete: NDArray[np.bool_]
    decision: NDArray[np.int8]


class Watch(NamedTuple):
    """What ends the sleep: arrays of (pairs,), and bounds on what all holdings are worth together.

    Attributes
    ----------
    quantity
        What is held.
    low_at_most, high_at_least
        Prices.
    incomplete
        Whether to wake where the pair has no complete candle.
    acts
        By decision, of (pairs, decisions), whether to wake at it.
    worth_at_most
        At the price that loss limits look at.
    worth_at_least
        At the closes.
    """

    quantity: Floats
    low_at_most: Floats
    high_at_least: Floats
    incomplete: NDArray[np.bool_]
    acts: NDArray[np.bool_]
    worth_at_most: float
    worth_at_least: float


@numba.njit(cache=True)
def scan(begin: int, stop: int, track: Track, watch: Watch) -> tuple[int, float]:
    """Return the first bar from `begin` on, at most `stop`, to wake at, and the most that was held before it.

    That is the highest worth of all holdings at closes, minus infinity if no bar was slept through.
    """
    pairs = len(watch.quantity)
    highest = -np.inf
    for bar in range(begin, stop):
        worth, marked, gross = 0.0, 0.0, 0.0
        for pair in range(pairs):
            if (
                watch.acts[pair, track.decision[pair, bar]]
                or (watch.incomplete[pair] and track.incomplete[pair, bar])
                or track.low[pair, bar] <= watch.low_at_most[pair]
                or track.high[pair, bar] >= watch.high_at_least[pair]
            ):
                return bar, highest
            quantity = watch.quantity[pair]
            if quantity != 0.0:
                worth += quantity * track.risk[pair, bar]
                marked += quantity * track.close[pair, bar]
                gross += abs(quantity) * track.close[pair, bar]
        margin = MARGIN * gross
        if worth - margin <= watch.worth_at_most or marked + margin >= watch.worth_at_least:
            return bar, highest
        highest = max(highest, marked)
    return stop, highest


@numba.njit(cache=True)
def highest_bars(begin: int, end: int, close: Floats, quantity: Floats, least: float) -> NDArray[np.int64]:
    """Return the bars on which all holdings were worth at least `least` at closes."""
    found = np.empty(end - begin, np.int64)
    count = 0
    for bar in range(begin, end):
        marked = 0.0
        for pair in range(len(quantity)):
            if quantity[pair] != 0.0:
                marked += quantity[pair] * close[pair, bar]
        if marked >= least:
            found[count] = bar
            count += 1
    return found[:count]
