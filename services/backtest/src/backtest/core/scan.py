"""The bar an account wakes at next: one compiled pass over columns of floats.

The text of a decimal becomes the nearest float, which keeps order: what is not above another is not above it as
floats either. Sums of products round; they are compared with a margin, on the side of waking.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from contracts.values import dataclass

Floats = NDArray[np.float64]

#: Of the sum of what is added up; a dozen products of floats are off by less than a hundredth of it.
MARGIN = 1e-12


#: What stands where in `Track.prices`, and in `Watch.levels`.
LOW, HIGH, CLOSE, RISK = range(4)
QUANTITY, LOW_AT_MOST, HIGH_AT_LEAST = range(3)


@dataclass(frozen=True, slots=True)
class Track:
    """What a scan reads of all bars, in few arrays: handing one over costs as much as a dozen bars.

    Attributes
    ----------
    prices
        (4, pairs, bars). The low and high of the bar, infinity and minus infinity where the pair has none; the last
        known close; what loss limits look at: the low or the close, and the last known close where there is no bar.
    decision
        (pairs, bars): what its signal says, as a number; 0 is no decision.
    kind
        (pairs, bars): the same, and `decisions` more where the pair has no complete candle.
    """

    prices: Floats
    decision: NDArray[np.int8]
    kind: NDArray[np.int8]

    @property
    def close(self) -> Floats:
        """The last known close of each pair."""
        close: Floats = self.prices[CLOSE]
        return close

    def until(self, end: int) -> Track:
        """Return the bars before `end`, in a piece as the compiled scan takes them."""
        prices, decision, kind = self.prices[..., :end], self.decision[:, :end], self.kind[:, :end]
        return Track(np.ascontiguousarray(prices), np.ascontiguousarray(decision), np.ascontiguousarray(kind))


@dataclass(frozen=True, slots=True)
class Watch:
    """What ends the sleep.

    Attributes
    ----------
    levels
        (3, pairs): what is held, and the prices that a low and a high are looked at for.
    acts
        (pairs): whether to wake at a bar of a kind, a bit for each.
    fixed
        What equity is beyond the worth of all holdings, roughly.
    worth_at_most
        Of all holdings together, at the price that loss limits look at.
    worth_at_least
        At the closes.
    """

    levels: Floats
    acts: NDArray[np.int64]
    fixed: float
    worth_at_most: float
    worth_at_least: float


def scan(begin: int, stop: int, track: Track, watch: Watch) -> tuple[int, float]:
    """Return the first bar from `begin` on, at most `stop`, to wake at, and the most that was held before it.

    That is the highest worth of all holdings at closes, minus infinity if no bar was slept through.
    """
    found: tuple[int, float] = _scan(
        begin, stop, track.prices, track.kind, watch.levels, watch.acts, watch.worth_at_most, watch.worth_at_least
    )
    return found


@numba.njit(cache=True)
def _scan(
    begin: int,
    stop: int,
    prices: Floats,
    kind: NDArray[np.int8],
    levels: Floats,
    acts: NDArray[np.int64],
    worth_at_most: float,
    worth_at_least: float,
) -> tuple[int, float]:
    pairs = len(acts)
    highest = -np.inf
    for bar in range(begin, stop):
        worth, marked, gross = 0.0, 0.0, 0.0
        for pair in range(pairs):
            if (
                acts[pair] >> kind[pair, bar] & 1
                or prices[LOW, pair, bar] <= levels[LOW_AT_MOST, pair]
                or prices[HIGH, pair, bar] >= levels[HIGH_AT_LEAST, pair]
            ):
                return bar, highest
            quantity = levels[QUANTITY, pair]
            if quantity != 0.0:
                worth += quantity * prices[RISK, pair, bar]
                marked += quantity * prices[CLOSE, pair, bar]
                gross += abs(quantity) * prices[CLOSE, pair, bar]
        margin = MARGIN * gross
        if worth - margin <= worth_at_most or marked + margin >= worth_at_least:
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
