"""From a feature row to at most one prediction: the fold that serving and backtests share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from contracts.errors import BadInputError
from contracts.feature_columns import serves
from contracts.feature_row import FeatureRow
from contracts.prediction import Direction, Prediction, PredictionReason
from modeling.facts import NOVELTY_DIGITS, Answer, ModelFacts
from modeling.sequence import Run, extend, is_new, sequence

#: Digits of a probability that leave the service: the rest is noise of 32-bit arithmetic.
PROBABILITY_DIGITS = 6

Forecast = Callable[[NDArray[np.float64]], Answer]


def initial() -> Run:
    """Return the state of a pair before its first row."""
    return Run()


def concerns(row: FeatureRow, interval_s: int) -> bool:
    """Return whether `row` is of the models' interval and the one decisions are made on (revision 0)."""
    return row.interval_s == interval_s and row.revision == 0


def step(run: Run, row: FeatureRow, facts: ModelFacts, forecast: Forecast) -> tuple[Run, tuple[Prediction, ...]]:
    """Apply `row` and return the new state and its prediction, if it has one.

    A row already applied, of another interval or of a later revision changes nothing. A row from before the end of
    the training data only extends the run. Every other row has exactly one prediction.

    Parameters
    ----------
    run
        State of the row's pair.
    forecast
        The model: inputs of shape (sequence length, inputs) to what it says.

    Raises
    ------
    BadInputError
        If a row to be predicted was computed with another list of features than the model was trained on.
    """
    if not concerns(row, facts.interval_s) or not is_new(run, row):
        return run, ()
    if row.window_start_ms < facts.trained_to_ms:
        return extend(run, row), ()
    if not serves(row.feature_set, facts.inputs.feature_set_id):
        needs = f"what {facts.name} version {facts.version} needs, INDICATORS_FEATURE_SET={facts.inputs.feature_set}"
        raise BadInputError("feature_set", f"{facts.inputs.feature_set_id} ({needs})", row.feature_set)
    run = extend(run, row)
    if row.quality == "gap":
        return run, (_prediction(row, facts, "gap", None),)
    bars = sequence(run, facts.sequence_length, facts.inputs)
    if bars is None:
        return run, (_prediction(row, facts, "not_warm", None),)
    answer = forecast(bars)
    novelty = None if answer.novelty is None else round(answer.novelty, NOVELTY_DIGITS)
    if novelty is not None and facts.novelty_threshold is not None and novelty > facts.novelty_threshold:
        return run, (_prediction(row, facts, "unfamiliar", None, novelty),)
    return run, (_prediction(row, facts, "ok", round(answer.probability_up, PROBABILITY_DIGITS), novelty),)


def _prediction(
    row: FeatureRow, facts: ModelFacts, reason: PredictionReason, up: float | None, novelty: float | None = None
) -> Prediction:
    confidence = None if up is None else round(max(up, 1 - up), PROBABILITY_DIGITS)
    return Prediction(
        exchange=row.exchange,
        pair=row.pair,
        interval_s=row.interval_s,
        window_start_ms=row.window_start_ms,
        model_name=facts.name,
        model_version=facts.version,
        feature_set=facts.inputs.feature_set_id,
        horizon_bars=facts.horizon_bars,
        probability_up=up,
        confidence=confidence,
        direction=_direction(up),
        reason=reason,
        model_gate="unproven" if facts.unproven else "passed",
        novelty=novelty,
        mark_open=row.open,
        mark_high=row.high,
        mark_low=row.low,
        mark_close=row.close,
        mark_trade_count=row.trade_count,
        mark_quality=row.quality,
    )


def _direction(up: float | None) -> Direction:
    if up is None or up == 0.5:
        return 0
    return 1 if up > 0.5 else -1
