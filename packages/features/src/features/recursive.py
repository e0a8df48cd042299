"""Recursive functions, opened on the bars before an anchor: TA-Lib's own, and `ratios`.

A ratio is opened twice where the fewest bars are not enough at the anchor: on those, and on as many as are. Until the
former has settled, its value is taken where it is known, and else that of the latter. So a value is the same to the
bit whether there were bars for the latter or not; without them it may be null.

Over a history all anchors are taken at once, each with a row of its own: most of what a ratio costs is NumPy's calls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import talib
from talib import stream

from features.blocks import Floats
from features.expressions import Talib
from features.ratios import RATIOS, Handle

#: Returns the columns of the last so many bars before the anchor and of those since; None if there are not as many.
History = Callable[[int], Sequence[Floats] | None]


class Span(NamedTuple):
    """Consecutive bars of a column: the first of its run, an anchor, and behind the last before the next anchor."""

    first: int
    anchor: int
    last: int

    @property
    def size(self) -> int:
        """How many bars there are from the anchor on."""
        return self.last - self.anchor


def over(node: Talib, columns: Sequence[Floats], spans: Sequence[Span]) -> Iterator[tuple[Span, Sequence[Floats]]]:
    """Yield each output of `node` on the bars of a span from its anchor on, of those where it can be opened."""
    least = node.openings[0]
    spans = [span for span in spans if span.anchor - span.first >= least]
    if node.function not in RATIOS:
        for span in spans:
            given = [column[span.anchor - least : span.last] for column in columns]
            results = getattr(talib, node.function)(*given, **dict(node.parameters))
            yield span, [each[least:] for each in (results if node.outputs > 1 else (results,))]
        return
    for size in {span.size for span in spans}:
        alike = [span for span in spans if span.size == size]
        yield from zip(alike, zip(*_ratio_over(node, columns, alike), strict=True), strict=True)


def _ratio_over(node: Talib, columns: Sequence[Floats], spans: Sequence[Span]) -> list[Floats]:
    """Return each output of a ratio, with a row for each span; they are of one size."""
    ratio, parameters, least = RATIOS[node.function], dict(node.parameters), node.openings[0]
    given = _rows(columns, [(span.anchor - least, span.last) for span in spans])
    found, settled = ratio.over(*given, bars=least, **parameters)
    outputs = [each[:, least:] for each in found]
    until = np.minimum(settled + 1 - least, spans[0].size)
    opened_again: dict[int, list[int]] = {}
    unsettled_at = np.flatnonzero(until > 0)
    excess = ratio.excess(*[column[unsettled_at, :least] for column in given], **parameters)
    for place, bars in zip(unsettled_at.tolist(), _enough(node, excess), strict=True):
        if least < bars <= spans[place].anchor - spans[place].first:
            opened_again.setdefault(bars, []).append(place)
    for bars, places in opened_again.items():
        furthest = int(until[places].max())
        more = _rows(columns, [(spans[place].anchor - bars, spans[place].anchor + furthest) for place in places])
        others = ratio.over(*more, bars=bars, **parameters).outputs
        unsettled = np.arange(furthest) < until[places][:, np.newaxis]
        for output, other in zip(outputs, others, strict=True):
            first = output[places, :furthest]
            output[places, :furthest] = np.where(unsettled & np.isnan(first), other[:, bars:], first)
    return outputs


def _rows(columns: Sequence[Floats], parts: Sequence[tuple[int, int]]) -> list[Floats]:
    return [np.stack([column[first:last] for first, last in parts]) for column in columns]


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
        excess = RATIOS[node.function].excess(*[column[:least] for column in given], **dict(node.parameters))
        (bars,) = _enough(node, excess)
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


def _enough(node: Talib, excess: Floats) -> list[int]:
    """Return on how many bars before the anchor `node` has to be opened, as the fewest bars are so much too few."""
    least = node.openings[0]
    decay = 1.0 - 1.0 / dict(node.parameters)["timeperiod"]
    return [
        next((bars for bars in node.openings if each * decay ** (bars - least) <= 1.0), node.bars)
        for each in np.atleast_1d(excess).tolist()
    ]
