"""The stateful steps: the pure cores on QuixStreams' state.

State of a pair is small JSON entries: ``pair`` (what is known of its market; decoded in memory between checkpoints),
``forming`` (its open windows, if they are shown; likewise), ``book:<interval>`` (where its closed candles stand) and
``candle:<interval>:<size>:<place>`` (the newest of them, at a fixed number of places).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from candles.core import admit as core
from candles.core import forming, revise
from candles.core.admit import TOO_LATE
from candles.core.forming import Forming, PartialBar
from candles.core.pair import Pair, trades_waiting
from candles.core.rules import Rules
from candles.core.updates import ClosedWindow, Correction, Output, Refused, TradesMessage, Update, WindowUpdate
from candles.flaws import count_trades, counted
from contracts.candle import Candle
from contracts.errors import BadMessageError
from contracts.state import State
from streaming.dead_letters.writer import DeadLetters
from streaming.service.cached_state import CachedState

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame


Pairs = CachedState[Pair]


def pairs_of(sdf: StreamingDataFrame) -> Pairs:
    """Return the state of pairs that the steps on `sdf` share."""
    return CachedState(sdf, "pair")


def admitting(
    rules: Rules, pairs: Pairs, dead_letters: DeadLetters, showing: Showing | None = None
) -> Callable[..., Iterator[Update | PartialBar]]:
    """Return the step from messages to updates of windows; what cannot be used goes to the dead letters.

    Parameters
    ----------
    showing
        What gives partial bars of the open windows, after the updates; None for none.
    """

    def admit(message: TradesMessage, key: Any, _timestamp_ms: int, _headers: Any) -> Iterator[Update | PartialBar]:
        if key != message.key:
            raise BadMessageError("key", f"the pair, {message.key}", key)
        parts: list[list[Output]] = []
        before = pair = pairs.get(key)
        for pair, outputs in core.step(before, message, rules):
            # Set before the updates go on: the steps after this one look at what is known.
            pairs.set(key, pair)
            parts.append(outputs)
            for output in outputs:
                if isinstance(output, Refused):
                    dead_letters.send(key, output.message.to_json(), output.reason, output.error)
                else:
                    yield output
        count_trades(message, parts, trades_waiting(pair) - trades_waiting(before), rules.intervals_s[0])
        if showing is not None and pair is not None:
            yield from showing(key, before, pair, parts)

    return admit


#: From a key, what is known of its pair before and after a message, and the outputs of its parts, to what is due.
Showing = Callable[[Any, Pair | None, Pair, list[list[Output]]], list[PartialBar]]


def showing_every(every_ms: int, rules: Rules, sdf: StreamingDataFrame) -> Showing:
    """Return what gives partial bars of the open windows, at most one in `every_ms` of event time."""
    kept: CachedState[Forming] = CachedState(sdf, "forming")

    def show(key: Any, before: Pair | None, after: Pair, parts: list[list[Output]]) -> list[PartialBar]:
        outputs = (output for part in parts for output in part)
        now, bars = forming.step(kept.get(key), before, after, outputs, rules, every_ms)
        kept.set(key, now)
        return bars

    return show


def is_update_of(interval_s: int) -> Callable[[Update | PartialBar], bool]:
    """Return the filter for what goes into the windows of `interval_s`."""
    return lambda update: isinstance(update, WindowUpdate) and update.interval_s == interval_s


def refuse_late(*late: Any, **_names: Any) -> bool:
    """Raise: a late trade has been told apart before the window, so one here means broken state.

    Raises
    ------
    BadMessageError
        So that the message is dead-lettered and not dropped.
    """
    raise BadMessageError("time", "a window that is open", late)


def closing(
    interval_s: int, rules: Rules, pairs: Pairs, dead_letters: DeadLetters
) -> Callable[..., Iterable[Candle]]:
    """Return the step from a closed window to its candle, and those of the quiet windows before it."""
    changed = correcting(rules, pairs, dead_letters)

    def close_window(window: dict[str, Any], *message: Any) -> Iterable[Candle]:
        return changed(ClosedWindow(interval_s, window["start"], window["partial"]), *message)

    return close_window


def correcting(rules: Rules, pairs: Pairs, dead_letters: DeadLetters) -> Callable[..., Iterable[Candle]]:
    """Return the step from a correction, or a window that has closed, to the candles it leads to."""

    def change(
        event: ClosedWindow | Correction, key: Any, _timestamp_ms: int, _headers: Any, state: State
    ) -> Iterable[Candle]:
        pair = pairs.get(key)
        if pair is None:
            raise BadMessageError("key", "a pair whose trades have been admitted", key)
        revised = revise.step(state, event, pair, rules)
        for start_ms, partial in revised.lost:
            what = f"{partial['count']} trades from id {partial['first_trade_id']} to {partial['last_trade_id']}"
            kept = f"{event.interval_s} s candle from {start_ms} ms: expected to be kept for corrections"
            dead_letters.send(key, None, TOO_LATE, f"{kept}, lacks {what}")
        return counted(revised.candles)

    return change
