"""Functions of exactly the last n bars, written once for a stream and for an array.

A window is a sequence over time, oldest first. Its elements are floats (one bar, in the stream) or arrays (that
position of the window for every bar at once, in batch): the same additions in the same order, so both give the same
bits, on any machine and from any start of history. NumPy's and Python's own sums choose their order themselves and
are not used.

Where TA-Lib has the function, the result is what TA-Lib gives on that slice alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

#: A float, or an array of one position of many windows.
Value = Any
Window = Sequence[Value]
WindowFunction = Callable[..., tuple[Value, ...]]


def total(window: Window) -> Value:
    """Return the sum, added up from the oldest to the newest.

    Examples
    --------
    >>> total([1.0, 2.0, 4.0])
    7.0
    """
    result = window[0]
    for value in window[1:]:
        result = result + value
    return result


def sma(close: Window, timeperiod: int) -> tuple[Value]:
    """Return the mean of the window.

    Examples
    --------
    >>> sma([1.0, 2.0, 6.0], timeperiod=3)
    (3.0,)
    """
    return (total(close) / timeperiod,)


def bollinger(
    close: Window, timeperiod: int, nbdevup: float, nbdevdn: float, matype: int
) -> tuple[Value, Value, Value]:
    """Return mean plus `nbdevup`, mean, and mean minus `nbdevdn` population standard deviations.

    Two passes, so a long history or a high price costs no digits. `matype` is TA-Lib's name of the mean; 0, the
    simple one, is the only one that is a function of the window.

    Examples
    --------
    >>> [float(band) for band in bollinger([1.0, 3.0], timeperiod=2, nbdevup=2.0, nbdevdn=2.0, matype=0)]
    [4.0, 2.0, 0.0]
    """
    if matype != 0:
        raise ValueError(f"matype: expected 0 (simple mean), was {matype}")
    (mean,) = sma(close, timeperiod)
    deviations = [value - mean for value in close]
    deviation = np.sqrt(total([d * d for d in deviations]) / timeperiod)
    return mean + nbdevup * deviation, mean, mean - nbdevdn * deviation


def rolling_obv(close: Window, volume: Window, timeperiod: int) -> tuple[Value]:
    """Return volume of the bars that closed higher minus volume of those that closed lower, over `timeperiod` bars.

    On-balance volume summed over a stated window instead of from wherever history starts; the window has one bar
    more, to compare the first with.

    Examples
    --------
    >>> rolling_obv([5.0, 6.0, 6.0, 4.0], [9.0, 1.0, 2.0, 4.0], timeperiod=3)
    (-3.0,)
    """
    if len(close) != timeperiod + 1:
        raise ValueError(f"close: expected {timeperiod + 1} bars, was {len(close)}")
    signed = [
        (now > before) * traded - (now < before) * traded
        for before, now, traded in zip(close[:-1], close[1:], volume[1:], strict=True)
    ]
    return (total(signed),)


#: By the name in `contracts.features.Feature.function`.
WINDOW_FUNCTIONS: Mapping[str, WindowFunction] = {"SMA": sma, "BBANDS": bollinger, "ROLLING_OBV": rolling_obv}
