"""The features of one pair and interval, bar by bar: what the stream runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from talib import stream

from contracts.features import ANCHOR_BARS, FEATURES, Feature
from contracts.features.expressions import Talib
from contracts.units import MS_PER_SECOND
from indicators.core.bars import Bar
from indicators.core.program import Call, Program, Steps, program
from indicators.core.timeframes import LongerBars, by_timeframe


class Plan(NamedTuple):
    """How a list of features is computed on bars of one interval.

    Attributes
    ----------
    own
        The program for features of the row's own bars, and their names.
    longer
        For each longer timeframe in seconds: its program, and its features' names.
    impossible
        Names of features on a timeframe that bars of this interval do not make up; always null.
    """

    own: tuple[Program, tuple[str, ...]]
    longer: dict[int, tuple[Program, tuple[str, ...]]]
    impossible: tuple[str, ...]


@lru_cache(maxsize=64)
def plan(features: tuple[Feature, ...], interval_s: int) -> Plan:
    """Compile `features` for bars of `interval_s`."""
    own, longer, impossible = by_timeframe(features, interval_s)
    return Plan(
        _compiled(own), {timeframe_s: _compiled(group) for timeframe_s, group in longer.items()}, _names(impossible)
    )


def _compiled(features: Sequence[Feature]) -> tuple[Program, tuple[str, ...]]:
    return program(tuple(feature.formula for feature in features)), _names(features)


def _names(features: Sequence[Feature]) -> tuple[str, ...]:
    return tuple(feature.name for feature in features)


class Engine:
    """Takes consecutive bars and says what the features are after each.

    A recursive function is re-opened at every anchor on exactly the `bars` bars before it, so its value is a pure
    function of the bars from ``anchor - bars`` on. Nothing here is state that must be kept: given the bars since
    ``anchor - WARM_UP_BARS`` again, an engine goes on with the same bits.

    Parameters
    ----------
    interval_s
        Length of a bar, seconds.
    features
        What to compute.
    """

    def __init__(self, interval_s: int, features: Sequence[Feature] = FEATURES) -> None:
        self._interval_ms = interval_s * MS_PER_SECOND
        self._plan = plan(tuple(features), interval_s)
        self._program, _ = self._plan.own
        self._order = _names(features)
        self._arranged = _arrangement(self._order, self._plan)
        self._keep = max((kind.bars for kind in self._program.handles), default=1)
        self._columns: dict[str, list[float]] = {
            name: [] for name in Bar._fields if any(name in kind.inputs for kind in self._program.handles)
        }
        self._seen = 0
        self._steps: Steps | None = None
        self._handles: list[Any] = [_NotOpen(kind) for kind in self._program.handles]
        self._updates: list[Call] = [handle.update for handle in self._handles]
        self._longer = [
            LongerBars(timeframe_s, interval_s, compiled, len(names))
            for timeframe_s, (compiled, names) in self._plan.longer.items()
        ]
        self._latest: tuple[float, ...] = ()

    def push(self, window_start_ms: int, bar: Bar) -> None:
        """Take the next bar; the caller sees to it that none is missing in between."""
        number = window_start_ms // self._interval_ms
        if self._steps is None:
            self._steps = self._program.start(number)
        if number % ANCHOR_BARS == 0:
            self._handles = [self._opened(kind) for kind in self._program.handles]
            self._updates = [handle.update for handle in self._handles]
        time_ms = window_start_ms + self._interval_ms
        latest = self._steps.push(number, time_ms, bar, self._updates)
        for longer in self._longer:
            latest += longer.push(window_start_ms, bar)
        self._latest = latest
        self._keep_columns(bar)

    def peek(self, window_start_ms: int, bar: Bar) -> dict[str, float | None]:
        """Return what the features would be were `bar` the next one; nothing of it is kept."""
        number = window_start_ms // self._interval_ms
        steps = self._steps or self._program.start(number)
        handles = self._handles
        if number % ANCHOR_BARS == 0:
            handles = [self._opened(kind) for kind in self._program.handles]
        peeks = [handle.peek for handle in handles]
        time_ms = window_start_ms + self._interval_ms
        latest = steps.peek(number, time_ms, bar, peeks)
        for longer in self._longer:
            latest += longer.peek(window_start_ms, bar)
        return self._named(latest)

    def replay(self, bars: Iterable[tuple[int, Bar]]) -> None:
        """Take bars whose features were given before."""
        for window_start_ms, bar in bars:
            self.push(window_start_ms, bar)

    def values(self) -> dict[str, float | None]:
        """Return the features after the last bar, in the order of the list; None where not warm."""
        return self._named(self._latest)

    def _named(self, latest: tuple[float, ...]) -> dict[str, float | None]:
        values = self._arranged((*latest, math.nan))
        if sum(values) == sum(values):  # every one is known, as on most bars
            return dict(zip(self._order, values, strict=True))
        return dict(zip(self._order, [value if value == value else None for value in values], strict=True))

    def _opened(self, kind: Talib) -> Any:
        if self._seen < kind.bars:
            return _NotOpen(kind)
        history = [np.array(self._columns[name][-kind.bars :]) for name in kind.inputs]
        return getattr(stream, kind.function)(*history, **dict(kind.parameters))

    def _keep_columns(self, bar: Bar) -> None:
        self._seen += 1
        for name, column in self._columns.items():
            column.append(getattr(bar, name))
            # Twice as many as are needed, cut rarely: cutting on every bar would move the whole list each time.
            if len(column) > 2 * self._keep:
                del column[: -self._keep]


def _arrangement(order: Sequence[str], plan: Plan) -> Callable[[tuple[float, ...]], tuple[float, ...]]:
    """Return what puts the values of the plan's programs, and NaN after them, in the order of the features."""
    computed = [name for _, names in (plan.own, *plan.longer.values()) for name in names]
    places = {name: place for place, name in enumerate(computed)} | dict.fromkeys(plan.impossible, len(computed))
    # Twice the first: with one name alone, itemgetter would give the value and no tuple.
    arranged = itemgetter(*(places[name] for name in order), places[order[0]])
    return lambda values: arranged(values)[:-1]


class _NotOpen:
    """What stands for a handle that has not had its bars yet."""

    def __init__(self, kind: Talib) -> None:
        value = math.nan if kind.outputs == 1 else (math.nan,) * kind.outputs
        self.update: Callable[..., Any] = lambda *_columns: value
        self.peek = self.update
