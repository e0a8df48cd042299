"""Predictions wait in the pair's state until their horizon has passed; the row that closes it tells what came."""

from __future__ import annotations

import math
from typing import NamedTuple

from contracts.feature_row import FeatureRow
from contracts.prediction import AnyPrediction
from contracts.state import State
from contracts.units import MS_PER_SECOND, to_float

#: Of the state: one entry for each prediction that waits, by the window that will judge it.
_DUE = "due-"
#: Slots, one more than the longest horizon that training knows: a hole leaves an entry until its slot comes round.
_SLOTS = 1_441


class Outcome(NamedTuple):
    """What became of a prediction.

    Attributes
    ----------
    version
        Whose it was.
    probability_up
        What it had said.
    rose
        What happened.
    """

    version: int
    probability_up: float
    rose: bool


def outcome(state: State, row: FeatureRow) -> Outcome | None:
    """Take the prediction that `row` judges out of the state.

    Returns
    -------
    Outcome | None
        None if nobody spoke of it, the close did not move, or the candle is partly unknown.
    """
    name = _slot(row.window_start_ms, row.interval_s)
    found = state.get(name)
    if found is None:
        return None
    state.delete(name)
    due_ms, version, up, close = found
    if due_ms != row.window_start_ms or row.quality == "gap":
        return None
    moved = to_float(row.close) - close
    return None if moved == 0 or not math.isfinite(moved) else Outcome(version, up, moved > 0)


def await_outcome(state: State, prediction: AnyPrediction) -> None:
    """Keep a prediction that spoke until the window at its horizon; one beyond the slots is never judged."""
    if prediction.probability_up is None or prediction.horizon_bars >= _SLOTS:
        return
    due_ms = prediction.window_start_ms + prediction.horizon_bars * prediction.interval_s * MS_PER_SECOND
    said = [due_ms, prediction.model_version, prediction.probability_up, to_float(prediction.mark_close)]
    state.set(_slot(due_ms, prediction.interval_s), said)


def _slot(window_start_ms: int, interval_s: int) -> str:
    return f"{_DUE}{window_start_ms // (interval_s * MS_PER_SECOND) % _SLOTS}"
