"""The bars of one pair and interval in a key-value state: one small entry for each slot of a ring."""

from __future__ import annotations

import math
from typing import Any

from contracts.state import State
from contracts.units import MS_PER_SECOND
from contracts.window import WindowMessage
from features import ANCHOR_BARS, HELD_BARS, WARM_UP_BARS
from features.bars import Bar, anchor_ms

#: How many bars back a correction is taken: a day of one-minute bars.
REVISABLE_BARS = ANCHOR_BARS
#: Enough to compute the oldest bar that may still be corrected: its anchor, the bars before that, and the values
#: that are still used from before the anchor.
RING_BARS = WARM_UP_BARS + ANCHOR_BARS + HELD_BARS + REVISABLE_BARS
#: Of an entry; one of another length is an older version's and counts as missing.
_ENTRY_VALUES = 2 + len(Bar._fields)


class Ring:
    """Bars by the start of their window, and which came last.

    An entry is ``[window_start_ms, revision, *bar]``, None for a number that is not known: the bar as it first came,
    and the highest revision of it whose row was given. The start tells an entry from that of an earlier round of the
    ring. Beside them ``[reference_pair, from_ms]`` for each change of the pair whose closes bars come with: what was
    before such a change is not compared with what is after it.
    """

    def __init__(self, state: State, message: WindowMessage) -> None:
        self._state = state
        self._interval_s = message.interval_s
        self._interval_ms = message.interval_s * MS_PER_SECOND
        self._prefix = f"{message.exchange}:{message.interval_s}:"

    @property
    def last_ms(self) -> int | None:
        """Start of the newest window."""
        last: int | None = self._state.get(self._prefix + "last")
        return last

    def append(self, window_start_ms: int, revision: int, bar: Bar) -> None:
        """Keep the newest bar; the one it takes the place of is older than anything still needs."""
        self._state.set(self._slot(window_start_ms), [window_start_ms, revision, *_plain(bar)])
        self._state.set(self._prefix + "last", window_start_ms)

    def compare_with(self, reference_pair: str, window_start_ms: int) -> bool:
        """Note of which pair the reference closes are from that window on, "" for none; whether that is a change."""
        notes = self._comparisons()
        if notes and notes[-1][0] == reference_pair:
            return False
        oldest_ms = window_start_ms - RING_BARS * self._interval_ms
        kept = [note for note in notes if oldest_ms < note[1] < window_start_ms]
        self._state.set(self._prefix + "comparisons", [*kept, [reference_pair, window_start_ms]])
        return True

    def revision(self, window_start_ms: int) -> int | None:
        """Return the highest revision seen of a window, None if the window is not here."""
        entry = self._entry(window_start_ms)
        return None if entry is None else int(entry[1])

    def reference_close(self, window_start_ms: int) -> float:
        """Return the reference pair's close that a bar came with, NaN where there was none."""
        entry = self._entry(window_start_ms)
        return math.nan if entry is None else _bar(entry[2:]).reference_close

    def set_revision(self, window_start_ms: int, revision: int) -> None:
        """Note that the row of `revision` was given; the bar itself stays as it first came."""
        entry = self._entry(window_start_ms)
        if entry is None:
            raise KeyError(window_start_ms)
        self._state.set(self._slot(window_start_ms), [window_start_ms, revision, *entry[2:]])

    def before(self, window_start_ms: int, warm_up_bars: int) -> list[tuple[int, Bar]]:
        """Return the bars up to `window_start_ms` (exclusive) that an engine needs to go on with that window.

        They reach back to ``anchor - warm_up_bars`` of the oldest bar of which a value is still used, or to the first
        hole. Those that came with another reference pair than that window are without.
        """
        compared_from_ms = max((ms for _, ms in self._comparisons() if ms <= window_start_ms), default=0)
        newest = window_start_ms - self._interval_ms
        anchor = anchor_ms(newest - HELD_BARS * self._interval_ms, self._interval_s)
        oldest = anchor - warm_up_bars * self._interval_ms
        bars: list[tuple[int, Bar]] = []
        while newest >= oldest and (entry := self._entry(newest)) is not None:
            bar = _bar(entry[2:])
            bars.append((newest, bar if newest >= compared_from_ms else bar._replace(reference_close=math.nan)))
            newest -= self._interval_ms
        bars.reverse()
        return bars

    def _comparisons(self) -> list[tuple[str, int]]:
        notes: list[tuple[str, int]] = self._state.get(self._prefix + "comparisons") or []
        return notes

    def _entry(self, window_start_ms: int) -> list[Any] | None:
        entry = self._state.get(self._slot(window_start_ms))
        is_here = entry is not None and entry[0] == window_start_ms and len(entry) == _ENTRY_VALUES
        return entry if is_here else None

    def _slot(self, window_start_ms: int) -> str:
        return f"{self._prefix}{window_start_ms // self._interval_ms % RING_BARS}"


def _plain(bar: Bar) -> list[float | None]:
    """Return what JSON can hold of `bar`: it has no NaN."""
    return [None if math.isnan(value) else value for value in bar]


def _bar(plain: list[float | None]) -> Bar:
    return Bar(*[math.nan if value is None else value for value in plain])
