"""Where the price is going: averages, their slopes and crosses, MACD, directional movement, Supertrend."""

from __future__ import annotations

from features import sources
from features.expressions import Expression
from features.feature import Feature
from features.functions import change, close, direction, directional_movement, ema, macd, mean, supertrend

MOVING_AVERAGE_PERIODS = (7, 14, 21, 50, 60, 200)
CROSSES = ((7, 21), (21, 60), (50, 200))

_AVERAGES: dict[str, tuple[str, dict[int, Expression]]] = {
    "sma": ("mean of the last {n} closes", {n: mean(close, n) for n in MOVING_AVERAGE_PERIODS}),
    "ema": ("exponential mean of closes, weight 2/({n}+1)", {n: ema(n) for n in MOVING_AVERAGE_PERIODS}),
}

_AVERAGE_FEATURES = tuple(
    Feature(f"{kind}_{n}", average, "quote", meaning.format(n=n), sources.MURPHY)
    for kind, (meaning, averages) in _AVERAGES.items()
    for n, average in averages.items()
)
_SLOPES = tuple(
    Feature(
        f"{kind}_{n}_slope", change(average, 1), "ratio", f"relative change of {kind}_{n} in a bar", sources.MURPHY
    )
    for kind, (_, averages) in _AVERAGES.items()
    for n, average in averages.items()
)
_CROSSES = tuple(
    Feature(
        f"{kind}_{fast}_{slow}_cross",
        direction(averages[fast] / averages[slow] - 1, still=1e-9),
        "-1..1",
        f"1 while {kind}_{fast} is above {kind}_{slow}, -1 while it is below",
        sources.MURPHY,
    )
    for kind, (_, averages) in _AVERAGES.items()
    for fast, slow in CROSSES
)


def _macd(names: tuple[str, str, str], fast: int, slow: int, signal: int) -> tuple[Feature, ...]:
    lines = macd(fast, slow, signal)
    line, smoothed, _ = names
    meanings = (
        f"EMA of {fast} minus EMA of {slow} closes",
        f"EMA of {signal} values of {line}",
        f"{line} minus {smoothed}",
    )
    return tuple(
        Feature(name, formula, "quote", meaning, sources.APPEL)
        for name, formula, meaning in zip(names, lines, meanings, strict=True)
    )


_DIRECTION = directional_movement(14)
_SUPERTREND = supertrend(10, 3.0)

FEATURES: tuple[Feature, ...] = (
    *_AVERAGE_FEATURES,
    *_SLOPES,
    *_CROSSES,
    *_macd(("macd_7", "macd_signal_7", "macd_hist_7"), 7, 14, 9),
    *_macd(("macd_12", "macd_signal_12", "macd_hist_12"), 12, 26, 9),
    Feature("adx_14", _DIRECTION.adx, "0..100", "strength of the trend, whichever way it goes", sources.WILDER),
    Feature("plus_di_14", _DIRECTION.plus, "0..100", "upward movement as a share of the true range", sources.WILDER),
    Feature(
        "minus_di_14", _DIRECTION.minus, "0..100", "downward movement as a share of the true range", sources.WILDER
    ),
    Feature("supertrend_10", _SUPERTREND.line, "quote", "band of 3 ATR(10) that trails the price", sources.SEBAN),
    Feature("supertrend_10_direction", _SUPERTREND.direction, "-1..1", "1 above its band, -1 below", sources.SEBAN),
)
