"""The last message of a pair's history."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.message import Message
from contracts.units import US_PER_MS, Pair, VenueTimeUs


class EndOfHistory(Message):
    """History of `pair` is complete up to `venue_time_us`.

    With `final` nothing follows (a recorded file ended): windows that are still open close as `gap`, cut off by
    the end of input. Without it the live feed continues from `last_trade_id` and open windows stay open.

    Attributes
    ----------
    type
        Tells the messages of the topic apart.
    exchange
        The venue.
    """

    schema_name: ClassVar[str] = "end_of_history"

    type: Literal["end_of_history"] = "end_of_history"
    exchange: str = Field(min_length=1)
    pair: Pair
    venue_time_us: VenueTimeUs
    last_trade_id: int | None
    final: bool

    @property
    def key(self) -> str:
        return self.pair

    @property
    def event_time_ms(self) -> int:
        return self.venue_time_us // US_PER_MS

    @property
    def message_id(self) -> str:
        return f"{self.exchange}:{self.pair}:end_of_history:{self.venue_time_us}"
