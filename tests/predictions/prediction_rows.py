"""Synthetic feature rows: a seeded random walk that can be learned a little, with the real features."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import talib

from contracts.feature_row import FeatureRow
from contracts.features import FEATURES, Feature, feature_set_id
from contracts.units import decimal_string

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


def _feature(feature: Feature, candles: dict[str, np.ndarray]) -> np.ndarray:
    if feature.function == "ROLLING_OBV":
        signed = np.sign(np.diff(candles["close"], prepend=candles["close"][0])) * candles["volume"]
        total = np.cumsum(signed)
        window = int(feature.parameters["timeperiod"])
        return np.concatenate([total[:window], total[window:] - total[:-window]])
    result = getattr(talib, feature.function)(*(candles[name] for name in feature.inputs), **feature.parameters)
    return result[feature.output] if isinstance(result, tuple | list) else result


def make_rows(pair: str = "BTC/USD", count: int = 1_600, seed: int = 1, scale: float = 100.0) -> list[FeatureRow]:
    """Return consecutive one-minute rows of `pair`; a feature is null until it is warm."""
    candles = _candles(count, seed, scale)
    columns = {feature.name: _feature(feature, candles) for feature in FEATURES}
    text = {
        name: [decimal_string(Decimal(str(round(float(value), 4)))) for value in values]
        for name, values in candles.items()
    }
    return [
        FeatureRow(
            exchange="kraken", pair=pair, interval_s=60, window_start_ms=START_MS + i * MINUTE_MS, revision=0,
            **{name: values[i] for name, values in text.items()},
            trade_count=5, first_trade_id=10 * i + 1, last_trade_id=10 * i + 5, quality="complete",
            feature_set=feature_set_id(),
            **{f.name: float(columns[f.name][i]) if i >= f.bars - 1 else None for f in FEATURES},
        )
        for i in range(count)
    ]  # fmt: skip


def changed(row: FeatureRow, **values: object) -> FeatureRow:
    """Return a copy of `row` with other values."""
    return row.model_copy(update=values)
