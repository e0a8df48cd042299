"""Recursive functions, opened on the bars before an anchor: TA-Lib's own, and `ratios`.

A ratio is opened twice where the fewest bars are not enough at the anchor: on those, and on as many as are. Until the
former has settled, its value is taken where it is known, and else that of the latter. So a value is the same to the
bit whether there were bars for the latter or not; without them it may be null.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import talib
from talib import stream

from features.blocks import Floats
from features.expressions import Talib
from features.ratios import RATIOS, Handle

#: Returns the columns of the last so many bars before the anchor and of those since; None if there are not as many.
History = Callable[[int], Sequence[Floats] | None]


def over(node: Talib, columns: Sequence[Floats], anchor: int) -> Sequence[Floats] | None:
    """Return each output of `node` on consecutive bars from `anchor` on; None where it cannot be opened."""
    least = node.openings[0]
    if least > anchor:
        return None
    given = [column[anchor - least :] for column in columns]
    if node.function not in RATIOS:
        results = getattr(talib, node.function)(*given, **dict(node.parameters))
        return [each[least:] for each in (results if node.outputs > 1 else (results,))]
    found = RATIOS[node.function].over(*given, bars=least, **dict(node.parameters))
    outputs = [each[least:] for each in found.outputs]
    until = min(anchor + found.settled + 1 - least, len(columns[0]))
    bars = _enough(node, given) if until > anchor else least
    if least < bars <= anchor:
        more = [column[anchor - bars : until] for column in columns]
        others = RATIOS[node.function].over(*more, bars=bars, **dict(node.parameters)).outputs
        for output, other in zip(outputs, others, strict=True):
            first = output[: until - anchor]
            np.copyto(first, other[bars:], where=np.isnan(first))
    return outputs


def opened(node: Talib, history: History) -> Any:
    """Return a handle that stands behind the last bar of `history`; None where it cannot be opened."""
    least = node.openings[0]
    given = history(least)
    if given is None:
        return None
    if node.function not in RATIOS:
        return getattr(stream, node.function)(*given, **dict(node.parameters))
    with np.errstate(all="ignore"):
        first = RATIOS[node.function].opened(*given, bars=least, **dict(node.parameters))
        if first.settled():
            return first
        bars = _enough(node, given)
        more = history(bars) if bars > least else None
        if more is None:
            return first
        return _either(first, RATIOS[node.function].opened(*more, bars=bars, **dict(node.parameters)))


def _either(first: Handle, second: Handle) -> Handle:
    """Return a handle with the values of `first` where they are known or it has settled, else those of `second`."""
    rest: Handle | None = second
    update_first = first.update

    def update(*columns: float) -> Any:
        nonlocal rest
        if rest is None:
            return update_first(*columns)
        if first.settled():
            rest = None
            return update_first(*columns)
        return _known(update_first(*columns), rest.update(*columns))

    def peek(*columns: float) -> Any:
        found = first.peek(*columns)
        return found if rest is None or first.settled() else _known(found, rest.peek(*columns))

    return Handle(update, peek, first.settled)


def _known(value: Any, other: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_known, value, other))
    return other if math.isnan(value) else value


def _enough(node: Talib, history: Sequence[Floats]) -> int:
    """Return on how many bars before the anchor `node` has to be opened, which the fewest bars tell."""
    least = node.openings[0]
    excess = RATIOS[node.function].excess(*[column[:least] for column in history], **dict(node.parameters))
    decay = 1.0 - 1.0 / dict(node.parameters)["timeperiod"]
    return next((bars for bars in node.openings if excess * decay ** (bars - least) <= 1.0), node.bars)
