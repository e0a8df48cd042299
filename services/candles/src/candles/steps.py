"""The stateful steps: the pure cores on QuixStreams' state.

State of a pair is small JSON entries: ``pair`` (what is known of its market; decoded in memory between checkpoints),
``forming`` (its open windows, if they are shown; likewise), ``history:<interval>`` (its closed candles) and
``candle:<interval>:<size>:<place>`` (the newest of them, at a fixed number of places).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from candles.core.admit import TOO_LATE, steps
from candles.core.candle_history import CandleHistory, Entry, Head
from candles.core.forming import Forming, Glimpse, look
from candles.core.knowledge import Pair, trades_waiting
from candles.core.revise import Revised, revise, settle
from candles.core.rules import Rules
from candles.core.updates import Correction, Output, Refused, TradesMessage, Update, WindowUpdate
from candles.flaws import count_trades, counted
from contracts.candle import Candle
from contracts.errors import BadMessageError
from contracts.units import MS_PER_SECOND
from streaming.dead_letters.writer import DeadLetters
from streaming.service.cached_state import CachedState

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame
    from quixstreams.state import State


class StateEntries:
    """Entries of closed candles in QuixStreams' state: one takes the place of the one `size` windows older."""

    def __init__(self, state: State[str, Any], interval_s: int, size: int) -> None:
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


Pairs = CachedState[Pair]


def pairs_of(sdf: StreamingDataFrame) -> Pairs:
    """Return the state of pairs that the steps on `sdf` share."""
    return CachedState(sdf, "pair")


def admitting(
    rules: Rules, pairs: Pairs, dead_letters: DeadLetters, looking: Looking | None = None
) -> Callable[..., Iterator[Update | Glimpse]]:
    """Return the step from messages to updates of windows; what cannot be used goes to the dead letters.

    Parameters
    ----------
    looking
        What gives glimpses of the open windows, after the updates; None for none.
    """

    def admit(message: TradesMessage, key: Any, _timestamp_ms: int, _headers: Any) -> Iterator[Update | Glimpse]:
        if key != message.key:
            raise BadMessageError("key", f"the pair, {message.key}", key)
        parts: list[list[Output]] = []
        before = pair = pairs.get(key)
        for pair, outputs in steps(before, message, rules):
            # Set before the updates go on: the steps after this one look at what is known.
            pairs.set(key, pair)
            parts.append(outputs)
            for output in outputs:
                if isinstance(output, Refused):
                    dead_letters.send(key, output.message.to_json(), output.reason, output.error)
                else:
                    yield output
        count_trades(message, parts, trades_waiting(pair) - trades_waiting(before), rules.intervals_s[0])
        if looking is not None and pair is not None:
            yield from looking(key, before, pair, parts)

    return admit


#: From a key, what is known of its pair before and after a message, and the outputs of its parts, to what is due.
Looking = Callable[[Any, Pair | None, Pair, list[list[Output]]], list[Glimpse]]


def looking_every(step_ms: int, rules: Rules, sdf: StreamingDataFrame) -> Looking:
    """Return what gives glimpses of the open windows, at most one in `step_ms` of event time."""
    kept: CachedState[Forming] = CachedState(sdf, "forming")

    def look_at(key: Any, before: Pair | None, after: Pair, parts: list[list[Output]]) -> list[Glimpse]:
        outputs = (output for part in parts for output in part)
        forming, glimpses = look(kept.get(key), before, after, outputs, rules, step_ms)
        kept.set(key, forming)
        return glimpses

    return look_at


def is_update_of(interval_s: int) -> Callable[[Update | Glimpse], bool]:
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

    def close_window(
        window: dict[str, Any], key: Any, _timestamp_ms: int, _headers: Any, state: State[str, Any]
    ) -> Iterable[Candle]:
        history, head = _book(state, pairs.get(key), interval_s, rules)
        return _store(state, history, settle(history, head, window["start"], window["partial"]), dead_letters)

    return close_window


def correcting(rules: Rules, pairs: Pairs, dead_letters: DeadLetters) -> Callable[..., Iterable[Candle]]:
    """Return the step from a correction to the revisions it leads to."""

    def correct(
        correction: Correction, key: Any, _timestamp_ms: int, _headers: Any, state: State[str, Any]
    ) -> Iterable[Candle]:
        history, head = _book(state, pairs.get(key), correction.interval_s, rules)
        return _store(state, history, revise(history, head, correction), dead_letters)

    return correct


def _book(
    state: State[str, Any], pair: Pair | None, interval_s: int, rules: Rules
) -> tuple[CandleHistory, Head | None]:
    size = rules.closed_windows_kept(interval_s * MS_PER_SECOND)
    history = CandleHistory(pair or {}, interval_s, StateEntries(state, interval_s, size))
    return history, state.get(f"book:{interval_s}")


def _store(
    state: State[str, Any], history: CandleHistory, revised: Revised, dead_letters: DeadLetters
) -> Iterable[Candle]:
    if revised.head is not None:
        state.set(f"book:{history.interval_s}", revised.head)
    for start_ms, partial in revised.lost:
        what = f"{partial['count']} trades from id {partial['first_trade_id']} to {partial['last_trade_id']}"
        error = f"{history.interval_s} s candle from {start_ms} ms: expected to be kept for corrections, lacks {what}"
        dead_letters.send(history.pair["pair"], None, TOO_LATE, error)
    return counted(revised.candles)
