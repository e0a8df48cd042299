"""The words formulas are written in: columns of a bar, rolling functions, and TA-Lib's recursive ones.

Rolling functions are functions of exactly the last `bars` values. Recursive ones are anchored (ADR 0003): each is
opened on as many bars as its oldest input needs to decay below `CONVERGENCE`, which stands here and nowhere else.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from features.expressions import (
    Arithmetic,
    Calendar,
    CalendarName,
    Column,
    ColumnName,
    Expression,
    Function,
    Lag,
    Rolling,
    Talib,
    expression,
)

#: How close a recursive feature must come to its value on an endless history, as a part of the input's scale.
CONVERGENCE = 1e-9

opened: Expression = Column("open")
high: Expression = Column("high")
low: Expression = Column("low")
close: Expression = Column("close")
volume: Expression = Column("volume")
trade_count: Expression = Column("trade_count")
taker_buy_volume: Expression = Column("taker_buy_volume")
reference_close: Expression = Column("reference_close")
typical: Expression = (high + low + close) / 3


def calendar(name: CalendarName) -> Expression:
    """Return what the clock says when the bar closes."""
    return Calendar(name)


def ratio(numerator: Expression, denominator: Expression, otherwise: Expression | float = 0.0) -> Expression:
    """Return a quotient, or `otherwise` where the denominator is zero."""
    return Arithmetic("/", numerator, denominator, expression(otherwise))


def lag(value: Expression, bars: int) -> Expression:
    """Return the value `bars` bars ago."""
    return Lag(value, _at_least(1, bars))


def change(value: Expression, bars: int) -> Expression:
    """Return the relative change over `bars` bars."""
    return value / lag(value, bars) - 1


def total(value: Expression, bars: int) -> Expression:
    """Return the sum of the last `bars` values."""
    return Rolling("sum", value, _at_least(2, bars))


def mean(value: Expression, bars: int) -> Expression:
    """Return the mean of the last `bars` values."""
    return total(value, bars) / bars


def deviation(value: Expression, bars: int) -> Expression:
    """Return the population standard deviation of the last `bars` values."""
    return Rolling("deviation", value, _at_least(2, bars))


def highest(value: Expression, bars: int) -> Expression:
    """Return the greatest of the last `bars` values."""
    return Rolling("max", value, _at_least(2, bars))


def lowest(value: Expression, bars: int) -> Expression:
    """Return the smallest of the last `bars` values."""
    return Rolling("min", value, _at_least(2, bars))


def log(value: Expression) -> Expression:
    """Return the natural logarithm of a positive value."""
    return Function("log", value)


def sqrt(value: Expression) -> Expression:
    """Return the square root of a value that is not negative."""
    return Function("sqrt", value)


def sign(value: Expression) -> Expression:
    """Return -1, 0 or 1."""
    return Function("sign", value)


def above(value: Expression, limit: float) -> Expression:
    """Return 1 where `value` is above `limit`, else 0."""
    return Function("step", value - limit)


def direction(value: Expression, still: float) -> Expression:
    """Return -1, 0 or 1: 0 also where the value is no further from zero than `still`, as after rounding."""
    return above(value, still) - above(0 - value, still)


def positive(value: Expression) -> Expression:
    """Return the value where it is above zero, else 0."""
    return Function("positive", value)


def sine(value: Expression) -> Expression:
    """Return the sine of an angle in radians."""
    return Function("sin", value)


def cosine(value: Expression) -> Expression:
    """Return the cosine of an angle in radians."""
    return Function("cos", value)


def decay_bars(factor: float) -> int:
    """Return after how many bars ``factor ** bars`` is below `CONVERGENCE`."""
    return math.ceil(math.log(CONVERGENCE) / math.log(factor))


def ema_bars(period: int) -> int:
    """Bars an EMA needs: its seed (a mean of `period` bars) and the decay of that seed."""
    _at_least(2, period)
    return period + decay_bars((period - 1) / (period + 1))


def wilder_bars(period: int) -> int:
    """Bars a Wilder average of `period` needs, with the one bar its first difference costs."""
    _at_least(2, period)
    return 1 + period + decay_bars((period - 1) / period)


def ema(bars: int) -> Expression:
    """Return the exponential mean of closes with weight ``2 / (bars + 1)``."""
    return _talib("EMA", ("close",), ema_bars(bars), timeperiod=bars)


def rsi(bars: int) -> Expression:
    """Return Wilder's relative strength index of closes, 0..100."""
    return _talib("RSI", ("close",), wilder_bars(bars), timeperiod=bars)


