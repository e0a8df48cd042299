"""Late trades and late knowledge: the candles that change come out again, with the next revision.

A new close also changes the quiet windows after it, whose prices are that close: they are revised with it, up to the
next window with trades.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from candles.core.candle_history import (
    CandleHistory,
    Entries,
    Entry,
    Head,
    candle_of,
    close,
    entry_of,
    previous_close,
)
from candles.core.outage import Span
from candles.core.pair import Pair
from candles.core.partial import NO_TRADES, Partial, merge
from candles.core.rules import Rules
from candles.core.updates import ClosedWindow, Correction
from contracts.candle import Candle
from contracts.state import State
from contracts.units import MS_PER_SECOND, US_PER_MS


class Revised(NamedTuple):
    """What a correction leads to.

    Attributes
    ----------
    head
        State from now on.
    candles
        Revisions, then candles that come out for the first time, in the order of their windows.
    lost
        Late trades whose window is no longer kept.
    """

    head: Head | None
    candles: Iterable[Candle]
    lost: list[tuple[int, Partial]]


def step(state: State, event: ClosedWindow | Correction, pair: Pair, rules: Rules) -> Revised:
    """Take what happened to the windows of an interval and return the candles that come out.

    Parameters
    ----------
    state
        Of the pair; its entries change as the candles are taken, one at a time.
    pair
        What is known of its market now.
    """
    entries = Entries(state, event.interval_s, rules.closed_windows_kept(event.interval_s * MS_PER_SECOND))
    history = CandleHistory(pair, event.interval_s, entries)
    name = f"book:{event.interval_s}"
    head: Head | None = state.get(name)
    revised = _revise(history, head, event) if isinstance(event, Correction) else _settle(history, head, event)
    if revised.head is not None:
        state.set(name, revised.head)
    return revised


def _revise(history: CandleHistory, head: Head | None, correction: Correction) -> Revised:
    """Apply `correction` to the closed candles."""
    late = dict(correction.windows)
    # Windows that closed before the pair's first trade had no candle: with late trades in them they have their first.
    unborn = {start for start in late if head is None or start > head["last"]}
    old = {start: partial for start, partial in late.items() if start not in unborn}
    lost = [
        (start, partial) for start, partial in old.items() if head is not None and not _is_kept(history, head, start)
    ]
    for start, _ in lost:
        del old[start]
    candles: list[Candle] = []
    if head is not None and (old or correction.changed_us):
        head, candles = _revise_closed(history, head, old, correction.changed_us)
    for start in sorted(unborn):
        head, born = close(history, head, start, late[start])
        candles += born
    last_closed_ms = correction.closed_to_ms - history.interval_ms
    if unborn and last_closed_ms > max(unborn):
        head, born = close(history, head, last_closed_ms, NO_TRADES)
        candles += born
    return Revised(head, candles, lost)


def _settle(history: CandleHistory, head: Head | None, window: ClosedWindow) -> Revised:
    """Take a window from QuixStreams, now that it has closed.

    With a shorter grace than before, late trades may have brought out its candle already: it then corrects that.
    """
    interval_s, start_ms, partial = window
    if head is not None and start_ms <= head["last"]:
        late = [(start_ms, partial)] if partial["count"] else []
        return _revise(
            history, head, Correction(interval_s, start_ms, late, None, head["last"] + history.interval_ms)
        )
    head, candles = close(history, head, start_ms, partial)
    return Revised(head, candles, [])


def _is_kept(history: CandleHistory, head: Head, start_ms: int) -> bool:
    oldest_ms = head["last"] - (history.entries.size - 1) * history.interval_ms
    # The number of places changed between two runs: what they held before is not found any more.
    complete = head["size"] == history.entries.size and head["kept_from"] <= head["first"]
    return bool(start_ms >= oldest_ms and (complete or start_ms >= head["kept_from"]))


def _revise_closed(
    history: CandleHistory, head: Head, late: dict[int, Partial], changed_us: Span | None
) -> tuple[Head, list[Candle]]:
    affected = set(late) | _windows_in(history, head, changed_us)
    if not affected:
        return head, []
    first_ms, last_affected_ms = min(affected), max(affected)
    old_close = new_close = previous_close(history, head, first_ms)
    candles: list[Candle] = []
    for start_ms in range(first_ms, head["last"] + 1, history.interval_ms):
        if start_ms > last_affected_ms and old_close == new_close:
            break
        entry = history.entries.get(start_ms)
        before = entry["partial"] if entry else NO_TRADES
        partial = merge(before, late.get(start_ms, NO_TRADES))
        revised = entry_of(history, start_ms, partial, new_close, revision=1 + (entry["revision"] if entry else 0))
        if start_ms not in affected and start_ms >= head["first"]:
            revised["quality"] = entry["quality"] if entry else "empty"
        if start_ms in late or start_ms < head["first"] or _differs(entry, revised, old_close):
            history.entries.put(revised)
            candles.append(candle_of(history, revised))
        old_close, new_close = before.get("close", old_close), partial.get("close", new_close)
    else:
        head = {**head, "close": new_close}
    earliest_ms = min(first_ms, head["first"])
    kept_from_ms = min(earliest_ms, head["kept_from"]) if head["kept_from"] == head["first"] else head["kept_from"]
    return {**head, "first": earliest_ms, "kept_from": kept_from_ms}, candles


def _differs(entry: Entry | None, revised: Entry, old_close: str | None) -> bool:
    """Whether the candle that came out last says something else than `revised`, which has no late trades."""
    quality = entry["quality"] if entry else "empty"
    repriced = not revised["partial"]["count"] and old_close != revised["previous_close"]
    return bool(repriced or quality != revised["quality"])


def _windows_in(history: CandleHistory, head: Head, span_us: Span | None) -> set[int]:
    """Return the kept windows that `span_us` overlaps."""
    if span_us is None:
        return set()
    interval_ms = history.interval_ms
    from_ms = max(span_us[0] // US_PER_MS, head["first"])
    to_ms = min(span_us[1] // US_PER_MS, head["last"])
    starts = range(from_ms - from_ms % interval_ms, to_ms + 1, interval_ms)
    return {start for start in starts[-history.entries.size :] if _is_kept(history, head, start)}
