"""Why a prediction becomes a decision, or none."""

from __future__ import annotations

from contracts.account import Account
from contracts.prediction import Prediction
from contracts.signal import SignalReason


def reason(prediction: Prediction, account: Account, last_decision_ms: int | None) -> SignalReason:
    """Return why `account` acts on `prediction` (``confident``), or the first thing that keeps it from acting.

    Parameters
    ----------
    prediction
        What the model expects; it may have been unable to speak.
    account
        How bold it is: its floor of confidence and its cooldown.
    last_decision_ms
        Window start of its last buy or sell in this pair, None before the first.
    """
    if prediction.reason != "ok":
        return prediction.reason
    if prediction.direction == 0 or prediction.confidence is None:
        return "no_direction"
    if prediction.confidence < account.minimum_confidence:
        return "below_confidence"
    if last_decision_ms is not None and _cooling_down(prediction, account, last_decision_ms):
        return "cooldown"
    return "confident"


def _cooling_down(prediction: Prediction, account: Account, last_decision_ms: int) -> bool:
    bar_ms = prediction.window_end_ms - prediction.window_start_ms
    bars_between = (prediction.window_start_ms - last_decision_ms) // bar_ms - 1
    return bars_between < account.cooldown_bars
