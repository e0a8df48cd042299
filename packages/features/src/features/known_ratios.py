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
    """A function over consecutive bars: its outputs, NaN where they are not known, and on which bar it settled."""

    outputs: tuple[Floats, ...]
    settled: int


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
        Returns it on each bar.
    opened
        Returns it behind the last bar.
    excess
        Returns how many times as far as allowed it can be off at an anchor behind the last bar: so much more has to
        be forgotten.
    """

    over: Callable[..., Over]
    opened: Callable[..., Handle]
    excess: Callable[..., float]


def percent(part: Floats, whole: Floats, otherwise: float) -> Floats:
    """Return a share in percent, or `otherwise` where there is no whole."""
    return np.where(whole > 0.0, 100.0 * part / whole, otherwise)


def first_place(where: NDArray[np.bool_]) -> int:
    """Return the first place that is true, or how many places there are."""
    place = int(np.argmax(where)) if len(where) else 0
    return place if len(where) and where[place] else len(where)


def forget_unknown(error: Callable[[int], Floats], bars: int, *values: Floats, of_value: bool = True) -> int:
    """Set values to NaN where they are not known; `error` says how far the first so many can be off.

    Returns
    -------
    int
        The bar on which they settled.
    """
    size = len(values[0])
    looked_at = min(bars + _SOON, size)
    off = error(looked_at)
    settled = first_place(off <= CONVERGENCE)
    if settled == looked_at < size:
        off = error(size)
        settled = first_place(off <= CONVERGENCE)
    for value in values:
        head = value[:settled]
        head[~(off[:settled] <= CONVERGENCE * head) if of_value else slice(None)] = NAN
    return settled


def within(error: float, value: float) -> bool:
    """Whether an error is allowed, of a value or of one percent."""
    return error <= CONVERGENCE or error <= CONVERGENCE * value


def excess_of(bars: int, period: int, highest: float, whole: float, part: float) -> float:
    """Return by how much too far off the share of an average `part` in an average `whole` can be.

    Parameters
    ----------
    bars
        That they are opened on.
    highest
        Price of these.
    """
    if not whole > 0.0:
        return math.inf
    error = 100.0 * (forgotten(period, bars)[-1] * highest) / whole
    return float(error / (CONVERGENCE * max(100.0 * part / whole, 1.0)))
