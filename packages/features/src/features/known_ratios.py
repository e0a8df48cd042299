"""What ratios of decaying averages share: their two forms, and where they are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.blocks import Floats
from features.functions import CONVERGENCE
from features.wilder import forgotten

#: Within so many bars after the anchor, what was forgotten is mostly small enough to be looked at no more.
_SOON = 240
NAN = math.nan


class Over(NamedTuple):
    """A function over rows of consecutive bars: its outputs, NaN where they are not known, and where each settled."""

    outputs: tuple[Floats, ...]
    settled: NDArray[np.intp]


class Handle(NamedTuple):
    """A function at work.

    Attributes
    ----------
    update
        Takes the columns of the next bar and returns the outputs, NaN where they are not known.
    peek
        Returns the same and keeps nothing.
    settled
        Returns whether what was forgotten is too small, by now, to be looked at any more.
    """

    update: Callable[..., Any]
    peek: Callable[..., Any]
    settled: Callable[[], bool]


class Ratio(NamedTuple):
    """A function, on columns whose first `bars` bars are those before an anchor.

    Attributes
    ----------
    over
        Returns it on each bar, of rows with an anchor each.
    opened
        Returns it behind the last bar.
    excess
        Returns how many times as far as allowed it can be off at an anchor behind the last bar: so much more has to
        be forgotten.
    """

    over: Callable[..., Over]
    opened: Callable[..., Handle]
    excess: Callable[..., Floats]


def percent(part: Floats, whole: Floats, otherwise: float) -> Floats:
    """Return a share in percent, or `otherwise` where there is no whole."""
    return np.where(whole > 0.0, 100.0 * part / whole, otherwise)


def first_places(where: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return, of each row, the first place that is true, or how many places there are."""
    if not where.shape[-1]:
        return np.zeros(where.shape[:-1], dtype=np.intp)
    found: NDArray[np.intp] = np.where(where.any(axis=-1), where.argmax(axis=-1), where.shape[-1])
    return found


def forget_unknown(
    error: Callable[[int], Floats], bars: int, *values: Floats, of_value: bool = True
) -> NDArray[np.intp]:
    """Set values to NaN where they are not known; `error` says how far the first so many can be off.

    Returns
    -------
    NDArray[np.intp]
        The bar on which each row settled.
    """
    size = values[0].shape[-1]
    looked_at = min(bars + _SOON, size)
    off = error(looked_at)
    settled = first_places(off <= CONVERGENCE)
    if looked_at < size and np.any(settled == looked_at):
        off = error(size)
        settled = first_places(off <= CONVERGENCE)
    until = int(settled.max())
    unsettled = np.arange(until) < settled[:, np.newaxis]
    for value in values:
        head = value[:, :until]
        head[unsettled & ~(off[:, :until] <= CONVERGENCE * head) if of_value else unsettled] = NAN
    return settled


def within(error: float, value: float) -> bool:
    """Whether an error is allowed, of a value or of one percent."""
    return error <= CONVERGENCE or error <= CONVERGENCE * value


def excess_of(bars: int, period: int, highest: Floats, whole: Floats, part: Floats) -> Floats:
    """Return by how much too far off the share of an average `part` in an average `whole` can be.

    Parameters
    ----------
    bars
        That they are opened on.
    highest
        Price of these.
    """
    error = 100.0 * (forgotten(period, bars)[-1] * highest) / whole
    return np.where(whole > 0.0, error / (CONVERGENCE * np.maximum(100.0 * part / whole, 1.0)), math.inf)
