"""Splits by time that leave no label of one part inside another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from contracts.errors import BadInputError

Indices = NDArray[np.intp]
#: Whether a fold trains on everything before it, or on as much as the first fold does.
Window = Literal["expanding", "rolling"]


@dataclass(frozen=True, slots=True)
class Fold:
    """Indices of samples: `train` shapes a model, `test` comes after it and only judges."""

    train: Indices
    test: Indices


def hold_out(times_ms: NDArray[np.int64], horizon_ms: int, fraction: float) -> tuple[Indices, Indices]:
    """Split samples in two by time, purged and embargoed by the horizon of their labels.

    A sample at ``t`` knows its future up to ``t + horizon_ms``. Samples whose label reaches over the boundary are
    purged from the earlier part; the later part starts `horizon_ms` after it (the embargo).

    Parameters
    ----------
    times_ms
        Time of each sample, of all pairs together, in any order.
    horizon_ms
        How far a label reaches.
    fraction
        Part of the distinct times that goes to the later part.

    Returns
    -------
    tuple[Indices, Indices]
        The earlier and the later part, as indices into `times_ms`.

    References
    ----------
    Marcos López de Prado, Advances in Financial Machine Learning (2018), chapter 7.
    """
    distinct = np.unique(times_ms)
    if len(distinct) == 0:
        nothing = np.empty(0, dtype=np.intp)
        return nothing, nothing
    cut = distinct[min(int(len(distinct) * (1 - fraction)), len(distinct) - 1)]
    return np.flatnonzero(times_ms + horizon_ms <= cut), np.flatnonzero(times_ms >= cut + horizon_ms)


def walk_forward(
    times_ms: NDArray[np.int64],
    horizon_ms: int,
    folds: int,
    first_train_fraction: float,
    window: Window = "expanding",
) -> Iterator[Fold]:
    """Yield folds whose test parts follow one another in time, each purged and embargoed against its train part.

    Parameters
    ----------
    times_ms
        Time of each sample, of all pairs together, in any order: the pairs are cut at the same times.
    horizon_ms
        How far a label reaches.
    folds
        How many test parts there are, equal in distinct times.
    first_train_fraction
        Part of the distinct times before the first test part.
    window
        What a fold trains on.

    Yields
    ------
    Fold
        Of indices into `times_ms`, the earliest first; none without samples.

    Raises
    ------
    BadInputError
        If nothing is left to train on or to test.

    References
    ----------
    Marcos López de Prado, Advances in Financial Machine Learning (2018), chapters 7 and 12.
    """
    if folds < 1 or not 0 < first_train_fraction < 1:
        got = f"{folds} folds, {first_train_fraction} before the first"
        raise BadInputError("folds", "at least 1, and a part of the time in 0..1 before the first", got)
    distinct = np.unique(times_ms)
    count = len(distinct)
    if count == 0:
        return
    edges = np.linspace(first_train_fraction * count, count, folds + 1).astype(np.int64)
    for begin, end in pairwise(edges):
        oldest = 0 if window == "expanding" else begin - edges[0]
        cut, last = distinct[min(begin, count - 1)], distinct[end - 1]
        train = (times_ms >= distinct[oldest]) & (times_ms + horizon_ms <= cut)
        test = (times_ms >= cut + horizon_ms) & (times_ms <= last)
        yield Fold(np.flatnonzero(train), np.flatnonzero(test))
