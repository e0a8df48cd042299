"""One valid example of every message class; the tests run over this registry."""

from __future__ import annotations

from typing import Any

from contracts.features import FEATURE_NAMES, feature_set_id
from contracts.message import Message
from contracts.schemas import message_classes

_MARKET = {"exchange": "kraken", "pair": "BTC/USD"}
_CANDLE = {"open": "1.5", "high": "2", "low": "1", "close": "1.25"}
_MARK = {
    "mark_open": "1.5",
    "mark_high": "2",
    "mark_low": "1",
    "mark_close": "1.25",
    "mark_trade_count": 3,
    "mark_quality": "complete",
}
_WINDOW = {**_MARKET, "interval_s": 60, "window_start_ms": 1_772_582_400_000}

FIELDS: dict[str, dict[str, Any]] = {
    "trade_frame": {
        **_MARKET,
        "consecutive_ids": True,
        "trade_ids": [1, 2],
        "timestamps_us": [10, 11],
        "prices": ["1.5", "2"],
        "quantities": ["0.1", "3"],
        "sides": ["buy", "unknown"],
    },
    "heartbeat": {**_MARKET, "venue_time_us": 10},
    "feed_outage": {**_MARKET, "since_us": 10, "until_us": 20},
    "end_of_history": {**_MARKET, "venue_time_us": 10, "last_trade_id": None, "final": False},
    "trades_checkpoint": {
        **_MARKET,
        "last_trade_id": 2,
        "last_timestamp_us": 11,
        "cursor": "11000",
        "covered_to_us": 11,
        "history_complete": False,
    },
    "candle": {
        **_WINDOW,
        **_CANDLE,
        "volume": "3.1",
        "quote_volume": "6.15",
        "taker_buy_volume": "0.1",
        "trade_count": 2,
        "first_trade_id": 1,
        "last_trade_id": 2,
        "quality": "complete",
        "revision": 0,
    },
    "feature_row": {
        **_WINDOW,
        **_CANDLE,
        "volume": "3.1",
        "trade_count": 2,
        "first_trade_id": 1,
        "last_trade_id": 2,
        "quality": "complete",
        "revision": 0,
        "feature_set": feature_set_id(),
        **dict.fromkeys(FEATURE_NAMES, 1.5),
    },
    "prediction": {
        **_WINDOW,
        **_MARK,
        "model_name": "direction",
        "model_version": 3,
        "feature_set": feature_set_id(),
        "horizon_bars": 5,
        "probability_up": 0.6,
        "confidence": 0.6,
        "direction": 1,
        "reason": "ok",
    },
    "signal": {
        **_WINDOW,
        **_MARK,
        "account": "paper",
        "decision": "buy",
        "reason": "confident",
        "direction": 1,
        "probability_up": 0.6,
        "confidence": 0.6,
        "expires_at_ms": 1_772_582_700_000,
        "model_name": "direction",
        "model_version": 3,
        "prediction_id": "p",
    },
    "order": {
        **_MARKET,
        "account": "paper",
        "order_id": "o",
        "signal_id": "s",
        "side": "buy",
        "order_type": "market",
        "quantity": "0.5",
        "status": "PLACED",
        "reason": None,
        "decided_at_ms": 1,
        "updated_at_ms": 2,
    },
    "fill": {
        **_MARKET,
        "account": "paper",
        "fill_id": "f",
        "order_id": "o",
        "signal_id": "s",
        "side": "buy",
        "quantity": "0.5",
        "reference_price": "1.5",
        "price": "1.51",
        "fee_quote": "0.01",
        "realised_pnl_quote": "-0.2",
        "candle_window_start_ms": 1,
        "filled_at_ms": 2,
        "model_name": "direction",
        "model_version": 3,
    },
    "position": {
        **_MARKET,
        "account": "paper",
        "fill_id": "f",
        "action": "OPENED",
        "quantity": "0.5",
        "average_price": "1.51",
        "realised_pnl_quote": "0",
        "fees_quote": "0.01",
        "updated_at_ms": 2,
    },
    "pnl": {
        "account": "paper",
        "time_ms": 2,
        "balance": "10000",
        "equity": "9999.5",
        "realised_quote": "0",
        "unrealised_quote": "-0.49",
        "fees_quote": "0.01",
        "exposure_quote": "100",
        "drawdown_quote": "0.5",
        "daily_loss_quote": "0.5",
        "trading_state": "ACTIVE",
    },
    "risk_alert": {
        "account": "paper",
        "rule": "DAILY_LOSS",
        "severity": "WARNING",
        "pair": None,
        "value": "410",
        "limit": "500",
        "message": "82 % of the daily loss limit used",
        "time_ms": 2,
    },
    "model_event": {
        "model_name": "direction",
        "model_version": 3,
        "event": "promoted",
        "alias": "champion",
        "reason": "first model",
        "trained_to_ms": 2,
    },
    "symbol_subscription": {
        **_MARKET,
        "requester": "operator",
        "wanted": True,
        "history_from_ms": 1,
        "requested_at_us": 2_000,
    },
}


def example(cls: type[Message], **changes: Any) -> Message:
    """Return the example of `cls` with some fields changed."""
    return cls(**{**FIELDS[cls.schema_name], **changes})


CLASSES = message_classes()
