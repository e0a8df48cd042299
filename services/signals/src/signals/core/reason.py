"""Why a target becomes a decision, or none."""

from __future__ import annotations

from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.signal import SignalReason
from contracts.units import MS_PER_SECOND
from signals.core.at_work import Outcome
from signals.core.followed import Decider


def reason(
    row: FeatureRow, prediction: Prediction | None, outcome: Outcome, decider: Decider, last_decision_ms: int | None
) -> SignalReason:
    """Return why the account acts on a target (``confident``), or the first thing that keeps it from acting.

    Parameters
    ----------
    row
        The candle with its features.
    prediction
        What a model says of it; None where none is asked for, or none came in time.
    outcome
        What the strategy says to hold.
    decider
        The account and its strategy.
    last_decision_ms
        Window in which it began to say sell, if that is what it said last.
    """
    if row.quality == "gap":
        return "gap"  # its prices are no market's: nothing is decided on them, whatever a strategy makes of them
    if outcome.target is None:
        return _undecided(prediction, outcome, decider)
    if outcome.target == 1 and last_decision_ms is not None and _cooling_down(row, decider, last_decision_ms):
        return "cooldown"
    return "confident"


def _undecided(prediction: Prediction | None, outcome: Outcome, decider: Decider) -> SignalReason:
    if outcome.error is None and decider.followed.waits:
        if prediction is None:
            return "no_prediction"
        if prediction.reason != "ok":
            return prediction.reason
        if prediction.direction == 0:
            return "no_direction"
    return outcome.why_none or decider.followed.undecided


def _cooling_down(row: FeatureRow, decider: Decider, last_decision_ms: int) -> bool:
    bars_between = (row.window_start_ms - last_decision_ms) // (row.interval_s * MS_PER_SECOND) - 1
    return bars_between < decider.account.cooldown_bars
