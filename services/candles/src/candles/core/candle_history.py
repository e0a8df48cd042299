"""The closed candles of one pair and interval: quiet windows are filled, late trades correct them.

The newest candles are kept, at a fixed number of places, so that a correction knows what it corrects. A window
between the first and the last that has no entry was quiet, and nothing has changed since.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, NotRequired, TypedDict

from candles.core.knowledge import quality, unknown_spans
from candles.core.pair import Pair
from candles.core.partial import NO_TRADES, Partial
from contracts.candle import Candle, Quality
from contracts.state import State
from contracts.units import MS_PER_SECOND


class Head(TypedDict):
    """Where the closed candles stand; there is none before the first trade.

    Attributes
    ----------
    first, last
        Starts of the first and the last candle.
    close
        Price of the last trade; None until the first candle is out.
    kept_from, size
        Entries exist from here on, for so many windows.
    """

    first: int
    last: int
    close: str | None
    kept_from: int
    size: NotRequired[int]


class Entry(TypedDict):
    """What is kept of a candle; `previous_close` is None for the first."""

    start: int
    partial: Partial
    previous_close: str | None
    quality: Quality
    revision: int


class Entries:
    """The entries of an interval in a pair's state: one takes the place of the one `size` windows older."""

    def __init__(self, state: State, interval_s: int, size: int) -> None:
        self.size = size
        self._state = state
        self._interval_ms = interval_s * MS_PER_SECOND
        self._prefix = f"candle:{interval_s}:{size}:"

    def get(self, start_ms: int) -> Entry | None:
        """Return the entry of the window that starts at `start_ms`, if there is one."""
        entry: Entry | None = self._state.get(self._key(start_ms))
        return entry if entry is not None and entry["start"] == start_ms else None

    def put(self, entry: Entry) -> None:
        """Keep `entry`."""
        self._state.set(self._key(entry["start"]), entry)

    def _key(self, start_ms: int) -> str:
        return f"{self._prefix}{start_ms // self._interval_ms % self.size}"


class CandleHistory(NamedTuple):
    """Whose closed candles these are, and what is known of their market now."""

    pair: Pair
    interval_s: int
    entries: Entries

    @property
    def interval_ms(self) -> int:
        """Length of a window in milliseconds."""
        return self.interval_s * MS_PER_SECOND

    def quality(self, start_ms: int, trade_count: int) -> Quality:
        """Return the quality that the candle of a closed window has by now."""
        return quality(self.pair, self.interval_s, start_ms, trade_count)


def entry_of(
    history: CandleHistory, start_ms: int, partial: Partial, previous_close: str | None, revision: int
) -> Entry:
    """Return what is kept of a candle."""
    return {
        "start": start_ms,
        "partial": partial,
        "previous_close": previous_close,
        "quality": history.quality(start_ms, partial["count"]),
        "revision": revision,
    }


def candle_of(history: CandleHistory, entry: Entry) -> Candle:
    """Return the candle that `entry` describes; without trades all its prices are the previous close."""
    partial, still = entry["partial"], entry["previous_close"] or ""  # the first has trades
    return Candle(
        exchange=history.pair["exchange"],
        pair=history.pair["pair"],
        interval_s=history.interval_s,
        window_start_ms=entry["start"],
        open=partial.get("open", still),
        high=partial.get("high", still),
        low=partial.get("low", still),
        close=partial.get("close", still),
        volume=partial.get("volume", "0"),
        quote_volume=partial.get("quote_volume", "0"),
        taker_buy_volume=partial.get("taker_buy_volume", "0"),
        trade_count=partial["count"],
        first_trade_id=partial.get("first_trade_id"),
        last_trade_id=partial.get("last_trade_id"),
        quality=entry["quality"],
        revision=entry["revision"],
    )


def close(
    history: CandleHistory, head: Head | None, start_ms: int, partial: Partial
) -> tuple[Head | None, Iterator[Candle]]:
    """Close a window later than the last, and before it the quiet ones between.

    Parameters
    ----------
    head
        None before the first trade: until then nothing has a price, and nothing comes out.

    Returns
    -------
    head, candles
        The candles are made one at a time: a pair that was quiet for months has hundreds of thousands.
    """
    if head is None and not partial["count"]:
        return None, iter(())
    if head is None:
        head = {"first": start_ms, "last": start_ms - history.interval_ms, "close": None, "kept_from": start_ms}
    kept_from = head["kept_from"] if head.get("size", history.entries.size) == history.entries.size else start_ms
    after: Head = {
        **head,
        "last": start_ms,
        "close": partial.get("close", head["close"]),
        "kept_from": kept_from,
        "size": history.entries.size,
    }
    return after, _closing(history, head, start_ms, partial)


def _closing(history: CandleHistory, head: Head, start_ms: int, partial: Partial) -> Iterator[Candle]:
    yield from _quiet(history, head["close"], head["last"] + history.interval_ms, start_ms)
    entry = entry_of(history, start_ms, partial, head["close"], revision=0)
    _keep(history, entry)
    yield candle_of(history, entry)


def _keep(history: CandleHistory, entry: Entry) -> None:
    """Keep what differs from a quiet window as the absence of an entry says it."""
    if entry["partial"]["count"] or entry["quality"] != "empty" or entry["revision"]:
        history.entries.put(entry)


def _quiet(history: CandleHistory, price: str | None, from_ms: int, to_ms: int) -> Iterator[Candle]:
    """Yield the candles of the windows without trades in ``[from_ms, to_ms)``."""
    if from_ms >= to_ms:
        return
    unknown = unknown_spans(history.pair, history.interval_s, from_ms, to_ms)
    kept_from_ms = to_ms - history.entries.size * history.interval_ms
    template = candle_of(history, entry_of(history, from_ms, NO_TRADES, price, revision=0))
    for start_ms in range(from_ms, to_ms, history.interval_ms):
        if unknown:
            entry = entry_of(history, start_ms, NO_TRADES, price, revision=0)
            if start_ms >= kept_from_ms:
                _keep(history, entry)
            yield candle_of(history, entry)
        else:
            # All fields but one are those of a candle that has been checked.
            yield template.model_copy(update={"window_start_ms": start_ms})


def previous_close(history: CandleHistory, head: Head, start_ms: int) -> str | None:
    """Return the close before the window that starts at `start_ms`, None before the first candle."""
    for later_ms in range(start_ms, head["last"] + 1, history.interval_ms):
        entry = history.entries.get(later_ms)
        if entry is not None:
            return entry["previous_close"]
    return head["close"]
