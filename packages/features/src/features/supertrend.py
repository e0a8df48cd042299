"""Supertrend: a band around the price that only tightens until the price breaks it, known where any past gives it.

Where a band stands may have been decided at any time. But with each bar it either stays where it was, or goes where
this bar puts it, and which of the two the price says. So the lowest and the highest that a band can be are followed,
whatever it was before, from where the average true range has settled; and the directions with them. Once there is
one possibility left, it is that of an endless history, and stays so.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import talib
from talib import stream

from features.blocks import Floats
from features.known_ratios import NAN, Handle, Over
from features.wilder import LARGEST_MOVE

#: What was forgotten of an average true range is less than rounding where it is this part of the price.
_ROUNDING = 1e-17
#: Bars that are followed at once.
_AT_ONCE = 60


class Possible(NamedTuple):
    """What bands and direction can be.

    Attributes
    ----------
    lower
        The least and the most that the lower band can be.
    mirrored
        The same of the upper band, of prices with a minus: so it is a lower one, too.
    up, down
        Whether the price can be above its band, and below.
    """

    lower: tuple[float, float]
    mirrored: tuple[float, float]
    up: bool
    down: bool

    @property
    def is_known(self) -> bool:
        """Whether there is one possibility."""
        return self.lower[0] == self.lower[1] and self.mirrored[0] == self.mirrored[1] and not (self.up and self.down)

    def after(self, before: float, close: float, lower: float, upper: float) -> Possible:
        """Return what they can be after a bar.

        Parameters
        ----------
        before
            The close of the bar before.
        close
            That of this bar.
        lower, upper
            Where this bar would put the bands.
        """
        lowest, highest = band = _tightened(self.lower, before, lower)
        mirrored = _tightened(self.mirrored, -before, -upper)
        up = (self.up and close >= lowest) or (self.down and -close < mirrored[1])
        down = (self.down and -close >= mirrored[0]) or (self.up and close < highest)
        return Possible(band, mirrored, up, down)


ANYTHING = Possible((-math.inf, math.inf), (-math.inf, math.inf), up=True, down=True)


def _tightened(band: tuple[float, float], before: float, this: float) -> tuple[float, float]:
    """Return what a lower band can be, that goes to `this` where the price broke it, and else never falls."""
    least, most = band
    if before < least:
        return this, this
    if before >= most:
        return max(this, least), max(this, most)
    return this, max(this, before)


def _settled_range(period: int, multiplier: float) -> int:
    """Return after how many bars nothing can be seen in a band of what its average true range forgot."""
    left = _ROUNDING / (LARGEST_MOVE * max(multiplier, 1.0))
    return 1 + period + math.ceil(math.log(left) / math.log((period - 1) / period))


def _followed(high: Floats, low: Floats, close: Floats, period: int, multiplier: float) -> tuple[Possible, int]:
    """Return what is possible after the last bar, and the first on which it was known, or how many bars there are."""
    average = talib.ATR(high, low, close, timeperiod=period)
    possible, size = ANYTHING, len(close)
    for first in range(_settled_range(period, multiplier), size, _AT_ONCE):
        last = min(first + _AT_ONCE, size)
        middle, reach = (high[first:last] + low[first:last]) / 2, multiplier * average[first:last]
        columns = close[first - 1 : last - 1], close[first:last], middle - reach, middle + reach
        bars = zip(*(each.tolist() for each in columns), strict=True)
        for place, bar in enumerate(bars, start=first):
            possible = possible.after(*bar)
            if possible.is_known:
                return possible, place
    return possible, size


def supertrend(high: Floats, low: Floats, close: Floats, *, bars: int, timeperiod: int, multiplier: float) -> Over:
    """Return line and direction on each bar."""
    outputs = np.empty((2, *close.shape))
    settled = np.empty(len(close), dtype=np.intp)
    for place, row in enumerate(zip(high, low, close, strict=True)):
        outputs[:, place] = talib.SUPERTREND(*row, timeperiod=timeperiod, multiplier=multiplier)
        _, settled[place] = _followed(*row, timeperiod, multiplier)
        outputs[:, place, : settled[place]] = NAN
    return Over(tuple(outputs), settled)


def supertrend_excess(high: Floats, low: Floats, close: Floats, *, timeperiod: int, multiplier: float) -> Floats:
    """Return whether more bars are needed behind the last: none, or as many as there are."""
    rows = zip(np.atleast_2d(high), np.atleast_2d(low), np.atleast_2d(close), strict=True)
    known = [_followed(*row, timeperiod, multiplier)[0].is_known for row in rows]
    return np.where(known, 0.0, math.inf).reshape(close.shape[:-1])


def open_supertrend(
    high: Floats, low: Floats, close: Floats, *, bars: int, timeperiod: int, multiplier: float
) -> Handle:
    """Return line and direction behind the last bar."""
    value = stream.SUPERTREND(high, low, close, timeperiod=timeperiod, multiplier=multiplier)
    possible, _ = _followed(high, low, close, timeperiod, multiplier)
    if possible.is_known:
        return Handle(value.update, value.peek, lambda: True)
    average, last = stream.ATR(high, low, close, timeperiod=timeperiod), float(close[-1])

    def after(high: float, low: float, close: float, average: float) -> Possible:
        middle, reach = (high + low) / 2, multiplier * average
        return possible.after(last, close, middle - reach, middle + reach)

    def update(high: float, low: float, close: float) -> tuple[float, float]:
        nonlocal possible, last
        found: tuple[float, float] = value.update(high, low, close)
        if not possible.is_known:
            possible = after(high, low, close, average.update(high, low, close))
            last = close
        return found if possible.is_known else (NAN, NAN)

    def peek(high: float, low: float, close: float) -> tuple[float, float]:
        found: tuple[float, float] = value.peek(high, low, close)
        known = possible.is_known or after(high, low, close, average.peek(high, low, close)).is_known
        return found if known else (NAN, NAN)

    return Handle(update, peek, lambda: possible.is_known)
