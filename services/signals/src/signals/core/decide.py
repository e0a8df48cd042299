"""Predictions of one pair to the decisions of the accounts that trade it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from contracts.prediction import Prediction
from contracts.signal import Decision, Signal, Target
from contracts.state import State
from contracts.units import MS_PER_SECOND
from signals.core.decider import Decider
from signals.core.reason import reason

PAIR = "pair"
#: Nothing is sold short yet: what says so holds nothing.
_DECISIONS: dict[Target | None, Decision] = {1: "buy", 0: "sell", -1: "sell", None: "none"}


class PairState(TypedDict):
    """What is remembered of a pair: JSON, one integer per account.

    `decided_ms` holds, per account, the window start of its last decision other than none.
    """

    last_window_start_ms: int | None
    decided_ms: dict[str, int]


def step(state: State, prediction: Prediction, deciders: Sequence[Decider], expiry_seconds: int) -> list[Signal]:
    """Turn one prediction into one signal for each account that trades its pair.

    The first prediction for a window decides. A repeated one, an older one, and one of another model version for the
    same window give nothing: the transport repeats messages, and an account must not be told twice.

    Parameters
    ----------
    state
        Of the prediction's pair: what came before, and now this.
    prediction
        For one final candle.
    deciders
        All accounts that are configured, with their strategies.
    expiry_seconds
        How long a decision may wait for a trade after its candle ended, in event time.
    """
    before: PairState = state.get(PAIR) or PairState(last_window_start_ms=None, decided_ms={})
    last = before["last_window_start_ms"]
    if last is not None and prediction.window_start_ms <= last:
        return []
    trading = [each for each in deciders if prediction.pair in each.account.pairs]
    # Only accounts that still trade the pair are kept, so a renamed account leaves nothing behind.
    names = [each.account.name for each in trading]
    decided = {name: before["decided_ms"][name] for name in names if name in before["decided_ms"]}
    signals = [_signal(prediction, each, decided.get(each.account.name), expiry_seconds) for each in trading]
    decided.update({s.account: s.window_start_ms for s in signals if s.decision != "none"})
    state.set(PAIR, PairState(last_window_start_ms=prediction.window_start_ms, decided_ms=decided))
    return signals


def _signal(prediction: Prediction, decider: Decider, decided_ms: int | None, expiry_seconds: int) -> Signal:
    # A gap's prices are no market's: nothing is decided on them, whatever a strategy makes of them.
    target = None if prediction.mark_quality == "gap" else decider.target(prediction)
    why = reason(prediction, target, decider, decided_ms)
    exits: dict[str, Any] = dict(decider.exits)
    return Signal(
        account=decider.account.name,
        strategy=decider.strategy,
        strategy_hash=decider.strategy_hash,
        target=target,
        exchange=prediction.exchange,
        pair=prediction.pair,
        interval_s=prediction.interval_s,
        window_start_ms=prediction.window_start_ms,
        decision=_DECISIONS[target] if why == "confident" else "none",
        reason=why,
        direction=prediction.direction,
        probability_up=prediction.probability_up,
        confidence=prediction.confidence,
        expires_at_ms=prediction.window_end_ms + expiry_seconds * MS_PER_SECOND,
        model_name=prediction.model_name,
        model_version=prediction.model_version,
        prediction_id=prediction.message_id,
        mark_open=prediction.mark_open,
        mark_high=prediction.mark_high,
        mark_low=prediction.mark_low,
        mark_close=prediction.mark_close,
        mark_trade_count=prediction.mark_trade_count,
        mark_quality=prediction.mark_quality,
        **exits,
    )
