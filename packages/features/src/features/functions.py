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
    return _decay_bars(factor, CONVERGENCE)


def _decay_bars(factor: float, left: float) -> int:
    return math.ceil(math.log(left) / math.log(factor))


def ema_bars(period: int) -> int:
    """Bars an EMA needs: its seed (a mean of `period` bars) and the decay of that seed."""
    _at_least(2, period)
    return period + decay_bars((period - 1) / (period + 1))


def wilder_bars(period: int) -> int:
    """Bars a Wilder average of `period` needs, with the one bar its first difference costs."""
    _at_least(2, period)
    return 1 + period + decay_bars((period - 1) / period)


#: How little a market may move in an average bar, as a part of its price, for what is forgotten to be below
#: `CONVERGENCE` of a ratio of averages at the anchor: so many bars more are taken the quieter it is.
_MOVES = (1.0, 1e-3, 1e-5, 1e-8, 1e-12)


def ratio_bars(period: int, part: float = 1.0) -> tuple[int, ...]:
    """Bars that a ratio of Wilder averages of `period` needs for each of `_MOVES`.

    Parameters
    ----------
    period
        Of the averages.
    part
        What must be left is so much smaller than elsewhere.
    """
    _at_least(2, period)
    return tuple(1 + period + _decay_bars((period - 1) / period, CONVERGENCE * move * part) for move in _MOVES)


#: An average of an index settles after the index: it is opened on about so many periods more.
SLOWER = 13


def ema(bars: int) -> Expression:
    """Return the exponential mean of closes with weight ``2 / (bars + 1)``."""
    return _talib("EMA", ("close",), ema_bars(bars), timeperiod=bars)


def rsi(bars: int) -> Expression:
    """Return Wilder's relative strength index of closes, 0..100."""
    return _talib("RSI", ("close",), ratio_bars(bars), timeperiod=bars)


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
    settled = tuple(each + SLOWER * bars for each in ratio_bars(bars))
    return DirectionalMovement(
        _talib("ADX", ("high", "low"), settled, timeperiod=bars),
        *_outputs("DI", ("high", "low", "close"), ratio_bars(bars), 2, timeperiod=bars),
    )


class Stochastic(NamedTuple):
    """A stochastic oscillator and its mean."""

    k: Expression
    d: Expression


def stochastic_rsi(bars: int, k: int, d: int) -> Stochastic:
    """Return where the RSI stands in its range of the last `k` bars, and the mean of `d` of these."""
    # Differences of RSIs are divided by their range, which can be a hundredth of the scale and less.
    openings = ratio_bars(bars)[0], *ratio_bars(bars, part=1e-4)[1:]
    settled = tuple(each + k + d for each in openings)
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
    # The average decays; the band is forgotten at a break, for which no number of bars is a guarantee. It is null
    # until there was one, or the band was drawn after the price as far as any band before could have been.
    inputs: tuple[ColumnName, ...] = ("high", "low", "close")
    settled = 3 * wilder_bars(bars), 5 * wilder_bars(bars)
    return Supertrend(*_outputs("SUPERTREND", inputs, settled, 2, timeperiod=bars, multiplier=multiplier))


def _outputs(
    function: str, inputs: tuple[ColumnName, ...], bars: int | tuple[int, ...], outputs: int, **parameters: float
) -> list[Expression]:
    given, openings = tuple(parameters.items()), bars if isinstance(bars, tuple) else (bars,)
    return [Talib(function, inputs, given, openings, output, outputs) for output in range(outputs)]


def _talib(
    function: str, inputs: tuple[ColumnName, ...], bars: int | tuple[int, ...], **parameters: float
) -> Expression:
    return _outputs(function, inputs, bars, 1, **parameters)[0]


def _at_least(least: int, bars: int) -> int:
    if not isinstance(bars, int):
        raise TypeError(f"bars: expected an integer, was {bars!r}")
    if bars < least:
        raise ValueError(f"bars: expected at least {least}, was {bars}")
    return bars
