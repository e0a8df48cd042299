"""Predictions wait in the pair's state until it is known which of the two things happened, if one of them did."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from contracts.feature_row import FeatureRow
from contracts.prediction import AnyPrediction
from contracts.state import State
from contracts.units import MS_PER_SECOND, to_float
from modeling.labels import RISE, LabelRule, first_touch
from modeling.sequence import Run
from modeling.triple_barrier import VOLATILITY_BARS, PairBars

#: Of the state: one entry for each prediction that waits for the close at its horizon, by the window that judges it.
_DUE = "due-"
#: Slots, one more than the longest horizon that training knows: a hole leaves an entry until its slot comes round.
_SLOTS = 1_441
#: Of the state: all predictions that wait for a barrier, which any row may reach.
_BARRIERS = "barriers"


class Outcome(NamedTuple):
    """What became of a prediction.

    Attributes
    ----------
    version
        Whose it was.
    probability_up
        What it had said.
    up
        Which of the two things happened: the upper one, or the lower.
    """

    version: int
    probability_up: float
    up: bool


def outcomes(state: State, row: FeatureRow, before: Run) -> list[Outcome]:
    """Take the predictions that `row` judges out of the state.

    Parameters
    ----------
    before
        The run of bars before the row: a barrier is not waited for beyond a bar that is missing.

    Returns
    -------
    list[Outcome]
        The oldest first; nothing of a prediction of which neither thing happened, or of which that is not known.
    """
    found = [*_at_horizon(state, row), *_at_barriers(state, row, before)]
    return [each for each in found if each is not None]


def await_outcome(state: State, row: FeatureRow, prediction: AnyPrediction, foresees: LabelRule, before: Run) -> None:
    """Keep a prediction that spoke until it is known what happened; one beyond the slots is never judged.

    Parameters
    ----------
    row
        The row of the prediction.
    foresees
        What its version foresees.
    before
        The run of bars before the row, which say how far barriers are.
    """
    if prediction.probability_up is None or prediction.horizon_bars >= _SLOTS:
        return
    due_ms = prediction.window_start_ms + prediction.horizon_bars * prediction.interval_s * MS_PER_SECOND
    said = [due_ms, prediction.model_version, prediction.probability_up]
    if foresees.has_barriers:
        found = foresees.barriers_of_last(_bars(before, row), prediction.horizon_bars)
        if found is not None:
            state.set(_BARRIERS, [*(state.get(_BARRIERS) or []), [*said, *found]])
        return
    costs = [] if foresees.cost_bps is None else [foresees.cost_bps]
    state.set(_slot(due_ms, prediction.interval_s), [*said, to_float(prediction.mark_close), *costs])


def _at_horizon(state: State, row: FeatureRow) -> Iterator[Outcome | None]:
    name = _slot(row.window_start_ms, row.interval_s)
    kept = state.get(name)
    if kept is None:
        return
    state.delete(name)
    due_ms, version, said, close, *costs = kept
    if due_ms == row.window_start_ms and row.quality != "gap":
        rule = LabelRule("net", cost_bps=costs[0]) if costs else RISE
        yield _outcome(version, said, rule.at_horizon(close, to_float(row.close)))


def _at_barriers(state: State, row: FeatureRow, before: Run) -> Iterator[Outcome | None]:
    kept: list[list[Any]] | None = state.get(_BARRIERS)
    if not kept:
        return
    left: list[list[Any]] = []
    follows = before.last_ms == row.window_start_ms - row.interval_s * MS_PER_SECOND
    if follows and row.quality != "gap":
        low, high = to_float(row.low), to_float(row.high)
        for waiting in kept:
            due_ms, version, said, lower, upper = waiting
            label = first_touch(low, high, lower, upper)
            if label == 0 and row.window_start_ms < due_ms:
                left.append(waiting)
            yield _outcome(version, said, label)
    state.set(_BARRIERS, left)


def _outcome(version: int, said: float, label: int) -> Outcome | None:
    return None if label == 0 else Outcome(version, said, label > 0)


def _bars(before: Run, row: FeatureRow) -> PairBars:
    """Return the bars that say how volatile the pair is at `row`; fewer where they do not follow one another."""
    follows = before.last_ms == row.window_start_ms - row.interval_s * MS_PER_SECOND
    earlier = [bar.close for bar in before.bars[-VOLATILITY_BARS:]] if follows and row.quality != "gap" else []
    closes = np.array([*(math.nan if close is None else close for close in earlier), to_float(row.close)])
    interval_ms = row.interval_s * MS_PER_SECOND
    times_ms = row.window_start_ms - interval_ms * np.arange(len(closes) - 1, -1, -1, dtype=np.int64)
    return PairBars(times_ms, closes, closes, closes, interval_ms)


def _slot(window_start_ms: int, interval_s: int) -> str:
    return f"{_DUE}{window_start_ms // (interval_s * MS_PER_SECOND) % _SLOTS}"
