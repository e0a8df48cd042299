"""How much the price moves: bands, true ranges, realised volatility and its regime."""

from __future__ import annotations

from features import sources
from features.feature import Feature
from features.functions import (
    above,
    atr,
    close,
    deviation,
    ema,
    high,
    highest,
    lag,
    log,
    low,
    lowest,
    mean,
    ratio,
    sqrt,
    total,
)

_MIDDLE, _WIDTH = mean(close, 20), 2 * deviation(close, 20)
_UPPER, _LOWER = _MIDDLE + _WIDTH, _MIDDLE - _WIDTH
_KELTNER_MIDDLE, _KELTNER_WIDTH = ema(20), 2 * atr(10)
_DONCHIAN_UPPER, _DONCHIAN_LOWER = highest(high, 20), lowest(low, 20)
_LOG_RETURN = log(close / lag(close, 1))
_SQUARED = _LOG_RETURN * _LOG_RETURN
#: Variance of the last hour over that of the last twelve, on one-minute bars.
_VARIANCE_RATIO = mean(_SQUARED, 60) / mean(_SQUARED, 720)

FEATURES: tuple[Feature, ...] = (
    Feature(
        "bollinger_upper_20",
        _UPPER,
        "quote",
        "mean of 20 closes plus two population standard deviations",
        sources.BOLLINGER,
    ),
    Feature("bollinger_middle_20", _MIDDLE, "quote", "mean of the last 20 closes", sources.BOLLINGER),
    Feature(
        "bollinger_lower_20",
        _LOWER,
        "quote",
        "mean of 20 closes minus two population standard deviations",
        sources.BOLLINGER,
    ),
    Feature("bollinger_width_20", (_UPPER - _LOWER) / _MIDDLE, "ratio", "width, of the middle", sources.BOLLINGER),
    Feature(
        "bollinger_percent_b_20",
        ratio(close - _LOWER, _UPPER - _LOWER, otherwise=0.5),
        "level",
        "close in its band: 0 at the lower, 1 at the upper end; 0.5 if it has no width",
        sources.BOLLINGER,
    ),
    Feature("atr_14", atr(14), "quote", "Wilder average of the true range", sources.WILDER),
    Feature("natr_14", 100 * atr(14) / close, "level", "atr_14 in percent of the close", sources.WILDER),
    Feature(
        "keltner_upper_20",
        _KELTNER_MIDDLE + _KELTNER_WIDTH,
        "quote",
        "keltner_middle_20 plus 2 ATR(10)",
        sources.KELTNER,
    ),
    Feature("keltner_middle_20", _KELTNER_MIDDLE, "quote", "EMA of 20 closes", sources.KELTNER),
    Feature(
        "keltner_lower_20",
        _KELTNER_MIDDLE - _KELTNER_WIDTH,
        "quote",
        "keltner_middle_20 minus 2 ATR(10)",
        sources.KELTNER,
    ),
    Feature("donchian_upper_20", _DONCHIAN_UPPER, "quote", "highest high of 20 bars", sources.DONCHIAN),
    Feature(
        "donchian_middle_20",
        (_DONCHIAN_UPPER + _DONCHIAN_LOWER) / 2,
        "quote",
        "middle of the range of 20 bars",
        sources.DONCHIAN,
    ),
    Feature("donchian_lower_20", _DONCHIAN_LOWER, "quote", "lowest low of 20 bars", sources.DONCHIAN),
    *(
        Feature(
            f"realised_vol_{n}",
            sqrt(total(_SQUARED, n)),
            "ratio",
            f"root of the sum of {n} squared log returns",
            sources.ANDERSEN,
        )
        for n in (15, 60, 240)
    ),
    Feature(
        "volatility_regime",
        above(_VARIANCE_RATIO, 0.5) + above(_VARIANCE_RATIO, 2.0),
        "level",
        "0 low, 1 medium, 2 high: variance of 60 bars below half, or above twice, that of 720",
        sources.ANDERSEN,
    ),
)