def atr(bars: int) -> Expression:
    """Return Wilder's average of the true range."""
    return _talib("ATR", ("high", "low", "close"), wilder_bars(bars), timeperiod=bars)


class Macd(NamedTuple):
    """The three lines of a MACD."""

    line: Expression
    signal: Expression
    histogram: Expression


def macd(fast: int, slow: int, signal: int) -> Macd:
    """Return the difference of two EMAs of closes, its EMA, and their difference."""
    bars = ema_bars(slow) + ema_bars(signal)
    return Macd(*_outputs("MACD", ("close",), bars, 3, fastperiod=fast, slowperiod=slow, signalperiod=signal))


class DirectionalMovement(NamedTuple):
    """Wilder's directional indicators."""

    adx: Expression
    plus: Expression
    minus: Expression


def directional_movement(bars: int) -> DirectionalMovement:
    """Return ADX, a Wilder average of a ratio of Wilder averages, and the two directional indicators."""
    inputs: tuple[ColumnName, ...] = ("high", "low", "close")
    return DirectionalMovement(
        _talib("ADX", inputs, 2 * wilder_bars(bars), timeperiod=bars),
        _talib("PLUS_DI", inputs, wilder_bars(bars), timeperiod=bars),
        _talib("MINUS_DI", inputs, wilder_bars(bars), timeperiod=bars),
    )


class Stochastic(NamedTuple):
    """A stochastic oscillator and its mean."""

    k: Expression
    d: Expression


def stochastic_rsi(bars: int, k: int, d: int) -> Stochastic:
    """Return where the RSI stands in its range of the last `k` bars, and the mean of `d` of these."""
    # The range of an RSI can be a hundredth of its scale, so its own convergence has to be a hundred times better.
    settled = wilder_bars(bars) + math.ceil(wilder_bars(bars) / 4) + k + d
    return Stochastic(*_outputs("STOCHRSI", ("close",), settled, 2, timeperiod=bars, fastk_period=k, fastd_period=d))


def commodity_channel(bars: int) -> Expression:
    """Return Lambert's commodity channel index of the typical price."""
    # A function of a window; anchored because TA-Lib's order of additions depends on where it was started.
    return _talib("CCI", ("high", "low", "close"), bars, timeperiod=bars)


class Supertrend(NamedTuple):
    """The line of a supertrend and on which side of it the price is, 1 or -1."""

    line: Expression
    direction: Expression


def supertrend(bars: int, multiplier: float) -> Supertrend:
    """Return a band of `multiplier` average true ranges that only ever tightens until the price breaks it."""
    # The average decays; the band is forgotten at a break, for which no number of bars is a guarantee.
    inputs: tuple[ColumnName, ...] = ("high", "low", "close")
    settled = 3 * wilder_bars(bars)
    return Supertrend(*_outputs("SUPERTREND", inputs, settled, 2, timeperiod=bars, multiplier=multiplier))


def _outputs(
    function: str, inputs: tuple[ColumnName, ...], bars: int, outputs: int, **parameters: float
) -> list[Expression]:
    given = tuple(parameters.items())
    return [Talib(function, inputs, given, bars, output, outputs) for output in range(outputs)]


def _talib(function: str, inputs: tuple[ColumnName, ...], bars: int, **parameters: float) -> Expression:
    return Talib(function, inputs, tuple(parameters.items()), bars)


def _at_least(least: int, bars: int) -> int:
    if not isinstance(bars, int):
        raise TypeError(f"bars: expected an integer, was {bars!r}")
    if bars < least:
        raise ValueError(f"bars: expected at least {least}, was {bars}")
    return bars
