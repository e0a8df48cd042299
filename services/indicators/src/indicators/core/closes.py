"""The closes of a reference pair that the candles of a pair have not been given yet."""

from __future__ import annotations

import math
from bisect import bisect_left

from contracts.errors import BadInputError
from contracts.line import Line
from contracts.reference_candle import ReferenceCandle
from contracts.state import State
from contracts.units import to_float
from contracts.window import WindowMessage


class Closes:
    """``[window_start_ms, close]`` in the order of windows, and which pair they are of.

    A close is kept until the pair's own candle of its window has been used, so seldom more than one. Under its key
    ``[pair, last_ms, forgotten_ms]``: of which pair closes are, the last window that is known, and the last of which
    the close had to be forgotten before its candle came.

    Attributes
    ----------
    of_before
        The pair that closes were of until this message; None if they are of the same one, or there were none.
    """

    def __init__(self, state: State, message: WindowMessage, reference_pair: str | None, most: int) -> None:
        prefix = f"{message.exchange}:{message.interval_s}:"
        self._state = state
        self._most = most
        self._key = prefix + "compared"
        self._line = Line(state, prefix + "closes")
        noted: tuple[str | None, int | None, int | None] = state.get(self._key) or (None, None, None)
        before, self._last_ms, self._forgotten_ms = noted
        self._pair = reference_pair
        self.of_before = before if before != reference_pair else None
        if before != reference_pair:
            self._forget_all()

    def add(self, candle: ReferenceCandle, used_ms: int | None) -> None:
        """Keep a close; one that repeats changes nothing.

        Parameters
        ----------
        used_ms
            The last window of the pair's own that was used: no close is needed for it and those before it.

        Raises
        ------
        BadInputError
            If it is no number that floats have. Nothing is changed.
        """
        if self._last_ms is not None and candle.window_start_ms <= self._last_ms:
            return
        close = to_float(candle.close)
        if not math.isfinite(close):
            raise BadInputError("close", "a number that a float can hold", candle.close)
        self._last_ms = candle.window_start_ms
        if used_ms is None or candle.window_start_ms > used_ms:
            if len(self._line) == self._most:
                self._forgotten_ms = self._line.pop()[0]
            self._line.append([candle.window_start_ms, close])
        self._note()

    def are_known_to(self, window_start_ms: int) -> bool:
        """Whether it is known what the pair closed at in that window, or that it has no such candle."""
        return self._pair is None or (self._last_ms is not None and window_start_ms <= self._last_ms)

    def of(self, window_start_ms: int) -> float:
        """Return the close of that window, NaN if there is none."""
        place = bisect_left(range(len(self._line)), window_start_ms, key=lambda at: self._line[at][0])
        if place == len(self._line) or self._line[place][0] != window_start_ms:
            return math.nan
        return float(self._line[place][1])

    def were_forgotten(self, window_start_ms: int) -> bool:
        """Whether closes up to that window had to make room for later ones."""
        return self._forgotten_ms is not None and window_start_ms <= self._forgotten_ms

    def drop(self, used_ms: int) -> None:
        """Let go of what is no longer needed once the candle of that window has been used."""
        while len(self._line) and self._line[0][0] <= used_ms:
            self._line.pop()

    def _forget_all(self) -> None:
        while len(self._line):
            self._line.pop()
        self._last_ms = self._forgotten_ms = None
        self._note()

    def _note(self) -> None:
        self._state.set(self._key, [self._pair, self._last_ms, self._forgotten_ms])
