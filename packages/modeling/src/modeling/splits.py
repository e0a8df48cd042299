"""Splits by time that leave no label of one part inside another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contracts.errors import BadInputError

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Split:
    """Indices of samples: `train` fits the weights, `tune` says when to stop, `validation` only judges."""

    train: Indices
    tune: Indices
    validation: Indices


def purged_split(
    times_ms: NDArray[np.int64], horizon_ms: int, tune_fraction: float, validation_fraction: float
) -> Split:
    """Split samples by time, purged and embargoed by the horizon of their labels.

    A sample at ``t`` knows its future up to ``t + horizon_ms``. Samples whose label reaches over a boundary are
    purged from the earlier part; the later part starts `horizon_ms` after the boundary (the embargo).

    Parameters
    ----------
    times_ms
        Time of each sample, of all pairs together, in any order.
    horizon_ms
        How far a label reaches.
    tune_fraction, validation_fraction
        Parts of the distinct times, the latest ones; validation is the last.

    Returns
    -------
    Split
        Indices into `times_ms`; empty ones without samples.

    Raises
    ------
    BadInputError
        If the fractions do not leave a part to train on.

    References
    ----------
    Marcos López de Prado, Advances in Financial Machine Learning (2018), chapter 7.
    """
    if not 0 < tune_fraction + validation_fraction < 1:
        raise BadInputError("validation_fraction", "fractions that add up to less than 1", validation_fraction)
    distinct = np.unique(times_ms)
    if len(distinct) == 0:
        nothing = np.empty(0, dtype=np.intp)
        return Split(nothing, nothing, nothing)
    first_cut = distinct[int(len(distinct) * (1 - tune_fraction - validation_fraction))]
    second_cut = distinct[min(int(len(distinct) * (1 - validation_fraction)), len(distinct) - 1)]
    known_ms = times_ms + horizon_ms
    return Split(
        train=np.flatnonzero(known_ms <= first_cut),
        tune=np.flatnonzero((times_ms >= first_cut + horizon_ms) & (known_ms <= second_cut)),
        validation=np.flatnonzero(times_ms >= second_cut + horizon_ms),
    )
