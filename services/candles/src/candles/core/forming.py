"""What the candles of open windows would be now: partial bars for screens, at most one in each step of event time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypedDict

from candles.core.fold import fold
from candles.core.pair import Pair
from candles.core.partial import Partial, merge
from candles.core.rows import Rows
from candles.core.rules import Rules
from candles.core.updates import Output, WindowUpdate
from contracts.forming_candle import FormingCandle
from contracts.units import MS_PER_SECOND, US_PER_MS


class Window(TypedDict):
    """The newest window of an interval.

    Attributes
    ----------
    start
        Milliseconds.
    whole
        Whether it began while its trades were followed, so that nothing of it is missing.
    partial
        Of its trades that have gone to the windows.
    shown
        Start, trade count and time (ms) of the last partial bar.
    """

    start: int
    whole: bool
    partial: Partial
    shown: list[int]


class Forming(TypedDict):
    """The state of a pair: its clock after the last message, and its windows by interval, as text."""

    clock_us: int
    windows: dict[str, Window]


class PartialBar(NamedTuple):
    """A forming candle, and the event time it comes with."""

    time_ms: int
    candle: FormingCandle


def step(
    forming: Forming | None, before: Pair | None, after: Pair, outputs: Iterable[Output], rules: Rules, every_ms: int
) -> tuple[Forming, list[PartialBar]]:
    """Return the state after a message, and the partial bars that are due.

    Parameters
    ----------
    forming
        None at first.
    before, after
        What is known of the pair before and after the message.
    outputs
        What the message led to.
    every_ms
        Each interval is shown at most once in so much event time, and only if trades have come.
    """
    # Messages that were not followed, while this was off, may have had trades of the open windows.
    missed = forming is None or before is None or forming["clock_us"] != before["clock_us"]
    windows: dict[str, Window] = {} if forming is None or missed else dict(forming["windows"])
    for output in outputs:
        if isinstance(output, WindowUpdate):
            name = str(output.interval_s)
            start_ms = _start(output.time_ms, output.interval_s)
            windows[name] = _with(windows.get(name), start_ms, output.partial)
    time_ms = after["clock_us"] // US_PER_MS
    bars = []
    for name in rules.names:
        if name in windows and time_ms // every_ms > windows[name]["shown"][2] // every_ms:
            now = _with_waiting(windows[name], after, int(name))
            if _is_news(now, time_ms, int(name)):
                bars.append(PartialBar(time_ms, _candle(after, int(name), now, time_ms)))
                windows[name] = {**windows[name], "shown": [now["start"], now["partial"]["count"], time_ms]}
    return {"clock_us": after["clock_us"], "windows": windows}, bars


def _start(time_ms: int, interval_s: int) -> int:
    return time_ms - time_ms % (interval_s * MS_PER_SECOND)


def _with(window: Window | None, start_ms: int, partial: Partial) -> Window:
    """Return the newest window after trades in the one that starts at `start_ms`, which may be an older one."""
    if window is None:
        return {"start": start_ms, "whole": False, "partial": partial, "shown": [start_ms, 0, 0]}
    if start_ms > window["start"]:
        return {**window, "start": start_ms, "whole": True, "partial": partial}
    if start_ms < window["start"]:
        return window
    return {**window, "partial": merge(window["partial"], partial)}


def _with_waiting(window: Window, pair: Pair, interval_s: int) -> Window:
    """Return `window` with the trades that have not gone to the windows yet."""
    if pair["waiting"] is not None:
        for start_ms, partial in fold(Rows(*pair["waiting"]), interval_s * MS_PER_SECOND):
            window = _with(window, start_ms, partial)
    return window


def _is_news(window: Window, time_ms: int, interval_s: int) -> bool:
    count, (shown_start_ms, shown_count, _) = window["partial"]["count"], window["shown"]
    is_open = _start(time_ms, interval_s) == window["start"]
    return bool(window["whole"] and is_open and count and [shown_start_ms, shown_count] != [window["start"], count])


def _candle(pair: Pair, interval_s: int, window: Window, time_ms: int) -> FormingCandle:
    partial = window["partial"]
    copied: dict[str, Any] = {name: value for name, value in partial.items() if name in _COPIED}
    return FormingCandle(
        exchange=pair["exchange"],
        pair=pair["pair"],
        interval_s=interval_s,
        window_start_ms=window["start"],
        as_of_ms=time_ms,
        trade_count=partial["count"],
        **copied,
    )


_COPIED = ("open", "high", "low", "close", "volume", "quote_volume", "taker_buy_volume")
