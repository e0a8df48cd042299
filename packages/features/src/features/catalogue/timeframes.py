"""The last 5-minute, 15-minute and hourly bar that has closed, as known when the row's own bar closes."""

from __future__ import annotations

from dataclasses import replace

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


#: On bars of any length; the timeframe stands for the braces.
_FORMULAS = (
    Feature("log_return_1", log(close / lag(close, 1)), "ratio", "log return of the last {} bar", sources.TSAY),
    Feature("range_ratio", (high - low) / close, "ratio", "range of the last {} bar, of its close", sources.NISON),
    Feature("sma_20_distance", close / _MIDDLE - 1, "ratio", "{} close from the mean of 20", sources.MURPHY),
    Feature(
        "bollinger_percent_b_20",
        ratio(close - _MIDDLE + 2 * _DEVIATION, 4 * _DEVIATION, otherwise=0.5),
        "level",
        "{} close in its Bollinger band",
        sources.BOLLINGER,
    ),
    Feature(
        "rsi_cutler_14",
        100 * _GAINS / (_GAINS + _LOSSES),
        "0..100",
        "share of gains in 14 changes of {} closes",
        sources.CUTLER,
    ),
)

FEATURES: tuple[Feature, ...] = tuple(
    replace(
        feature,
        name=f"{feature.name}_{timeframe}",
        description=feature.description.format(timeframe),
        timeframe_s=timeframe_s,
    )
    for timeframe, timeframe_s in TIMEFRAMES.items()
    for feature in _FORMULAS
)
