"""What accounts are told: a candle, and what their strategy makes of it."""

from __future__ import annotations

from typing import Any

from contracts.account import Account
from contracts.candle_mark import CandleMark
from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.signal import DECISION_OF, SAID, Signal, SignalReason, Target
from contracts.units import MS_PER_SECOND
from signals.core.followed import Followed


def mark_of(row: FeatureRow, account: str) -> CandleMark:
    """Return the row's candle for an account."""
    return CandleMark(account=account, **_marked(row))


def decision_of(
    row: FeatureRow,
    prediction: Prediction | None,
    target: Target | None,
    why: SignalReason,
    account: Account,
    followed: Followed,
    expiry_seconds: int,
) -> Signal:
    """Return what an account's strategy has decided on a row, or that it is switched off."""
    said = prediction if followed.waits else None
    if why == "off":
        target = 0 if followed.switch == "sell" else None
    known = None if row.quality == "gap" else target
    return Signal(
        account=account.name,
        strategy=followed.name,
        strategy_hash=followed.hash,
        target=known,
        decision=DECISION_OF[known] if why in ("confident", "off") else "none",
        reason=why,
        **_exits(followed),
        **_said(said),
        expires_at_ms=row.window_end_ms + expiry_seconds * MS_PER_SECOND,
        **_marked(row),
    )


def _exits(followed: Followed) -> dict[str, Any]:
    """Return when what the decision opens ends whatever the target says."""
    return dict(followed.strategy.exits.as_json())


def _said(prediction: Prediction | None) -> dict[str, Any]:
    if prediction is None:
        return dict.fromkeys((*SAID, "prediction_id"))
    return {**{name: getattr(prediction, name) for name in SAID}, "prediction_id": prediction.message_id}


def _marked(row: FeatureRow) -> dict[str, Any]:
    return {
        "exchange": row.exchange,
        "pair": row.pair,
        "interval_s": row.interval_s,
        "window_start_ms": row.window_start_ms,
        "mark_open": row.open,
        "mark_high": row.high,
        "mark_low": row.low,
        "mark_close": row.close,
        "mark_volume": row.volume,
        "mark_trade_count": row.trade_count,
        "mark_quality": row.quality,
    }
