"""Which trade ids are stored, as ranges: a day of a venue that numbers without holes is one range.

Ranges are two columns, first and last id, ascending and apart from each other by at least one id.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


class IdRanges(NamedTuple):
    """Ranges of ids, both ends included."""

    firsts: Ids
    lasts: Ids

    @property
    def total(self) -> int:
        """How many ids there are."""
        return int((self.lasts - self.firsts + 1).sum())


NO_IDS = IdRanges(np.empty(0, np.int64), np.empty(0, np.int64))


def ranges_of(ids: Ids) -> IdRanges:
    """Return the ranges of `ids`, in whatever order and however often they come.

    Examples
    --------
    >>> ranges = ranges_of(np.array([7, 1, 2, 3, 2]))
    >>> ranges.firsts.tolist(), ranges.lasts.tolist(), ranges.total
    ([1, 7], [3, 7], 4)
    """
    if not len(ids):
        return NO_IDS
    ordered = np.unique(ids)
    breaks = np.flatnonzero(np.diff(ordered) > 1)
    return IdRanges(ordered[np.r_[0, breaks + 1]], ordered[np.r_[breaks, len(ordered) - 1]])


def merged(ranges: IdRanges, more: IdRanges) -> IdRanges:
    """Return the ids of both.

    Examples
    --------
    >>> both = merged(ranges_of(np.array([1, 2, 9])), ranges_of(np.array([3, 5])))
    >>> both.firsts.tolist(), both.lasts.tolist()
    ([1, 5, 9], [3, 5, 9])
    """
    firsts, lasts = np.r_[ranges.firsts, more.firsts], np.r_[ranges.lasts, more.lasts]
    if not len(firsts):
        return NO_IDS
    order = np.argsort(firsts, kind="stable")
    firsts, reached = firsts[order], np.maximum.accumulate(lasts[order])
    breaks = np.flatnonzero(firsts[1:] > reached[:-1] + 1)
    return IdRanges(firsts[np.r_[0, breaks + 1]], reached[np.r_[breaks, len(reached) - 1]])


def known(ranges: IdRanges, ids: Ids) -> NDArray[np.bool_]:
    """Return for each id whether it is in `ranges`.

    Examples
    --------
    >>> known(ranges_of(np.array([1, 2, 5])), np.array([2, 3, 5, 0])).tolist()
    [True, False, True, False]
    """
    if not len(ranges.firsts):
        return np.zeros(len(ids), np.bool_)
    place = np.searchsorted(ranges.firsts, ids, side="right") - 1
    return (place >= 0) & (ids <= ranges.lasts[np.maximum(place, 0)])
