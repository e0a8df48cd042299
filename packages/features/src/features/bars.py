"""A bar as indicators need it: floats, and when the window began."""

from __future__ import annotations

import math
from typing import NamedTuple

from contracts.candle import Candle
from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from contracts.forming_candle import FormingCandle
from contracts.units import MS_PER_SECOND, to_float
from features import ANCHOR_BARS


class Bar(NamedTuple):
    """What one window says; the names are the columns that formulas of `features` use.

    `reference_close` is the close of the reference pair in the same window, NaN where there is none;
    `taker_buy_volume` is NaN where it is not known of every trade who took.

    Attributes
    ----------
    open, high, low, close
        In quote currency.
    volume, taker_buy_volume
        In base currency.
    trade_count
        Trades in the window.
    """

    open: float
    high: float
    low: float
    close: float
    volume: float
    trade_count: float
    taker_buy_volume: float
    reference_close: float = math.nan


def bar_of(candle: Candle | FormingCandle | FeatureRow, reference_close: float = math.nan) -> Bar:
    """Return the floats of `candle`: the one place where its exact decimals become floats.

    Returns
    -------
    Bar
        As formulas read it.

    Raises
    ------
    BadInputError
        If one is too large for a float.
    """
    bar = Bar(
        to_float(candle.open),
        to_float(candle.high),
        to_float(candle.low),
        to_float(candle.close),
        to_float(candle.volume),
        float(candle.trade_count),
        math.nan if candle.taker_buy_volume is None else to_float(candle.taker_buy_volume),
        reference_close,
    )
    for name, value in zip(Bar._fields[:-1], bar, strict=False):
        if value == math.inf:
            raise BadInputError(name, "a number that a float can hold", getattr(candle, name))
    return bar


def bar_of_row(row: FeatureRow) -> Bar:
    """Return the bar that a row was computed from.

    Returns
    -------
    Bar
        As formulas read it.

    Raises
    ------
    BadInputError
        If a number is too large for a float.
    """
    return bar_of(row, math.nan if row.reference_close is None else row.reference_close)


def anchor_ms(window_start_ms: int, interval_s: int) -> int:
    """Return the latest anchor at or before `window_start_ms`: midnight UTC for one-minute bars.

    Returns
    -------
    int
        Event time, milliseconds.

    Examples
    --------
    >>> anchor_ms(86_400_000 + 60_000, interval_s=60)
    86400000
    """
    return window_start_ms - window_start_ms % (ANCHOR_BARS * interval_s * MS_PER_SECOND)
