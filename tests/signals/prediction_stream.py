"""Predictions for tests, as the predictions service would write them."""

from __future__ import annotations

from typing import Any

from contracts.prediction import Prediction

#: 2026-03-04 00:00:00 UTC.
MIDNIGHT_MS = 1_772_582_400_000


def prediction(minute: int, probability_up: float | None = 0.6, **changes: Any) -> Prediction:
    """Return what a model expects after a minute's candle; it could not speak where the probability is None."""
    spoke = probability_up is not None
    direction = 0 if probability_up in (None, 0.5) else 1 if probability_up > 0.5 else -1
    fields: dict[str, Any] = {
        "exchange": "kraken",
        "pair": "BTC/USD",
        "interval_s": 60,
        "window_start_ms": MIDNIGHT_MS + minute * 60_000,
        "model_name": "direction",
        "model_version": 3,
        "feature_set": "fs",
        "horizon_bars": 5,
        "probability_up": probability_up,
        "confidence": None if probability_up is None else max(probability_up, 1 - probability_up),
        "direction": direction,
        "reason": "ok" if spoke else "not_warm",
        "mark_open": "100",
        "mark_high": "101.5",
        "mark_low": "99",
        "mark_close": "101",
        "mark_trade_count": 7,
        "mark_quality": "complete",
    }
    return Prediction(**(fields | changes))
