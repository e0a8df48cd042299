"""A pair's candles wait for those of its reference pair: the fold over both, whichever comes first.

What comes out is a function of what the two topics hold, not of how their messages were mixed: candles go through
`indicators.core.fold` in their own order, each with the close of the reference candle of its window. A reference
pair's candles come in window order, so a later one says that a window has none.

State is bounded: where `MAX_WAITING` candles of a pair and interval wait, the oldest goes on without a reference;
and where as many closes wait for candles, the oldest is forgotten. Only there does the order of arrival count.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from contracts.line import Line
from contracts.reference_candle import ReferenceCandle
from contracts.state import State
from features import ANCHOR_BARS
from indicators.core.closes import Closes
from indicators.core.fold import Engines, step
from indicators.core.ring import Ring

#: Thirty days of one-minute candles: pairs whose history is fetched side by side can be that far apart.
MAX_WAITING = 30 * ANCHOR_BARS
#: As many go on with one message; the others with the next ones, so that a line of weeks is not in memory at once.
MAX_RELEASED = ANCHOR_BARS


class Refused(NamedTuple):
    """A candle that cannot be used, and why: for the dead letters."""

    candle: Candle
    error: Exception


class Joined(NamedTuple):
    """What a message leads to.

    Attributes
    ----------
    rows, refused
        In the order of the candles.
    without
        Candles that went on without a reference because too many waited, or too many closes did.
    waiting
        How many candles wait now.
    compared_before
        The reference pair until this message, if it is another one now: its closes are forgotten.
    """

    rows: list[FeatureRow]
    refused: list[Refused]
    without: list[Candle]
    waiting: int = 0
    compared_before: str | None = None


def join(
    state: State,
    message: Candle | ReferenceCandle,
    reference_pair: str | None,
    engines: Engines,
    set_name: str = "core",
) -> Joined:
    """Take the next message of a pair that has a reference, or had one.

    Parameters
    ----------
    state
        Of the pair; changed in place, all intervals in one.
    message
        A final candle of the pair, or of a reference pair; of another than `reference_pair` it is passed over.
    reference_pair
        What the pair is compared with; None for nothing: candles wait no longer.
    engines, set_name
        As `indicators.core.fold.step` has them.

    Raises
    ------
    BadInputError
        If the message is a reference candle that cannot be used.
    """
    if isinstance(message, ReferenceCandle) and message.reference_pair != reference_pair:
        return Joined([], [], [])
    meeting = _Meeting(state, message, reference_pair, engines, set_name)
    if isinstance(message, ReferenceCandle):
        meeting.closes.add(message, meeting.ring.last_ms)
    else:
        meeting.let_wait(message)
    meeting.release()
    return meeting.joined._replace(waiting=len(meeting.waiting), compared_before=meeting.closes.of_before)


class _Meeting:
    """One message's work on the state of a pair, exchange and interval."""

    def __init__(
        self,
        state: State,
        message: Candle | ReferenceCandle,
        reference_pair: str | None,
        engines: Engines,
        set_name: str,
    ) -> None:
        self.closes = Closes(state, message, reference_pair, MAX_WAITING)
        self.waiting = Line(state, f"{message.exchange}:{message.interval_s}:waiting")
        self.ring = Ring(state, message)
        self.joined = Joined([], [], [])
        self._state, self._engines, self._set_name = state, engines, set_name
        self._reference_pair = reference_pair

    def let_wait(self, candle: Candle) -> None:
        """Put `candle` behind those that wait, or use it if it need not wait."""
        if not len(self.waiting) and self.closes.are_known_to(candle.window_start_ms):
            self._use(candle)
            return
        if len(self.waiting) == MAX_WAITING:
            self._use(Candle.model_validate(self.waiting.pop()), is_overdue=True)
        self.waiting.append(candle.model_dump())

    def release(self) -> None:
        """Use what need not wait any more."""
        for _ in range(min(len(self.waiting), MAX_RELEASED)):
            candle = Candle.model_validate(self.waiting[0])
            if not self.closes.are_known_to(candle.window_start_ms):
                break
            self.waiting.pop()
            self._use(candle)

    def _use(self, candle: Candle, is_overdue: bool = False) -> None:
        start_ms, last_ms = candle.window_start_ms, self.ring.last_ms
        close = self.closes.of(start_ms)
        try:
            rows = step(self._state, candle, self._engines, self._set_name, close, self._reference_pair or "")
        except Exception as error:  # noqa: BLE001 - of this candle, which need not be the message in hand
            self.joined.refused.append(Refused(candle, error))
            return
        self.joined.rows.extend(rows)
        if last_ms is None or start_ms > last_ms:
            if math.isnan(close) and (is_overdue or self.closes.were_forgotten(start_ms)):
                self.joined.without.append(candle)
            self.closes.drop(start_ms)
