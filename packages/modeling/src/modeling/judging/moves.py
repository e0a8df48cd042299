"""How often moves exceed what a round trip costs, by how far one looks ahead: no forecast of the others can pay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from contracts.counted import counted
from modeling.labels import later, round_trip

Floats = NDArray[np.float64]
#: Of each pair, the starts of its windows and its closes.
Closes = Sequence[tuple[NDArray[np.int64], Floats]]

#: Share of moves beyond costs under which there is too little to be gained.
LEAST_SHARE = 0.05
#: Bars ahead that are looked at beside the chosen horizon.
HORIZONS = (1, 5, 15, 30, 60, 120, 240, 480, 720, 1_440)


@dataclass(frozen=True, slots=True)
class Moves:
    """Which share of moves exceeds a round trip.

    Parameters
    ----------
    horizon_bars
        The horizon that was chosen.
    cost_bps
        Of one side, basis points.
    shares
        By bars ahead, ascending; of those that there are any moves of.
    enough_from
        The least number of bars ahead from which the share is enough; None if at no horizon that was looked at.
    """

    horizon_bars: int
    cost_bps: float
    shares: dict[int, float]
    enough_from: int | None

    @property
    def share(self) -> float:
        """At the chosen horizon; 0 if nothing is known of it."""
        return self.shares.get(self.horizon_bars, 0.0)

    @property
    def enough(self) -> bool:
        """Whether there is something to be gained at the chosen horizon."""
        return self.share >= LEAST_SHARE

    def __str__(self) -> str:
        by_horizon = ", ".join(f"{counted(bars, 'bar')} {100 * share:.1f} %" for bars, share in self.shares.items())
        return f"moves beyond a round trip of {2 * self.cost_bps:g} basis points: {by_horizon or 'none known'}"


def moves_beyond_costs(closes: Closes, interval_ms: int, horizon_bars: int, cost_bps: float) -> Moves:
    """Return how often the moves of all pairs exceed a round trip.

    Parameters
    ----------
    closes
        Of each pair; windows ascending, NaN where a close is not known.
    interval_ms
        Length of a bar.
    horizon_bars
        The chosen horizon.
    cost_bps
        Of one side, basis points.

    Returns
    -------
    Moves
        At the chosen horizon and at `HORIZONS`.
    """

    def share(horizon: int) -> float | None:
        counts = [beyond_costs(*each, interval_ms, horizon, cost_bps) for each in closes]
        beyond, known = (sum(count[place] for count in counts) for place in (0, 1))
        return beyond / known if known else None

    found = {horizon: share(horizon) for horizon in sorted({horizon_bars, *HORIZONS})}
    shares = {horizon: each for horizon, each in found.items() if each is not None}
    return Moves(horizon_bars, cost_bps, shares, _enough_from(shares, share))


def _enough_from(shares: dict[int, float], share: Callable[[int], float | None]) -> int | None:
    """Return the least horizon of a share that is enough: moves grow with the time they are given."""
    for low, high in pairwise([0, *shares]):
        if shares[high] >= LEAST_SHARE:
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if (share(middle) or 0.0) >= LEAST_SHARE else (middle, high)
            return high
    return None


def beyond_costs(
    times_ms: NDArray[np.int64], closes: Floats, interval_ms: int, horizon_bars: int, cost_bps: float
) -> tuple[int, int]:
    """Count the moves of one pair that exceed what buying and selling costs.

    Parameters
    ----------
    times_ms, closes
        Starts of the bars' windows, ascending, and their closes; NaN where unknown.
    interval_ms
        Length of a bar.
    horizon_bars
        How many bars ahead.
    cost_bps
        Of one side, basis points.

    Returns
    -------
    tuple[int, int]
        How many exceed it, and how many there are.

    Examples
    --------
    >>> beyond_costs(np.array([0, 60, 120]), np.array([100.0, 101.0, 100.9]), 60, 1, 10.0)
    (1, 2)
    """
    moves = np.abs(np.log(later(times_ms, closes, horizon_bars * interval_ms) / closes))
    known = moves[np.isfinite(moves)]
    return int((known > round_trip(cost_bps)).sum()), len(known)
