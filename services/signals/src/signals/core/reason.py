"""Why a target becomes a decision, or none."""

from __future__ import annotations

from contracts.prediction import Prediction
from contracts.signal import SignalReason, Target
from signals.core.decider import Decider


def reason(
    prediction: Prediction, target: Target | None, decider: Decider, last_decision_ms: int | None
) -> SignalReason:
    """Return why the account acts on a target (``confident``), or the first thing that keeps it from acting.

    Parameters
    ----------
    prediction
        What the model expects; it may have been unable to speak.
    target
        What the strategy says to hold.
    decider
        The account and its strategy.
    last_decision_ms
        Window start of its last buy or sell in this pair, None before the first.
    """
    if target is None:
        return _undecided(prediction, decider)
    if last_decision_ms is not None and _cooling_down(prediction, decider, last_decision_ms):
        return "cooldown"
    return "confident"


def _undecided(prediction: Prediction, decider: Decider) -> SignalReason:
    if prediction.reason != "ok":
        return prediction.reason
    return "no_direction" if prediction.direction == 0 else decider.undecided


def _cooling_down(prediction: Prediction, decider: Decider, last_decision_ms: int) -> bool:
    bar_ms = prediction.window_end_ms - prediction.window_start_ms
    bars_between = (prediction.window_start_ms - last_decision_ms) // bar_ms - 1
    return bars_between < decider.account.cooldown_bars
