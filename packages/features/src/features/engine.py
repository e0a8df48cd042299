"""The features of one pair and interval, bar by bar: what the stream runs."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import repeat
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.units import MS_PER_SECOND
from features import ANCHOR_BARS, FEATURES, Feature
from features.bars import Bar, anchor_ms
from features.expressions import Talib
from features.program import Call, Program, Steps, program
from features.recursive import opened
from features.timeframes import LongerBars, by_timeframe


class Group(NamedTuple):
    """Features that are computed together, on bars of one length: names, program, and how far they look back."""

    names: tuple[str, ...]
    program: Program
    window: int
    held: int


class Plan(NamedTuple):
    """How a list of features is computed on bars of one interval.

    Attributes
    ----------
    own
        Those of the row's own bars.
    longer
        Those of each longer timeframe in seconds.
    impossible
        Names of those on a timeframe that bars of this interval do not make up; always null.
    """

    own: Group
    longer: dict[int, Group]
    impossible: tuple[str, ...]


@lru_cache(maxsize=64)
def plan(features: tuple[Feature, ...], interval_s: int) -> Plan:
    """Compile `features` for bars of `interval_s`."""
    own, longer, impossible = by_timeframe(features, interval_s)
    groups = {timeframe_s: _group(members) for timeframe_s, members in longer.items()}
    return Plan(_group(own), groups, tuple(feature.name for feature in impossible))


def _group(features: Sequence[Feature]) -> Group:
    return Group(
        tuple(feature.name for feature in features),
        program(tuple(feature.formula for feature in features)),
        max((feature.reach.window for feature in features), default=1),
        max((feature.reach.held for feature in features), default=0),
    )


class Engine:
    """Takes consecutive bars and says what the features are after each.

    A recursive function is re-opened at every anchor on exactly the `bars` bars before it, so its value is a pure
    function of the bars from ``anchor - bars`` on. Nothing here is state that must be kept: given the bars since
    ``anchor - warm_up_bars`` again (`resume`), an engine goes on with the same bits.

    Parameters
    ----------
    interval_s
        Length of a bar, seconds.
    features
        What to compute.

    Attributes
    ----------
    warm_up_bars
        How many bars before an anchor, or before now, its features look back to at most.
    """

    def __init__(self, interval_s: int, features: Sequence[Feature] = FEATURES) -> None:
        self._interval_ms = interval_s * MS_PER_SECOND
        self._plan = plan(tuple(features), interval_s)
        self._program = self._plan.own.program
        self.warm_up_bars = max(feature.bars(interval_s) for feature in features)
        self._order = tuple(feature.name for feature in features)
        self._arranged = _arrangement(self._order, self._plan)
        self._past = Past(self._program.handles)
        self._steps: Steps | None = None
        self._handles: list[Any] = [_NotOpen(kind) for kind in self._program.handles]
        self._updates: list[Call] = [handle.update for handle in self._handles]
        self._longer = [
            LongerBars(timeframe_s, interval_s, group.program, len(group.names), group.window)
            for timeframe_s, group in self._plan.longer.items()
        ]
        self._latest: tuple[float, ...] = ()

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the values that must come with each bar, in order."""
        return self._program.given

    def push(self, window_start_ms: int, bar: Bar, given: Sequence[float] = ()) -> None:
        """Take the next bar; the caller sees to it that none is missing in between.

        Parameters
        ----------
        window_start_ms, bar
            The bar, and when it began.
        given
            A value for each name of the property `given`, NaN where it is not known.
        """
        latest = self._push_own(window_start_ms, (*bar, *given))
        for longer in self._longer:
            latest += longer.push(window_start_ms, bar)
        self._latest = latest

    def _push_own(self, window_start_ms: int, bar: tuple[float, ...]) -> tuple[float, ...]:
        number = window_start_ms // self._interval_ms
        if self._steps is None:
            self._steps = self._program.start(number)
        if number % ANCHOR_BARS == 0:
            self._open(0)
        values = self._steps.push(number, window_start_ms + self._interval_ms, bar, self._updates)
        self._past.append(bar)
        return values

    def peek(self, window_start_ms: int, bar: Bar, given: Sequence[float] = ()) -> dict[str, float | None]:
        """Return what the features would be were `bar` the next one; nothing of it is kept.

        Parameters
        ----------
        window_start_ms, bar, given
            As `push` takes them.

        Returns
        -------
        dict[str, float | None]
            By name, in the order of the list; None where not warm.
        """
        number = window_start_ms // self._interval_ms
        steps = self._steps or self._program.start(number)
        handles = self._handles
        if number % ANCHOR_BARS == 0:
            handles = [self._opened(kind, 0) for kind in self._program.handles]
        peeks = [handle.peek for handle in handles]
        time_ms = window_start_ms + self._interval_ms
        latest = steps.peek(number, time_ms, (*bar, *given), peeks)
        for longer in self._longer:
            latest += longer.peek(window_start_ms, bar)
        return self._named(latest)

    @property
    def kept_bars(self) -> int:
        """How many of the last bars `resume` needs at most."""
        return self._plan.own.held + self.warm_up_bars + (ANCHOR_BARS if self._program.handles else 0)

    def kept_from_ms(self, newest_ms: int) -> int:
        """Return where the bars must begin that `resume` needs to stand behind the one that began at `newest_ms`.

        They reach back to before the anchor of the oldest bar of which a value is still used.

        Returns
        -------
        int
            Start of a bar, event time, milliseconds.
        """
        oldest_ms = newest_ms - self._plan.own.held * self._interval_ms
        if self._program.handles:
            return anchor_ms(oldest_ms, self._interval_ms // MS_PER_SECOND) - self.warm_up_bars * self._interval_ms
        return oldest_ms - (self.warm_up_bars - 1) * self._interval_ms

    def resume(self, bars: Sequence[tuple[int, Bar]], given: Sequence[Sequence[float]] = ()) -> None:
        """Stand where an engine stands that has taken `bars`, consecutive ones, one after another.

        In a fraction of the time: TA-Lib's functions are opened on all bars since before their anchor at once, and
        only those bars are taken one by one that windows still reach back to.

        Parameters
        ----------
        bars
            When each began, and the bar.
        given
            What came with each, as `push` takes it.
        """
        if not bars:
            return
        cut = max(0, len(bars) - self._plan.own.window - self._plan.own.held)
        for _, bar in bars[:cut]:
            self._past.append(bar)
        since_anchor = (bars[cut][0] // self._interval_ms - 1) % ANCHOR_BARS + 1
        if since_anchor <= cut:
            self._open(since_anchor)
        for (window_start_ms, bar), with_it in zip(bars[cut:], given[cut:] or repeat(()), strict=False):
            latest = self._push_own(window_start_ms, (*bar, *with_it))
        for longer in self._longer:
            latest += longer.resume(bars)
        self._latest = latest

    def values(self) -> dict[str, float | None]:
        """Return the features after the last bar, in the order of the list; None where not warm.

        Returns
        -------
        dict[str, float | None]
            By name.
        """
        return self._named(self._latest)

    def _named(self, latest: tuple[float, ...]) -> dict[str, float | None]:
        values = self._arranged(latest)
        if not math.isnan(sum(values)):  # every one is known, as on most bars
            return dict(zip(self._order, values, strict=True))
        return dict(zip(self._order, [value if value == value else None for value in values], strict=True))

    def _open(self, since_anchor: int) -> None:
        """Open TA-Lib's functions on the bars before the anchor and the `since_anchor` bars since it."""
        self._handles = [self._opened(kind, since_anchor) for kind in self._program.handles]
        self._updates = [handle.update for handle in self._handles]

    def _opened(self, kind: Talib, since_anchor: int) -> Any:
        handle = opened(kind, lambda bars: self._past.columns(kind.inputs, bars + since_anchor))
        return _NotOpen(kind) if handle is None else handle


class Past:
    """The columns that TA-Lib's functions take, of as many bars as they may have to be opened on.

    Numbers side by side, eight bytes each: a pair has thousands of bars, and a process hundreds of pairs.
    """

    def __init__(self, kinds: Sequence[Talib]) -> None:
        self._names = tuple(name for name in Bar._fields if any(name in kind.inputs for kind in kinds))
        places = [Bar._fields.index(name) for name in self._names]
        self._of = itemgetter(*places) if len(places) > 1 else lambda bar: tuple(bar[place] for place in places)
        self._keep = len(places) * (max((kind.bars for kind in kinds), default=0) + ANCHOR_BARS)
        self._most = self._keep + len(places) * ANCHOR_BARS
        self._numbers = array("d")

    def append(self, bar: tuple[float, ...]) -> None:
        """Keep the next bar, and forget what is too old."""
        numbers = self._numbers
        numbers.extend(self._of(bar))
        if len(numbers) > self._most:  # seldom: it moves all of it
            del numbers[: -self._keep]

    def columns(self, names: Sequence[str], bars: int) -> list[NDArray[np.float64]] | None:
        """Return these columns of the last `bars` bars; None where there have not been as many."""
        width = len(self._names)
        if len(self._numbers) < bars * width:
            return None
        rows = np.array(self._numbers[-bars * width :]).reshape(bars, width)
        return [np.ascontiguousarray(rows[:, self._names.index(name)]) for name in names]


def _arrangement(order: tuple[str, ...], plan: Plan) -> Callable[[tuple[float, ...]], tuple[float, ...]]:
    """Return what puts the values of the plan's programs in the order of the features, NaN where there is none."""
    computed = [name for group in (plan.own, *plan.longer.values()) for name in group.names]
    if tuple(computed) == order:
        return lambda values: values
    places = {name: place for place, name in enumerate(computed)} | dict.fromkeys(plan.impossible, len(computed))
    # Twice the first: with one name alone, itemgetter would give the value and no tuple.
    arranged = itemgetter(*(places[name] for name in order), places[order[0]])
    return lambda values: arranged((*values, math.nan))[:-1]


class _NotOpen:
    """What stands for a handle that has not had its bars yet."""

    def __init__(self, kind: Talib) -> None:
        value = math.nan if kind.outputs == 1 else (math.nan,) * kind.outputs
        self.update: Callable[..., Any] = lambda *_columns: value
        self.peek = self.update
