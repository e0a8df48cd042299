"""The last 5-minute, 15-minute and hourly bar that has closed, as known when the row's own bar closes."""

from __future__ import annotations

from features import sources
from features.feature import Feature
from features.functions import (
    close,
    deviation,
    high,
    lag,
    log,
    low,
    mean,
    positive,
    ratio,
    total,
)

TIMEFRAMES = {"5m": 300, "15m": 900, "1h": 3_600}

_CHANGE = close - lag(close, 1)
_GAINS, _LOSSES = total(positive(_CHANGE), 14), total(positive(0 - _CHANGE), 14)
_MIDDLE, _DEVIATION = mean(close, 20), deviation(close, 20)


def _on(name: str, timeframe_s: int) -> tuple[Feature, ...]:
    return (
        Feature(
            f"log_return_1_{name}",
            log(close / lag(close, 1)),
            "ratio",
            f"log return of the last {name} bar",
            sources.TSAY,
            timeframe_s,
        ),
        Feature(
            f"range_ratio_{name}",
            (high - low) / close,
            "ratio",
            f"range of the last {name} bar, of its close",
            sources.NISON,
            timeframe_s,
        ),
        Feature(
            f"sma_20_distance_{name}",
            close / _MIDDLE - 1,
            "ratio",
            f"{name} close from the mean of 20",
            sources.MURPHY,
            timeframe_s,
        ),
        Feature(
            f"bollinger_percent_b_20_{name}",
            ratio(close - _MIDDLE + 2 * _DEVIATION, 4 * _DEVIATION, otherwise=0.5),
            "level",
            f"{name} close in its Bollinger band",
            sources.BOLLINGER,
            timeframe_s,
        ),
        Feature(
            f"rsi_cutler_14_{name}",
            100 * _GAINS / (_GAINS + _LOSSES),
            "0..100",
            f"share of gains in 14 changes of {name} closes",
            sources.CUTLER,
            timeframe_s,
        ),
    )


FEATURES: tuple[Feature, ...] = tuple(feature for item in TIMEFRAMES.items() for feature in _on(*item))
