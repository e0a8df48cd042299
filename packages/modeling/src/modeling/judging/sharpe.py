"""The Sharpe ratio that luck alone gives the best of many tries, and how surely one is above it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_NORMAL = NormalDist()
#: Euler and Mascheroni's.
_GAMMA = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class SharpeFacts:
    """The Sharpe ratio of a series of returns and what its error depends on; per observation, not a year's.

    Parameters
    ----------
    sharpe
        Mean by standard deviation.
    observations
        How many returns there are.
    skewness, kurtosis
        Of the returns; 0 and 3 if they are normal.
    """

    sharpe: float
    observations: int
    skewness: float = 0.0
    kurtosis: float = 3.0

    @classmethod
    def of(cls, returns: NDArray[np.float64]) -> SharpeFacts:
        """Return the facts of `returns`.

        Returns
        -------
        SharpeFacts
            A ratio of 0 where they never vary.
        """
        deviation = float(returns.std()) if len(returns) else 0.0
        if deviation < 1e-15:
            return cls(0.0, len(returns))
        standard = (returns - returns.mean()) / deviation
        ratio = float(returns.mean()) / float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
        squares = standard * standard  # a power of floats takes a hundred times as long
        return cls(ratio, len(returns), float((squares * standard).mean()), float((squares * squares).mean()))

    @property
    def variance(self) -> float:
        """Of the ratio's estimate, times one less than the observations (Mertens 2002)."""
        return 1 - self.skewness * self.sharpe + (self.kurtosis - 1) / 4 * self.sharpe**2


def expected_best(trials: int, variance: float) -> float:
    """Return the Sharpe ratio to expect of the best of `trials` tries that are worth nothing.

    Parameters
    ----------
    trials
        How many were tried.
    variance
        Of their Sharpe ratios.

    Returns
    -------
    float
        0 of a single one.

    Examples
    --------
    A hundred tries whose yearly ratios have a variance of 1/2, of 250 days (Bailey and López de Prado's example):

    >>> round(expected_best(100, 0.5 / 250), 4)
    0.1132
    """
    if trials < 2:
        return 0.0
    high, higher = (_NORMAL.inv_cdf(1 - 1 / (trials * by)) for by in (1, math.e))
    return math.sqrt(variance) * ((1 - _GAMMA) * high + _GAMMA * higher)


def deflated_sharpe(facts: SharpeFacts, trials: int, variance: float) -> float:
    """Return the probability that the true Sharpe ratio is above what the best of `trials` gets by luck.

    Parameters
    ----------
    facts
        Of the one that was chosen.
    trials, variance
        As of `expected_best`.

    Returns
    -------
    float
        In 0..1.

    References
    ----------
    Bailey and López de Prado, The Deflated Sharpe Ratio (2014).

    Examples
    --------
    The paper's: 2.5 a year, 1,250 days, skewness -3, kurtosis 10, the best of a hundred.

    >>> found = SharpeFacts(2.5 / math.sqrt(250), 1250, -3, 10)
    >>> round(deflated_sharpe(found, 100, 0.5 / 250), 4)
    0.9004
    """
    if facts.observations < 2:
        return 0.0
    above = (facts.sharpe - expected_best(trials, variance)) * math.sqrt(facts.observations - 1)
    return _NORMAL.cdf(above / math.sqrt(max(facts.variance, 1e-12)))
