"""How fast the price goes: oscillators and rates of change."""

from __future__ import annotations

from features import sources
from features.feature import Feature
from features.functions import (
    change,
    close,
    commodity_channel,
    direction,
    high,
    highest,
    lag,
    low,
    lowest,
    mean,
    positive,
    rsi,
    stochastic_rsi,
    total,
    typical,
    volume,
)

_FAST_K = 100 * (close - lowest(low, 14)) / (highest(high, 14) - lowest(low, 14))
_SLOW_K = mean(_FAST_K, 3)
_STOCHASTIC_RSI = stochastic_rsi(14, k=14, d=3)
#: Typical prices are thirds: two that are equal differ by rounding, and the bar's whole flow would go one way.
_SIGNED_FLOW = direction(change(typical, 1), still=1e-12) * typical * volume
_INFLOW, _OUTFLOW = total(positive(_SIGNED_FLOW), 14), total(positive(0 - _SIGNED_FLOW), 14)

FEATURES: tuple[Feature, ...] = (
    *(
        Feature(
            f"rsi_{n}", rsi(n), "0..100", "share of gains in the Wilder averages of gains and losses", sources.WILDER
        )
        for n in (7, 14, 21)
    ),
    Feature("stoch_k_14", _SLOW_K, "0..100", "close in the range of 14 bars, mean of 3", sources.LANE),
    Feature("stoch_d_14", mean(_SLOW_K, 3), "0..100", "mean of the last 3 stoch_k_14", sources.LANE),
    Feature("stochrsi_k_14", _STOCHASTIC_RSI.k, "0..100", "rsi_14 in its range of 14 bars", sources.CHANDE_KROLL),
    Feature("stochrsi_d_14", _STOCHASTIC_RSI.d, "0..100", "mean of the last 3 stochrsi_k_14", sources.CHANDE_KROLL),
    Feature("cci_20", commodity_channel(20), "level", "typical price from its mean, in deviations", sources.LAMBERT),
    Feature("mfi_14", 100 * _INFLOW / (_INFLOW + _OUTFLOW), "0..100", "rising bars' share of money", sources.QUONG),
    Feature(
        # Not -100 times the distance from the high: at the high that is minus zero, which SQLite keeps as zero.
        "williams_r_14",
        100 * (close - highest(high, 14)) / (highest(high, 14) - lowest(low, 14)),
        "-100..0",
        "close below the high of 14 bars, in their range",
        sources.WILLIAMS,
    ),
    Feature("roc_10", 100 * change(close, 10), "level", "change of the close in 10 bars, percent", sources.MURPHY),
    Feature("momentum_10", close - lag(close, 10), "quote", "change of the close in 10 bars", sources.MURPHY),
)
