"""A final candle: honest about what it knows."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.message import Message
from contracts.units import MS_PER_SECOND, DecimalString, Pair, PositiveDecimalString

Quality = Literal["complete", "empty", "gap", "unverified"]


class Candle(Message):
    """OHLCV of one pair over one window ``[window_start_ms, window_end_ms)``, by event time.

    Quality: `complete`; `empty` (the venue was alive and nothing traded: open = high = low = close = previous
    close, volume and count 0); `gap` (part of the window is unknown, or cut off by the start or end of input);
    `unverified` (the source has no consecutive ids). Revision 0 is what decisions use; late trades give
    revision 1, 2, ... which correct the record only.

    Volumes are exact sums: `volume` in base, `quote_volume` in quote currency, `taker_buy_volume` the part of
    `volume` whose taker bought.
    """

    schema_name: ClassVar[str] = "candle"

    exchange: str = Field(min_length=1)
    pair: Pair
    interval_s: int = Field(gt=0)
    window_start_ms: int
    open: PositiveDecimalString
    high: PositiveDecimalString
    low: PositiveDecimalString
    close: PositiveDecimalString
    volume: DecimalString
    quote_volume: DecimalString
    taker_buy_volume: DecimalString
    trade_count: int = Field(ge=0)
    first_trade_id: int | None
    last_trade_id: int | None
    quality: Quality
    revision: int = Field(ge=0)

    @property
    def window_end_ms(self) -> int:
        """End of the window, exclusive."""
        return self.window_start_ms + self.interval_s * MS_PER_SECOND

    @property
    def key(self) -> str:
        return self.pair

    @property
    def event_time_ms(self) -> int:
        # The window's end, never its start: a reader that joins by time must not see a candle before it is final.
        return self.window_end_ms

    @property
    def message_id(self) -> str:
        return f"{self.exchange}:{self.pair}:{self.interval_s}:{self.window_start_ms}:{self.revision}"
