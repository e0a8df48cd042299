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
    Number,
    Rolling,
    Talib,
    When,
    expression,
    require_bars,
)

#: The words of formulas; `strategies` hands them on.
__all__ = [
    "above",
    "at_least",
    "at_most",
    "atr",
    "below",
    "both",
    "calendar",
    "change",
    "close",
    "commodity_channel",
    "deviation",
    "direction",
    "directional_movement",
    "either",
    "ema",
    "high",
    "highest",
    "lag",
    "log",
    "low",
    "lowest",
    "macd",
    "mean",
    "negated",
    "opened",
    "positive",
    "ratio",
    "reference_close",
    "rsi",
    "sign",
    "sqrt",
    "stochastic_rsi",
    "supertrend",
    "taker_buy_volume",
    "total",
    "trade_count",
    "typical",
    "unknown",
    "volume",
    "when",
]

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
    """Return what the clock says when the bar closes.

    Returns
    -------
    Expression
        What it is at the end of each bar.
    """
    return Calendar(name)


def ratio(numerator: Expression, denominator: Expression, otherwise: Expression | float = 0.0) -> Expression:
    """Return a quotient, or `otherwise` where the denominator is zero.

    Parameters
    ----------
    numerator, denominator
        What is divided, and by what.
    otherwise
        What it is where that is zero.

    Returns
    -------
    Expression
        The quotient.
    """
    return Arithmetic("/", numerator, denominator, expression(otherwise))


def lag(value: Expression, bars: int) -> Expression:
    """Return the value `bars` bars ago.

    Returns
    -------
    Expression
        Unknown for the first bars.
    """
    return Lag(value, bars)


def change(value: Expression, bars: int) -> Expression:
    """Return the relative change over `bars` bars.

    Returns
    -------
    Expression
        A part of the earlier value: 0.01 is one percent.
    """
    return value / lag(value, bars) - 1


def total(value: Expression, bars: int) -> Expression:
    """Return the sum of the last `bars` values.

    Returns
    -------
    Expression
        Of exactly these values.
    """
    return Rolling("sum", value, bars)


def mean(value: Expression, bars: int) -> Expression:
    """Return the mean of the last `bars` values.

    Returns
    -------
    Expression
        Of exactly these values.
    """
    return total(value, bars) / bars


def deviation(value: Expression, bars: int) -> Expression:
    """Return the population standard deviation of the last `bars` values.

    Returns
    -------
    Expression
        Of exactly these values.
    """
    return Rolling("deviation", value, bars)


def highest(value: Expression, bars: int) -> Expression:
    """Return the greatest of the last `bars` values.

    Returns
    -------
    Expression
        Of exactly these values.
    """
    return Rolling("max", value, bars)


def lowest(value: Expression, bars: int) -> Expression:
    """Return the smallest of the last `bars` values.

    Returns
    -------
    Expression
        Of exactly these values.
    """
    return Rolling("min", value, bars)


def log(value: Expression) -> Expression:
    """Return the natural logarithm of a positive value.

    Returns
    -------
    Expression
        Unknown where the value is not above zero.
    """
    return Function("log", value)


def sqrt(value: Expression) -> Expression:
    """Return the square root of a value that is not negative.

    Returns
    -------
    Expression
        Unknown where the value is below zero.
    """
    return Function("sqrt", value)


def sign(value: Expression) -> Expression:
    """Return -1, 0 or 1.

    Returns
    -------
    Expression
        0 of zero.
    """
    return Function("sign", value)


def above(value: Expression | float, limit: Expression | float) -> Expression:
    """Return 1 where `value` is above `limit`, else 0; unknown where either is.

    Returns
    -------
    Expression
        1, 0 or unknown.

    Examples
    --------
    >>> str(above(mean(close, 20), mean(close, 50)))
    'step(mean(close, 20) - mean(close, 50))'
    """
    # The difference of two floats that differ is never zero, so its sign is the comparison.
    return Function("step", expression(value) - expression(limit))


