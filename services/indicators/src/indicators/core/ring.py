"""The bars of one pair and interval in a key-value state: one small entry for each slot of a ring."""

from __future__ import annotations

import math
from typing import Any, Protocol

from contracts.candle import Candle
from contracts.features import ANCHOR_BARS, WARM_UP_BARS
from contracts.units import MS_PER_SECOND
from indicators.core.bars import Bar, anchor_ms

#: How many bars back a correction is taken: a day of one-minute bars.
REVISABLE_BARS = ANCHOR_BARS
#: Enough to compute the oldest bar that may still be corrected: its anchor, and the bars before that.
RING_BARS = WARM_UP_BARS + ANCHOR_BARS + REVISABLE_BARS


class State(Protocol):
    """What is needed of a key-value state; QuixStreams' has it. Values are plain JSON."""

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value of `key`."""

    def set(self, key: Any, value: Any) -> None:
        """Keep `value` under `key`."""


class MemoryState:
    """A state in memory, for tests and backtests."""

    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`."""
        return self.entries.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Keep `value` under `key`."""
        self.entries[key] = value


class Ring:
    """Bars by the start of their window, and which came last.

    An entry is ``[window_start_ms, revision, *bar]``, None for a number that is not known: the bar as it first came,
    and the highest revision of it whose row was given. The start tells an entry from that of an earlier round of the
    ring.
    """

    def __init__(self, state: State, candle: Candle) -> None:
        self._state = state
        self._interval_s = candle.interval_s
        self._interval_ms = candle.interval_s * MS_PER_SECOND
        self._prefix = f"{candle.exchange}:{candle.interval_s}:"

    @property
    def last_ms(self) -> int | None:
        """Start of the newest window."""
        last: int | None = self._state.get(self._prefix + "last")
        return last

    def append(self, window_start_ms: int, revision: int, bar: Bar) -> None:
        """Keep the newest bar; the one it takes the place of is older than anything still needs."""
        self._state.set(self._slot(window_start_ms), [window_start_ms, revision, *_plain(bar)])
        self._state.set(self._prefix + "last", window_start_ms)

    def revision(self, window_start_ms: int) -> int | None:
        """Return the highest revision seen of a window, None if the window is not here."""
        entry = self._entry(window_start_ms)
        return None if entry is None else int(entry[1])

    def set_revision(self, window_start_ms: int, revision: int) -> None:
        """Note that the row of `revision` was given; the bar itself stays as it first came."""
        entry = self._entry(window_start_ms)
        if entry is None:
            raise KeyError(window_start_ms)
        self._state.set(self._slot(window_start_ms), [window_start_ms, revision, *entry[2:]])

    def before(self, window_start_ms: int) -> list[tuple[int, Bar]]:
        """Return the bars up to `window_start_ms` (exclusive) that an engine needs to go on with that window.

        They reach back to ``anchor - WARM_UP_BARS`` of the window before it, or to the first hole.
        """
        newest = window_start_ms - self._interval_ms
        oldest = anchor_ms(newest, self._interval_s) - WARM_UP_BARS * self._interval_ms
        bars: list[tuple[int, Bar]] = []
        while newest >= oldest and (entry := self._entry(newest)) is not None:
            bars.append((newest, _bar(entry[2:])))
            newest -= self._interval_ms
        bars.reverse()
        return bars

    def _entry(self, window_start_ms: int) -> list[Any] | None:
        entry = self._state.get(self._slot(window_start_ms))
        return entry if entry is not None and entry[0] == window_start_ms else None

    def _slot(self, window_start_ms: int) -> str:
        return f"{self._prefix}{window_start_ms // self._interval_ms % RING_BARS}"


def _plain(bar: Bar) -> list[float | None]:
    """Return what JSON can hold of `bar`: it has no NaN."""
    return [None if math.isnan(value) else value for value in bar]


def _bar(plain: list[float | None]) -> Bar:
    return Bar(*[math.nan if value is None else value for value in plain])
