"""Lambert's commodity channel index.

It is a function of a window and forgets nothing; but a mean of typical prices is no whole number of ticks, and where
prices stand still, what is left of rounding would be its value.
"""

from __future__ import annotations

import talib
from talib import stream

from features.blocks import Floats
from features.known_ratios import Handle, Over
from features.wilder import ROUNDS, scale_of

#: So that what it adds up, sixty times a unit and more, is still whole.
_DIGITS = 12


def _channel_factor(high: Floats, bars: int, timeperiod: int) -> tuple[float, float]:
    """Return factors to whole units, and to such of which typical prices and their means are whole, too."""
    return scale_of(high[:bars], digits=_DIGITS).factor, 3.0 * timeperiod


def channel(high: Floats, low: Floats, close: Floats, *, bars: int, timeperiod: int) -> Over:
    """Return it on each bar."""
    factor, parts = _channel_factor(high, bars, timeperiod)
    columns = [((each * factor + ROUNDS) - ROUNDS) * parts for each in (high, low, close)]
    high, low, close = columns
    return Over((talib.CCI(high, low, close, timeperiod=timeperiod),), 0)


def open_channel(high: Floats, low: Floats, close: Floats, *, bars: int, timeperiod: int) -> Handle:
    """Return it behind the last bar."""
    factor, parts = _channel_factor(high, bars, timeperiod)
    columns = [((each * factor + ROUNDS) - ROUNDS) * parts for each in (high, low, close)]
    high, low, close = columns
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


def no_excess(*_columns: Floats, **_parameters: int) -> float:
    """Return that there is nothing to forget."""
    return 0.0
