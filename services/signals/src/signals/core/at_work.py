"""A strategy at work on the rows of a pair: its state lies in the pair's, its formulas' in a cache made from that."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.signal import SignalReason, Target
from contracts.state import State
from contracts.units import MS_PER_SECOND
from features.bars import bar_of_row
from signals.core.followed import Followed
from signals.core.kept_bars import KeptBars
from strategies.running import Stream, as_json

#: Streams by (hash, exchange, pair, interval), with the window each has seen last. A cache: one that does not stand
#: where the state stands (a restart, a rebalance, a batch that was rolled back) is made again from the state.
Streams = dict[tuple[str, str, str, int], tuple[int, Stream]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a strategy says to hold after a bar; None is no decision.

    Attributes
    ----------
    target
        1 long, 0 nothing, -1 short.
    why_none
        Why it could not be asked, or has not seen enough; None where it has decided not to decide.
    error
        What its code raised.
    """

    target: Target | None
    why_none: SignalReason | None = None
    error: Exception | None = None


class AtWork:
    """One strategy and the pair of a row.

    Parameters
    ----------
    state
        Of the pair.
    followed
        The strategy.
    row
        Says which market it is.
    streams
        The process's cache.
    """

    def __init__(self, state: State, followed: Followed, row: FeatureRow, streams: Streams) -> None:
        self._followed = followed
        self._streams = streams
        self._key = (followed.hash, row.exchange, row.pair, row.interval_s)
        name, slots = _kept_name(row.exchange, followed.hash), followed.kept_bars
        self._kept = KeptBars(state, name, slots, row) if slots else None

    def target(self, row: FeatureRow, prediction: Prediction | None) -> Outcome:
        """Take the next row, and what a model says of it, and return what to hold.

        Whatever a user's code raises is the outcome, and the strategy begins again: other strategies and the prices
        go on.
        """
        absent = [name for name in self._followed.features if name not in row.model_fields_set]
        bar, stream = bar_of_row(row), self._standing(row)
        given = [_given(name, row, prediction) for name in stream.given]
        try:
            target = stream.push(row.window_start_ms, bar, given)
            step_state = json.loads(as_json(self._followed.strategy, stream.state))
        except Exception as error:  # noqa: BLE001 - whatever a user's file does is this strategy's alone
            self._streams.pop(self._key, None)
            if self._kept is not None:
                self._kept.forget()
            return Outcome(None, "failed", error)
        self._streams[self._key] = (row.window_start_ms, stream)
        bars = 1
        if self._kept is not None:
            stand = self._kept.append(row.window_start_ms, bar, given, step_state)
            bars += (stand.last_ms - stand.first_ms) // (row.interval_s * MS_PER_SECOND)
        if absent:
            return Outcome(target, "no_feature")
        return Outcome(target, "not_warm" if bars < self._followed.warm_up_bars else None)

    def _standing(self, row: FeatureRow) -> Stream:
        """Return a stream that stands where the state stands."""
        # Taken out of the cache: should the row fail, its stream would be one bar ahead of the state.
        seen_ms, stream = self._streams.pop(self._key, (None, None))
        stand = None if self._kept is None else self._kept.stand
        if stream is not None and (self._kept is None or (stand is not None and stand.last_ms == seen_ms)):
            return stream
        stream = Stream(self._followed.strategy, row.interval_s)
        if self._kept is not None and stand is not None:
            bars, given = self._kept.since(stream.kept_from_ms(stand.last_ms))
            stream.resume(bars, given, stand.step_state)
        return stream


def forget_others(state: State, followed: Iterable[Followed], row: FeatureRow) -> None:
    """Delete what is kept for strategies that nobody follows any more, or that need another number of bars now.

    Parameters
    ----------
    state
        Of the pair of `row`.
    followed
        The strategies of all accounts that trade it.
    """
    name = f"{row.exchange}:strategies"
    now = {each.hash: each.kept_bars for each in followed}
    before: dict[str, int] = state.get(name) or {}
    if before == now:
        return
    for gone in (each for each in before if before[each] != now.get(each)):
        KeptBars(state, _kept_name(row.exchange, gone), before[gone], row).forget()
    state.set(name, now)


def _kept_name(exchange: str, strategy_hash: str) -> str:
    return f"{exchange}:strategy:{strategy_hash}"


def _given(name: str, row: FeatureRow, prediction: Prediction | None) -> float:
    model, _, field = name.rpartition(".")
    if not model:
        value: Any = getattr(row, name)
    elif prediction is None or prediction.direction == 0:
        value = None  # where the model leans to neither side it says nothing
    else:
        value = getattr(prediction, field)  # whatever the model is called
    return math.nan if value is None else float(value)
