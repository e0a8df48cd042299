"""What was traded: flows over a stated window, never since an unknown start."""

from __future__ import annotations

from features import sources
from features.feature import Feature
from features.functions import (
    close,
    deviation,
    high,
    lag,
    low,
    mean,
    ratio,
    sign,
    taker_buy_volume,
    total,
    trade_count,
    typical,
    volume,
)

OBV_BARS = 60

_LOCATION = ((close - low) - (high - close)) / (high - low)
_VWAP = ratio(total(typical * volume, 60), total(volume, 60), otherwise=close)


FEATURES: tuple[Feature, ...] = (
    Feature(
        "obv",
        total(sign(close - lag(close, 1)) * volume, OBV_BARS),
        "base",
        f"volume of rising minus volume of falling bars over the last {OBV_BARS} bars",
        sources.GRANVILLE,
    ),
    Feature(
        "accumulation_60",
        total(_LOCATION * volume, 60),
        "base",
        "volume weighted by where in its bar the close is, over the last 60 bars",
        sources.CHAIKIN,
    ),
    Feature("vwap_60", _VWAP, "quote", "mean price by volume over 60 bars; the close if none", sources.BERKOWITZ),
    Feature("vwap_60_distance", close / _VWAP - 1, "ratio", "close from vwap_60", sources.BERKOWITZ),
    Feature(
        "volume_zscore_60",
        (volume - mean(volume, 60)) / deviation(volume, 60),
        "sigma",
        "volume from the mean of 60 bars, in their standard deviations",
        sources.TSAY,
    ),
    Feature(
        "trade_count_zscore_60",
        (trade_count - mean(trade_count, 60)) / deviation(trade_count, 60),
        "sigma",
        "trades from the mean of 60 bars, in their standard deviations",
        sources.TSAY,
    ),
    Feature(
        "taker_imbalance",
        (2 * taker_buy_volume - volume) / volume,
        "-1..1",
        "volume whose taker bought minus that whose taker sold, as a share; null where a side is not known",
        sources.EASLEY,
    ),
    Feature(
        "taker_imbalance_60",
        (2 * total(taker_buy_volume, 60) - total(volume, 60)) / total(volume, 60),
        "-1..1",
        "taker_imbalance of the last 60 bars",
        sources.EASLEY,
    ),
)
