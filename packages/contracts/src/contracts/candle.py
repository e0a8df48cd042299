"""A final candle: honest about what it knows."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

from pydantic import Field

from contracts.units import DecimalString, PositiveDecimalString
from contracts.window import WindowMessage

Quality = Literal["complete", "empty", "gap", "unverified"]
QUALITIES: tuple[Quality, ...] = get_args(Quality)


class Candle(WindowMessage):
    """OHLCV of one pair over one window ``[window_start_ms, window_end_ms)``, by event time.

    Quality: `complete`; `empty` (the venue was alive and nothing traded: open = high = low = close = previous
    close, volume and count 0); `gap` (part of the window is unknown, or cut off by the start or end of input);
    `unverified` (the source has no consecutive ids). Revision 0 is what decisions use; late trades give
    revision 1, 2, ... which correct the record only.

    Volumes are exact sums: `volume` in base, `quote_volume` in quote currency, `taker_buy_volume` the part of
    `volume` whose taker bought, None where that is not known of every trade.

    Attributes
    ----------
    open, high, low, close
        Prices in quote currency, decimal strings.
    trade_count
        Trades in the window.
    first_trade_id, last_trade_id
        The venue's, None for a window without trades.
    quality, revision
        As above.
    """

    schema_name: ClassVar[str] = "candle"

    open: PositiveDecimalString
    high: PositiveDecimalString
    low: PositiveDecimalString
    close: PositiveDecimalString
    volume: DecimalString
    quote_volume: DecimalString
    taker_buy_volume: DecimalString | None
    trade_count: int = Field(ge=0)
    first_trade_id: int | None
    last_trade_id: int | None
    quality: Quality
    revision: int = Field(ge=0)

    @property
    def message_id(self) -> str:
        return f"{self.window_id}:{self.revision}"
