"""Synthetic feature rows: a seeded random walk that can be learned a little, with the real features."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import talib

from contracts.feature_row import FeatureRow
from contracts.units import decimal_string
from features import feature_set, feature_set_id

START_MS = 1_704_067_200_000
MINUTE_MS = 60_000
PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD")


def _candles(count: int, seed: int, scale: float) -> dict[str, np.ndarray]:
    """A random walk whose returns follow the one before a little: enough for a model to learn."""
    random = np.random.default_rng(seed)
    shocks = random.normal(0, 0.0006, count)
    returns = np.zeros(count)
    for i in range(1, count):
        returns[i] = 0.7 * returns[i - 1] + shocks[i]
    close = np.round(scale * np.exp(np.cumsum(returns)), 4)
    opening = np.concatenate([[scale], close[:-1]])
    high = np.round(np.maximum(opening, close) * (1 + random.uniform(0, 4e-4, count)), 4)
    low = np.round(np.minimum(opening, close) * (1 - random.uniform(0, 4e-4, count)), 4)
    volume = np.round(random.gamma(2.0, 3.0, count), 4) + 0.0001
    return {"open": opening, "high": high, "low": low, "close": close, "volume": volume}


def _features(candles: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The features of the core set, as TA-Lib gives them on the whole history."""
    high, low, close = (candles[name] for name in ("high", "low", "close"))
    signed = np.cumsum(np.sign(np.diff(close, prepend=close[0])) * candles["volume"])
    bands = talib.BBANDS(close, timeperiod=20, nbdevup=2.0, nbdevdn=2.0)
    lines = talib.MACD(close, fastperiod=7, slowperiod=14, signalperiod=9)
    return {
        "rsi_14": talib.RSI(close, 14),
        **{f"sma_{n}": talib.SMA(close, n) for n in (7, 14, 21, 60)},
        **{f"ema_{n}": talib.EMA(close, n) for n in (7, 14, 21, 60)},
        **dict(zip(("macd_7", "macd_signal_7", "macd_hist_7"), lines, strict=True)),
        **dict(zip(("bollinger_upper_20", "bollinger_middle_20", "bollinger_lower_20"), bands, strict=True)),
        "atr_14": talib.ATR(high, low, close, 14),
        "obv": np.concatenate([signed[:60], signed[60:] - signed[:-60]]),
    }


def make_rows(pair: str = "BTC/USD", count: int = 1_600, seed: int = 1, scale: float = 100.0) -> list[FeatureRow]:
    """Return consecutive one-minute rows of `pair`; a feature is null until it is warm."""
    candles = _candles(count, seed, scale)
    columns = _features(candles)
    text = {
        name: [decimal_string(Decimal(str(round(float(value), 4)))) for value in values]
        for name, values in candles.items()
    }
    return [
        FeatureRow(
            exchange="kraken",
            pair=pair,
            interval_s=60,
            window_start_ms=START_MS + i * MINUTE_MS,
            revision=0,
            **{name: values[i] for name, values in text.items()},
            trade_count=5,
            first_trade_id=10 * i + 1,
            last_trade_id=10 * i + 5,
            quality="complete",
            feature_set=feature_set_id(),
            **{f.name: float(columns[f.name][i]) if i >= f.bars() - 1 else None for f in feature_set("core")},
        )
        for i in range(count)
    ]


def changed(row: FeatureRow, **values: object) -> FeatureRow:
    """Return a copy of `row` with other values."""
    return row.model_copy(update=values)
