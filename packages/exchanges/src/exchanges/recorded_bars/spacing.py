"""How long a bar is, found from when bars begin."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from contracts.units import MS_PER_DAY, MS_PER_MINUTE, MS_PER_SECOND

_HOUR_MS = 60 * MS_PER_MINUTE
#: Lengths that bars have: seconds, minutes, hours, days.
USUAL_MS = frozenset(
    [each * MS_PER_SECOND for each in (1, 2, 3, 5, 10, 15, 20, 30)]
    + [each * MS_PER_MINUTE for each in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 45)]
    + [each * _HOUR_MS for each in (1, 2, 3, 4, 6, 8, 12)]
    + [each * MS_PER_DAY for each in (1, 2, 3, 7, 14, 15)]
)
#: A smaller share of bars that stand beside the raster of the others are wrong; a larger one makes the raster finer.
_STRAY_SHARE = 0.01


def length_ms(starts_ms: NDArray[np.int64]) -> int:
    """Return the length of the bars that begin at `starts_ms`, increasing and at least two.

    It is the usual distance of two bars. Where many bars stand between, as in a market that trades in few minutes, it
    is the longest that all distances are whole multiples of.

    Examples
    --------
    >>> length_ms(np.array([0, 60_000, 120_000, 600_000])), length_ms(np.array([0, 120_000, 300_000]))
    (60000, 60000)
    """
    distances, counts = np.unique(np.diff(starts_ms), return_counts=True)
    usual = int(distances[np.argmax(counts)])  # the shortest of those that are as frequent
    common = math.gcd(*map(int, distances))
    finer = common in USUAL_MS and 2 * common >= distances[0]
    return common if finer and len(_beside(starts_ms, usual)) > _STRAY_SHARE * len(starts_ms) else usual


def first_beside(starts_ms: NDArray[np.int64], interval_ms: int) -> int | None:
    """Return the place of the first bar that does not stand in the raster of most; None if all do."""
    beside = _beside(starts_ms, interval_ms)
    return int(beside[0]) if len(beside) else None


def _beside(starts_ms: NDArray[np.int64], interval_ms: int) -> NDArray[np.int64]:
    phases = starts_ms % interval_ms
    values, counts = np.unique(phases, return_counts=True)
    return np.flatnonzero(phases != values[np.argmax(counts)])
