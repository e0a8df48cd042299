"""Lambert's commodity channel index.

It is a function of a window and forgets nothing; but a mean of typical prices is no whole number of ticks, and where
prices stand still, what is left of rounding would be its value.
"""

from __future__ import annotations

import numpy as np
import talib
from talib import stream

from features.blocks import Floats
from features.known_ratios import Handle, Over
from features.wilder import ROUNDS, Scale, of_rows, scale_of, scales_of

#: So that what it adds up, sixty times a unit and more, is still whole.
_DIGITS = 12


def _in_units(
    scale: Scale, timeperiod: int, high: Floats, low: Floats, close: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return prices in whole units of which typical prices and their means are whole, too."""
    parts = 3.0 * timeperiod
    return scale.units(high) * parts, scale.units(low) * parts, scale.units(close) * parts


def channel(high: Floats, low: Floats, close: Floats, *, bars: int, timeperiod: int) -> Over:
    """Return it on each bar."""
    columns = _in_units(scales_of(high[:, :bars], digits=_DIGITS), timeperiod, high, low, close)
    return Over((of_rows(talib.CCI, *columns, timeperiod=timeperiod),), np.zeros(len(high), dtype=np.intp))


def open_channel(high: Floats, low: Floats, close: Floats, *, bars: int, timeperiod: int) -> Handle:
    """Return it behind the last bar."""
    scale = scale_of(high[:bars], digits=_DIGITS)
    factor, parts = scale.factor, 3.0 * timeperiod
    high, low, close = _in_units(scale, timeperiod, high, low, close)
    value = stream.CCI(high, low, close, timeperiod=timeperiod)
    calls = value.update, value.peek

    def update(high: float, low: float, close: float) -> float:
        high, low = ((high * factor + ROUNDS) - ROUNDS) * parts, ((low * factor + ROUNDS) - ROUNDS) * parts
        found: float = calls[0](high, low, ((close * factor + ROUNDS) - ROUNDS) * parts)
        return found

    def peek(high: float, low: float, close: float) -> float:
        high, low = ((high * factor + ROUNDS) - ROUNDS) * parts, ((low * factor + ROUNDS) - ROUNDS) * parts
        found: float = calls[1](high, low, ((close * factor + ROUNDS) - ROUNDS) * parts)
        return found

    return Handle(update, peek, lambda: True)


def no_excess(high: Floats, *_columns: Floats, **_parameters: int) -> Floats:
    """Return that there is nothing to forget."""
    return np.zeros(high.shape[:-1])
