"""Random entries with the same holding times: how often chance enters as well as a strategy does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.luck.trips import Trips

Floats = NDArray[np.float64]
#: At least, at most, and for each try that is counted: p can be as small as it has to be.
_LEAST, _MOST, _FOR_EACH_TRY = 1_000, 100_000, 40
#: So many at a time, so that they fit into memory.
_AT_A_TIME = 1_000


@dataclass(frozen=True, slots=True)
class RandomEntries:
    """What random entries came to.

    Parameters
    ----------
    trips
        Positions of the strategy.
    gained_pct, median_pct
        Sum of log returns from open to open, percent: the strategy's, and the median of random ones.
    p
        How often a random one is at least as good; uniform where entries are chance.
    p_of_tries
        The same for the best of all tries.
    drawn
        How many random ones.
    """

    trips: int
    gained_pct: float
    median_pct: float
    p: float
    p_of_tries: float
    drawn: int


def random_entries(every: Sequence[Trips], tries: int, seed: int) -> RandomEntries:
    """Hold a strategy's entries against random ones.

    The times for which positions were held, and the times between them, are shuffled, those of each pair among
    themselves. So exposure, the number of trades and what they cost stay as they are, and with them what a rising
    market gives to whoever is in it: what is asked is the timing alone.

    Parameters
    ----------
    every
        The positions of each pair.
    tries
        How many strategies were tried, this one included.
    seed
        Of all chance.

    Returns
    -------
    RandomEntries
        With p = 1 of a strategy without positions.

    References
    ----------
    Masters, Permutation and Randomization Tests for Trading System Development (2020).
    """
    held = [each for each in every if len(each)]
    gained = sum(each.gained for each in held)
    if not held:
        return RandomEntries(0, 0.0, 0.0, 1.0, 1.0, 0)
    rng = np.random.default_rng(seed)
    drawn = min(max(_LEAST, _FOR_EACH_TRY * tries), _MOST)
    sizes = [min(_AT_A_TIME, drawn - begin) for begin in range(0, drawn, _AT_A_TIME)]
    sums = np.concatenate([sum(_shuffled(each, size, rng) for each in held) for size in sizes])
    # What rounding leaves between equal sums is no difference.
    as_good = int((sums >= gained - 1e-12).sum())
    p = (1 + as_good) / (1 + drawn)
    number = sum(len(each) for each in held)
    return RandomEntries(number, 100 * gained, 100 * float(np.median(sums)), p, of_tries(p, tries), drawn)


def of_tries(p: float, tries: int) -> float:
    """Return the p of the best of independent tries (Šidák): how often one of them is as good.

    Returns
    -------
    float
        In 0..1.

    Examples
    --------
    >>> round(of_tries(0.01, 1), 4), round(of_tries(0.01, 100), 4)
    (0.01, 0.634)
    """
    return float(-np.expm1(tries * np.log1p(-min(p, 1 - 1e-15))))


def _shuffled(trips: Trips, number: int, rng: np.random.Generator) -> Floats:
    """Return the sums of log returns of `number` shuffles of one pair's positions."""
    held = trips.ends - trips.begins
    edges = np.column_stack([trips.begins, trips.ends]).ravel()
    between = np.diff(np.concatenate([[0], edges, [len(trips.opens) - 1]]))
    gaps = rng.permuted(np.tile(between[::2], (number, 1)), axis=1)
    holds = rng.permuted(np.tile(held, (number, 1)), axis=1)
    ends = np.cumsum(gaps[:, :-1] + holds, axis=1)
    sums: Floats = (trips.opens[ends] - trips.opens[ends - holds]).sum(axis=1)
    return sums
