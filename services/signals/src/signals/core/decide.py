"""Predictions of one pair to the decisions of the accounts that trade it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from contracts.account import Account
from contracts.prediction import Direction, Prediction
from contracts.signal import Decision, Signal
from contracts.state import State
from contracts.units import MS_PER_SECOND
from signals.core.reason import reason

PAIR = "pair"
_DECISIONS: dict[Direction, Decision] = {1: "buy", -1: "sell", 0: "none"}


class PairState(TypedDict):
    """What is remembered of a pair: JSON, one integer per account.

    `decided_ms` holds, per account, the window start of its last decision other than none.
    """

    last_window_start_ms: int | None
    decided_ms: dict[str, int]


def step(state: State, prediction: Prediction, accounts: Sequence[Account], expiry_seconds: int) -> list[Signal]:
    """Turn one prediction into one signal for each account that trades its pair.

    The first prediction for a window decides. A repeated one, an older one, and one of another model version for the
    same window give nothing: the transport repeats messages, and an account must not be told twice.

    Parameters
    ----------
    state
        Of the prediction's pair: what came before, and now this.
    prediction
        For one final candle.
    accounts
        All that are configured.
    expiry_seconds
        How long a decision may wait for a trade after its candle ended, in event time.
    """
    before: PairState = state.get(PAIR) or PairState(last_window_start_ms=None, decided_ms={})
    last = before["last_window_start_ms"]
    if last is not None and prediction.window_start_ms <= last:
        return []
    trading = [account for account in accounts if prediction.pair in account.pairs]
    # Only accounts that still trade the pair are kept, so a renamed account leaves nothing behind.
    decided = {a.name: before["decided_ms"][a.name] for a in trading if a.name in before["decided_ms"]}
    signals = [_signal(prediction, account, decided.get(account.name), expiry_seconds) for account in trading]
    decided.update({s.account: s.window_start_ms for s in signals if s.decision != "none"})
    state.set(PAIR, PairState(last_window_start_ms=prediction.window_start_ms, decided_ms=decided))
    return signals


def _signal(prediction: Prediction, account: Account, decided_ms: int | None, expiry_seconds: int) -> Signal:
    why = reason(prediction, account, decided_ms)
    return Signal(
        account=account.name,
        exchange=prediction.exchange,
        pair=prediction.pair,
        interval_s=prediction.interval_s,
        window_start_ms=prediction.window_start_ms,
        decision=_DECISIONS[prediction.direction] if why == "confident" else "none",
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
    )
