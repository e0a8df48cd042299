"""A candle that is not finished, for screens: nothing decides on it."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from contracts.units import DecimalString, PositiveDecimalString
from contracts.window import OpenWindowMessage


class FormingCandle(OpenWindowMessage):
    """What the candle of an open window would be had the window ended at `as_of_ms`, by event time.

    Not a `Candle`, so that no reader takes it for a final one. Which moments are shown depends on how trades came;
    the values do not.

    Attributes
    ----------
    open, high, low, close
        Prices so far, in quote currency.
    volume, quote_volume
        Exact sums so far, in base and in quote currency.
    taker_buy_volume
        The part of `volume` whose taker bought; None where that is not known of every trade.
    trade_count
        Trades so far.
    """

    schema_name: ClassVar[str] = "forming_candle"

    open: PositiveDecimalString
    high: PositiveDecimalString
    low: PositiveDecimalString
    close: PositiveDecimalString
    volume: DecimalString
    quote_volume: DecimalString
    taker_buy_volume: DecimalString | None
    trade_count: int = Field(gt=0)