def below(value: Expression | float, limit: Expression | float) -> Expression:
    """Return 1 where `value` is below `limit`, else 0; unknown where either is.

    Returns
    -------
    Expression
        1, 0 or unknown.
    """
    return above(limit, value)


def at_least(value: Expression | float, limit: Expression | float) -> Expression:
    """Return 1 where `value` is `limit` or above, else 0; unknown where either is.

    Returns
    -------
    Expression
        1, 0 or unknown.
    """
    return negated(below(value, limit))


def at_most(value: Expression | float, limit: Expression | float) -> Expression:
    """Return 1 where `value` is `limit` or below, else 0; unknown where either is.

    Returns
    -------
    Expression
        1, 0 or unknown.
    """
    return negated(above(value, limit))


def both(one: Expression, other: Expression) -> Expression:
    """Return 1 where both conditions hold, else 0; unknown where either is.

    Returns
    -------
    Expression
        1, 0 or unknown.

    Raises
    ------
    TypeError
        If one of them is no condition.
    """
    return _condition("both", one) * _condition("both", other)


def either(one: Expression, other: Expression) -> Expression:
    """Return 1 where at least one of the conditions holds, else 0; unknown where either is.

    Returns
    -------
    Expression
        1, 0 or unknown.

    Raises
    ------
    TypeError
        If one of them is no condition.
    """
    return sign(_condition("either", one) + _condition("either", other))


def negated(condition: Expression) -> Expression:
    """Return 1 where a condition does not hold, 0 where it does; unknown where it is.

    Returns
    -------
    Expression
        1, 0 or unknown.

    Raises
    ------
    TypeError
        If it is no condition.
    """
    return 1 - _condition("negated", condition)


#: Not known, and never will be: as a target, no decision.
unknown: Expression = Number(math.nan)


def when(condition: Expression, then: Expression | float, otherwise: Expression | float) -> Expression:
    """Return `then` where a condition holds, else `otherwise`; unknown where the condition is.

    What is not chosen may be unknown.

    Parameters
    ----------
    condition
        Made of comparisons.
    then, otherwise
        What it is where that holds, and where it does not.

    Returns
    -------
    Expression
        The value that is chosen.

    Raises
    ------
    TypeError
        If it is no condition.

    Examples
    --------
    >>> str(when(above(close, opened), 1, unknown))
    'when(step(close - open), 1, unknown)'
    """
    return When(_condition("when", condition), expression(then), expression(otherwise))


def _condition(word: str, value: Expression) -> Expression:
    if not (isinstance(value, Expression) and _is_condition(value)):
        raise TypeError(f"{word}: expected conditions such as above(close, 100), was {value}")
    return value


def _is_condition(value: Expression) -> bool:
    """Whether a formula is made of comparisons alone, so that it is 0, 1 or unknown."""
    match value:
        case Function("step"):
            return True
        case Function("sign", Arithmetic("+", one, other)) | Arithmetic("*", one, other):
            return _is_condition(one) and _is_condition(other)
        case Arithmetic("-", Number(1.0), condition):
            return _is_condition(condition)
        case Lag(condition):
            return _is_condition(condition)
    return False


def direction(value: Expression, still: float) -> Expression:
    """Return -1, 0 or 1: 0 also where the value is no further from zero than `still`, as after rounding.

    Returns
    -------
    Expression
        Of a value.
    """
    return above(value, still) - above(0 - value, still)


def positive(value: Expression) -> Expression:
    """Return the value where it is above zero, else 0.

    Returns
    -------
    Expression
        0 or more.
    """
    return Function("positive", value)


def sine(value: Expression) -> Expression:
    """Return the sine of an angle in radians."""
    return Function("sin", value)


def cosine(value: Expression) -> Expression:
    """Return the cosine of an angle in radians."""
    return Function("cos", value)


def decay_bars(factor: float, left: float = CONVERGENCE) -> int:
    """Return after how many bars ``factor ** bars`` is below `left`."""
    return math.ceil(math.log(left) / math.log(factor))


