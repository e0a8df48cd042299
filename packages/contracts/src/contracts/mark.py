"""The candle that a prediction or decision was made on."""

from __future__ import annotations

from pydantic import BaseModel, Field

from contracts.candle import Quality
from contracts.units import DecimalString, PositiveDecimalString
from contracts.window import WindowMessage


class Mark(BaseModel):
    """A candle's prices as later stages carry them along: execution has one input and marks positions with them."""

    mark_open: PositiveDecimalString
    mark_high: PositiveDecimalString
    mark_low: PositiveDecimalString
    mark_close: PositiveDecimalString
    mark_trade_count: int = Field(ge=0)
    mark_quality: Quality


class MarkedWindow(Mark, WindowMessage):
    """A message with the prices and the volume of its window's candle: what execution marks and fills with.

    `mark_volume` is in base currency; null where that was written before marks had it.
    """

    mark_volume: DecimalString | None = None
