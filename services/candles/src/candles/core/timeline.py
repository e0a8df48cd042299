"""How event time of a pair moves its windows on, interval by interval.

A window closes when time reaches its end plus the grace. QuixStreams closes only windows it has heard of, so a time
that closes a window without trades is preceded by an update without trades for that window: candles then come out as
soon as they are final, not one trade later.
"""

from __future__ import annotations

from candles.core.fold import Windows
from candles.core.pair import Pair
from candles.core.partial import NO_TRADES, Partial
from candles.core.rules import Rules
from candles.core.updates import WindowUpdate
from contracts.units import MS_PER_SECOND, US_PER_MS

#: The time that leads to an update, its interval, its place among that interval's updates. In this order the candle
#: of a longer interval follows the shorter ones it covers.
_Placed = tuple[int, int, int, WindowUpdate]


def latest_ms(pair: Pair, interval_ms: int, rules: Rules) -> int:
    """Return the time to which windows of `interval_ms` have been moved on."""
    closed_ms = pair["closed_ms"]
    if pair["ended_us"] is not None:
        closed_ms = max(closed_ms, _ended_ms(pair["ended_us"], interval_ms))
    clock_ms = pair["clock_us"] // US_PER_MS
    return max(clock_ms, closed_ms + rules.grace_ms) if closed_ms else clock_ms


def closed_to_ms(pair: Pair, interval_ms: int, rules: Rules) -> int:
    """Return the end of the last window of `interval_ms` that has closed."""
    due_ms = latest_ms(pair, interval_ms, rules) - rules.grace_ms
    return due_ms - due_ms % interval_ms


def closes_any(pair: Pair, time_ms: int, rules: Rules) -> bool:
    """Whether going on to `time_ms` could close a window, where `pair` is the state before it."""
    return _due(time_ms, rules.base_ms, rules) != _due(pair["clock_us"] // US_PER_MS, rules.base_ms, rules)


def heartbeat_updates(pair: Pair, time_ms: int, rules: Rules) -> list[WindowUpdate]:
    """Return what a heartbeat at `time_ms` leads to, where `pair` is the state before it.

    A heartbeat that closes no window leads to nothing: one a second costs no window state.
    """
    placed: list[_Placed] = []
    for interval_ms in rules.intervals_ms:
        now_ms = latest_ms(pair, interval_ms, rules)
        if _due(time_ms, interval_ms, rules) > _due(now_ms, interval_ms, rules):
            _place(placed, interval_ms, now_ms, time_ms, NO_TRADES, rules)
    return _in_order(placed)


def trade_updates(pair: Pair, on_time: dict[int, Windows], rules: Rules) -> list[WindowUpdate]:
    """Return what trades on time lead to, where `pair` is the state before them.

    Parameters
    ----------
    on_time
        Partial candles by interval in milliseconds.
    """
    placed: list[_Placed] = []
    for interval_ms, windows in on_time.items():
        now_ms = latest_ms(pair, interval_ms, rules)
        for _, partial in windows:
            time_ms = partial["close_at"][0] // US_PER_MS
            _place(placed, interval_ms, now_ms, time_ms, partial, rules)
            now_ms = max(now_ms, time_ms)
    return _in_order(placed)


def end_of_input_updates(pair: Pair, ended_us: int, rules: Rules) -> list[WindowUpdate]:
    """Return what closes all windows that began before `ended_us`, where `pair` is the state before that end."""
    placed: list[_Placed] = []
    for interval_ms in rules.intervals_ms:
        now_ms = latest_ms(pair, interval_ms, rules)
        end_ms = _ended_ms(ended_us, interval_ms) + rules.grace_ms
        if _due(end_ms, interval_ms, rules) > _due(now_ms, interval_ms, rules):
            placed.append((end_ms, interval_ms, 0, _update(interval_ms, end_ms - rules.grace_ms - 1, NO_TRADES)))
            placed.append((end_ms, interval_ms, 1, _update(interval_ms, end_ms, NO_TRADES)))
    return _in_order(placed)


def _place(
    placed: list[_Placed], interval_ms: int, now_ms: int, time_ms: int, partial: Partial, rules: Rules
) -> None:
    quiet_ms = _quiet_window_ms(now_ms, time_ms, interval_ms, rules)
    if quiet_ms is not None:
        placed.append((time_ms, interval_ms, len(placed), _update(interval_ms, quiet_ms, NO_TRADES)))
    placed.append((time_ms, interval_ms, len(placed), _update(interval_ms, time_ms, partial)))


def _quiet_window_ms(now_ms: int, time_ms: int, interval_ms: int, rules: Rules) -> int | None:
    """Return the start of the last window that going on from `now_ms` to `time_ms` closes, unless it has updates."""
    due = _due(time_ms, interval_ms, rules)
    if now_ms == 0 or due <= _due(now_ms, interval_ms, rules):
        return None
    start_ms = (due - 1) * interval_ms
    # Without a grace whatever brought time to `now_ms` was an update of that window.
    return None if rules.grace_ms == 0 and start_ms <= now_ms else start_ms


def _due(time_ms: int, interval_ms: int, rules: Rules) -> int:
    """Return how many windows since the epoch have closed at `time_ms`."""
    return (time_ms - rules.grace_ms) // interval_ms


def _ended_ms(ended_us: int, interval_ms: int) -> int:
    """Return the end of the last window that began before `ended_us`."""
    return -(-ended_us // (interval_ms * US_PER_MS)) * interval_ms


def _update(interval_ms: int, time_ms: int, partial: Partial) -> WindowUpdate:
    return WindowUpdate(interval_ms // MS_PER_SECOND, time_ms, partial)


def _in_order(placed: list[_Placed]) -> list[WindowUpdate]:
    placed.sort(key=lambda one: one[:3])
    return [update for _, _, _, update in placed]
