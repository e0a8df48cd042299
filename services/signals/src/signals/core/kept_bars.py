"""The last bars of a pair that a strategy needs to go on after a restart: one small entry for each slot of a ring."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from contracts.state import State
from contracts.units import MS_PER_SECOND
from contracts.window import WindowMessage
from features.bars import Bar


class Stand(NamedTuple):
    """Where a strategy stands: the first and last window of the bars without a hole, and the state of its step."""

    first_ms: int
    last_ms: int
    step_state: Any


class KeptBars:
    """Bars of one strategy and pair, with what came with each: features and predictions.

    Parameters
    ----------
    state
        Of the pair.
    name
        Of the strategy's entries: what their keys begin with.
    slots
        How many bars are kept.
    message
        Says how long bars are.
    """

    def __init__(self, state: State, name: str, slots: int, message: WindowMessage) -> None:
        self._state = state
        self._name = name
        self._slots = slots
        self._interval_ms = message.interval_s * MS_PER_SECOND

    @property
    def stand(self) -> Stand | None:
        """None before the first bar."""
        saved = self._state.get(self._name)
        return None if saved is None else Stand(*saved)

    def append(self, window_start_ms: int, bar: Bar, given: Sequence[float], step_state: Any) -> Stand:
        """Keep the newest bar, in the place of one that nothing needs any more; return where the strategy stands."""
        before = self.stand
        follows = before is not None and before.last_ms == window_start_ms - self._interval_ms
        first_ms = before.first_ms if before is not None and follows else window_start_ms
        stand = Stand(first_ms, window_start_ms, step_state)
        self._state.set(self._slot(window_start_ms), [window_start_ms, *map(_plain, (*bar, *given))])
        self._state.set(self._name, list(stand))
        return stand

    def since(self, oldest_ms: int) -> tuple[list[tuple[int, Bar]], list[list[float]]]:
        """Return the bars from `oldest_ms`, or the last hole, to the newest one, and what came with each."""
        bars: list[tuple[int, Bar]] = []
        given: list[list[float]] = []
        stand = self.stand
        at_ms = -1 if stand is None else stand.last_ms
        while stand is not None and at_ms >= max(oldest_ms, stand.first_ms):
            entry = self._state.get(self._slot(at_ms))
            if entry is None or entry[0] != at_ms:
                break
            values = [math.nan if value is None else float(value) for value in entry[1:]]
            bars.append((at_ms, Bar(*values[: len(Bar._fields)])))
            given.append(values[len(Bar._fields) :])
            at_ms -= self._interval_ms
        return bars[::-1], given[::-1]

    def forget(self) -> None:
        """Delete all that is kept: the strategy begins again, or nobody follows it any more."""
        self._state.delete(self._name)
        for number in range(self._slots):
            self._state.delete(f"{self._name}:{number}")

    def _slot(self, window_start_ms: int) -> str:
        return f"{self._name}:{window_start_ms // self._interval_ms % self._slots}"


def _plain(value: float) -> float | None:
    """Return what JSON can hold: it has no NaN."""
    return None if math.isnan(value) else value
