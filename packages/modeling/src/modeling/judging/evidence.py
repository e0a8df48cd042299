"""How surely one series of losses is below another: windows that overlap and pairs that move together count once."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]

#: Of the bootstrap: p below 1 / REPETITIONS is left to Newey-West's normal tail.
REPETITIONS = 2_000
_SEED = 7


def per_window(times_ms: NDArray[np.int64], values: Floats) -> Floats:
    """Return the mean of `values` over the pairs of each window, in the order of time.

    Pairs rise and fall together: three of them in one minute are not three observations.

    Returns
    -------
    Floats
        Shape (distinct times,).

    Examples
    --------
    >>> per_window(np.array([60, 0, 60]), np.array([1.0, 5.0, 3.0]))
    array([5., 2.])
    """
    _, place, count = np.unique(times_ms, return_inverse=True, return_counts=True)
    means: Floats = np.bincount(place, weights=values) / count
    return means


def long_run_variance(values: Floats, lags: int) -> float:
    """Return the variance that a mean of `values` has per observation, autocovariances up to `lags` included.

    Parameters
    ----------
    values
        A series in the order of time.
    lags
        How far observations depend on one another; weights fall linearly to zero (Bartlett), so it is never negative.

    Returns
    -------
    float
        Of a series of independent values, their variance.

    References
    ----------
    Newey and West, A Simple, Positive Semi-Definite, Heteroskedasticity and Autocorrelation Consistent Covariance
    Matrix (1987).
    """
    around = values - values.mean()
    variance = float(around @ around)
    for lag in range(1, min(lags, len(values) - 1) + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(around[lag:] @ around[:-lag])
    return variance / len(values)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a mean above zero.

    Parameters
    ----------
    mean, error
        The mean and its standard error.
    p
        Probability of as much, were there nothing: the greater of the bootstrap's and Newey-West's.
    samples
        Windows.
    effective_samples
        As many independent ones would say as much.
    """

    mean: float
    error: float
    p: float
    samples: int
    effective_samples: float


def evidence(gains: Floats, horizon_bars: int, *, rivals: Sequence[Floats] = ()) -> Evidence:
    """Test whether the mean of `gains` is above zero, seen as one of a family of tries on the same windows.

    Hansen's test of superior predictive ability with the stationary bootstrap, blocks of two horizons at least, over
    the family; and a t-test with Newey-West's error of `gains` alone, whose p counts once for each of the family.

    Parameters
    ----------
    gains
        By how much each window's loss is below the benchmark's, in the order of time.
    horizon_bars
        How far labels overlap.
    rivals
        Gains of the others of the family, each as long.

    Returns
    -------
    Evidence
        With p = 1 where there is nothing to test: too few windows, or gains that never differ from zero.

    References
    ----------
    Hansen, A Test for Superior Predictive Ability (2005).
    """
    count = len(gains)
    variance = float(gains.var()) if count else 0.0
    if count <= 4 * horizon_bars or variance < 1e-24:
        return Evidence(float(gains.mean()) if count else 0.0, 0.0, 1.0, count, 0.0)
    lags = 2 * horizon_bars
    spread = max(long_run_variance(gains, lags), 1e-300)
    mean, error = float(gains.mean()), float(np.sqrt(spread / count))
    alone = 1 - NormalDist().cdf(mean / error) if mean > 0 else 1.0
    p = min(1.0, alone * (1 + len(rivals)))
    if p < 0.5:  # the bootstrap takes longer, and cannot make it pass
        p = max(p, _superior(gains, rivals, lags))
    return Evidence(mean, error, p, count, min(float(count), count * variance / spread))


def _superior(gains: Floats, rivals: Sequence[Floats], block: int) -> float:
    """Return the family's p at the first one's mean: how often the best of the bootstrap's means is above it."""
    from arch.bootstrap import SPA

    family = np.column_stack([gains, *rivals])
    test = SPA(np.zeros(len(gains)), -family, block_size=max(2, block), reps=REPETITIONS, seed=_SEED)
    test.compute()
    if not rivals:
        return float(test.pvalues["consistent"])
    if gains.mean() >= max(rival.mean() for rival in rivals):
        return float(test.pvalues["consistent"])
    # Not the best of its family: it passes a level only if it is above the family's critical value at that level.
    levels = np.concatenate([np.arange(1, 20) / 2_000, np.arange(1, 100) / 100])
    passed = [level for level in levels if 0 in test.better_models(float(level), "consistent")]
    return float(min(passed, default=1.0))
