"""Why a target becomes a decision, or none."""

from __future__ import annotations

from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.signal import SignalReason
from signals.core.at_work import Outcome
from signals.core.followed import Followed


def reason(row: FeatureRow, prediction: Prediction | None, outcome: Outcome, followed: Followed) -> SignalReason:
    """Return why an account acts on a target (``confident``), or the first thing that keeps it from acting.

    Parameters
    ----------
    row
        The candle with its features.
    prediction
        What a model says of it; None where none is asked for, or none came in time.
    outcome
        What the strategy says to hold.
    followed
        The strategy.
    """
    if followed.switch != "on":
        return "off"  # before all others, so that each signal says by which settings it was decided
    if row.quality == "gap":
        return "gap"  # its prices are no market's: nothing is decided on them, whatever a strategy makes of them
    if outcome.target is not None:
        return "confident"
    if outcome.error is None and followed.waits:
        if prediction is None:
            return "no_prediction"
        if prediction.reason != "ok":
            return prediction.reason
        if prediction.direction == 0:
            return "no_direction"
    return outcome.why_none or followed.undecided