def ema_bars(period: int) -> int:
    """Bars an EMA needs: its seed (a mean of `period` bars) and the decay of that seed."""
    require_bars(2, period)
    return period + decay_bars((period - 1) / (period + 1))


def wilder_bars(period: int) -> int:
    """Bars a Wilder average of `period` needs, with the one bar its first difference costs."""
    require_bars(2, period)
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
    require_bars(2, period)
    return tuple(1 + period + decay_bars((period - 1) / period, CONVERGENCE * move * part) for move in _MOVES)


#: An average of an index settles after the index: it is opened on about so many periods more.
SLOWER = 13


def ema(bars: int) -> Expression:
    """Return the exponential mean of closes with weight ``2 / (bars + 1)``.

    Returns
    -------
    Expression
        Anchored.
    """
    return _talib("EMA", ("close",), ema_bars(bars), timeperiod=bars)


def rsi(bars: int) -> Expression:
    """Return Wilder's relative strength index of closes, 0..100.

    Returns
    -------
    Expression
        Anchored; unknown where what was forgotten could still change it.
    """
    return _talib("RSI", ("close",), ratio_bars(bars), timeperiod=bars)


def atr(bars: int) -> Expression:
    """Return Wilder's average of the true range.

    Returns
    -------
    Expression
        In quote currency; anchored.
    """
    return _talib("ATR", ("high", "low", "close"), wilder_bars(bars), timeperiod=bars)


class Macd(NamedTuple):
    """The three lines of a MACD."""

    line: Expression
    signal: Expression
    histogram: Expression


def macd(fast: int, slow: int, signal: int) -> Macd:
    """Return the difference of two EMAs of closes, its EMA, and their difference.

    Parameters
    ----------
    fast, slow
        Bars of the two averages of closes.
    signal
        Bars of the average of their difference.

    Returns
    -------
    Macd
        Line, signal and histogram, in quote currency; anchored.
    """
    bars = ema_bars(slow) + ema_bars(signal)
    return Macd(*_outputs("MACD", ("close",), bars, 3, fastperiod=fast, slowperiod=slow, signalperiod=signal))


class DirectionalMovement(NamedTuple):
    """Wilder's directional indicators."""

    adx: Expression
    plus: Expression
    minus: Expression


def directional_movement(bars: int) -> DirectionalMovement:
    """Return ADX, a Wilder average of a ratio of Wilder averages, and the two directional indicators.

    Returns
    -------
    DirectionalMovement
        All three from 0 to 100; anchored.
    """
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
    """Return where the RSI stands in its range of the last `k` bars, and the mean of `d` of these.

    Parameters
    ----------
    bars
        Of the RSI.
    k, d
        Of its range, and of the mean.

    Returns
    -------
    Stochastic
        Both from 0 to 100; anchored.
    """
    # Differences of RSIs are divided by their range, which can be a hundredth of the scale and less.
    openings = ratio_bars(bars)[0], *ratio_bars(bars, part=1e-4)[1:]
    settled = tuple(each + k + d for each in openings)
    return Stochastic(*_outputs("STOCHRSI", ("close",), settled, 2, timeperiod=bars, fastk_period=k, fastd_period=d))


def commodity_channel(bars: int) -> Expression:
    """Return Lambert's commodity channel index of the typical price.

    Returns
    -------
    Expression
        In mean deviations from the mean.
    """
    # A function of a window; anchored because TA-Lib's order of additions depends on where it was started.
    return _talib("CCI", ("high", "low", "close"), bars, timeperiod=bars)


class Supertrend(NamedTuple):
    """The line of a supertrend and on which side of it the price is, 1 or -1."""

    line: Expression
    direction: Expression


def supertrend(bars: int, multiplier: float) -> Supertrend:
    """Return a band of `multiplier` average true ranges that only ever tightens until the price breaks it.

    Returns
    -------
    Supertrend
        Anchored.
    """
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
