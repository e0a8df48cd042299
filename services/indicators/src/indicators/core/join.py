"""A pair's candles wait for those of its reference pair: the fold over both, whichever comes first.

What comes out is a function of what the two topics hold, not of how their messages were mixed: candles go through
`indicators.core.fold` in their own order, each with the close of the reference candle of its window. A reference
pair's candles come in window order, so a later one says that a window has none.

State is bounded: where `MAX_WAITING` candles of a pair and interval wait, the oldest goes on without a reference;
and that many closes are kept for candles that have not come yet. Only there does the order of arrival count.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from contracts.candle import Candle
from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from contracts.features import ANCHOR_BARS
from contracts.reference_candle import ReferenceCandle
from contracts.units import MS_PER_SECOND, to_float
from contracts.window import WindowMessage
from indicators.core.fold import Engines, step
from indicators.core.ring import State

#: A day of one-minute candles.
MAX_WAITING = ANCHOR_BARS


class Refused(NamedTuple):
    """A candle that cannot be used, and why: for the dead letters."""

    candle: Candle
    error: BadInputError


class Joined(NamedTuple):
    """What a message leads to.

    Attributes
    ----------
    rows, refused
        In the order of the candles.
    overdue
        The candle that went on without a reference because too many waited.
    """

    rows: list[FeatureRow]
    refused: list[Refused]
    overdue: Candle | None = None


def join(state: State, message: Candle | ReferenceCandle, engines: Engines, set_name: str = "core") -> Joined:
    """Take the next message of a pair that has a reference.

    Parameters
    ----------
    state
        Of the pair; changed in place, all intervals in one.
    message
        A final candle of the pair, or of its reference pair.
    engines, set_name
        As `indicators.core.fold.step` has them.
    """
    closes, waiting = _Closes(state, message), _Waiting(state, message)
    joined = Joined([], [])
    if isinstance(message, ReferenceCandle):
        closes.add(message)
    else:
        if len(waiting) == MAX_WAITING:
            oldest = waiting.pop()
            joined = joined._replace(overdue=oldest)
            _use(joined, state, oldest, math.nan, engines, set_name)
        waiting.append(message)
    while len(waiting) and closes.are_known_to(waiting.first().window_start_ms):
        candle = waiting.pop()
        _use(joined, state, candle, closes.of(candle.window_start_ms), engines, set_name)
    return joined


def _use(
    joined: Joined, state: State, candle: Candle, reference_close: float, engines: Engines, set_name: str
) -> None:
    try:
        _, rows = step(state, candle, engines, set_name, reference_close)
    except BadInputError as error:  # of this candle, which need not be the message in hand
        joined.refused.append(Refused(candle, error))
    else:
        joined.rows.extend(rows)


class _Closes:
    """The reference pair's closes of the last `MAX_WAITING` windows: ``[window_start_ms, close]`` each."""

    def __init__(self, state: State, message: WindowMessage) -> None:
        self._state = state
        self._interval_ms = message.interval_s * MS_PER_SECOND
        self._prefix = f"{message.exchange}:{message.interval_s}:reference:"

    def add(self, candle: ReferenceCandle) -> None:
        """Keep a close; one that repeats changes nothing."""
        if not self.are_known_to(candle.window_start_ms):
            self._state.set(self._slot(candle.window_start_ms), [candle.window_start_ms, to_float(candle.close)])
            self._state.set(self._prefix + "last", candle.window_start_ms)

    def are_known_to(self, window_start_ms: int) -> bool:
        """Whether it is known what the reference pair closed at in that window, or that it has no such candle."""
        last_ms: int | None = self._state.get(self._prefix + "last")
        return last_ms is not None and window_start_ms <= last_ms

    def of(self, window_start_ms: int) -> float:
        """Return the close of that window, NaN if there is none."""
        entry = self._state.get(self._slot(window_start_ms))
        return float(entry[1]) if entry is not None and entry[0] == window_start_ms else math.nan

    def _slot(self, window_start_ms: int) -> str:
        return f"{self._prefix}{window_start_ms // self._interval_ms % MAX_WAITING}"


class _Waiting:
    """Candles in the order they came, an entry each; ``[first, behind the last]`` says which there are."""

    def __init__(self, state: State, message: WindowMessage) -> None:
        self._state = state
        self._prefix = f"{message.exchange}:{message.interval_s}:waiting"
        ends: list[int] = state.get(self._prefix) or [0, 0]
        self._first, self._behind = ends

    def __len__(self) -> int:
        return self._behind - self._first

    def append(self, candle: Candle) -> None:
        """Let `candle` wait behind the others."""
        self._state.set(f"{self._prefix}:{self._behind}", candle.model_dump())
        self._behind += 1
        self._note()

    def first(self) -> Candle:
        """Return the candle that waits longest."""
        return Candle.model_validate(self._state.get(f"{self._prefix}:{self._first}"))

    def pop(self) -> Candle:
        """Return that candle, which then no longer waits."""
        candle = self.first()
        self._state.delete(f"{self._prefix}:{self._first}")
        self._first += 1
        self._note()
        return candle

    def _note(self) -> None:
        self._state.set(self._prefix, [self._first, self._behind])
