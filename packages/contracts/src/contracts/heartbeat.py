"""The venue's time for one pair: what lets a quiet pair close its candles."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.message import Message
from contracts.units import US_PER_MS, Pair, VenueTimeUs


class Heartbeat(Message):
    """Every trade of `pair` before `venue_time_us` is already on the topic, and the venue is alive.

    Written only while the pair has no unrepaired gap. The first heartbeat of a pair, written before its first
    trade, says since when the input is complete: a candle that began before it is cut off.

    Attributes
    ----------
    type
        Tells the messages of the topic apart.
    exchange
        The venue.
    """

    schema_name: ClassVar[str] = "heartbeat"

    type: Literal["heartbeat"] = "heartbeat"
    exchange: str = Field(min_length=1)
    pair: Pair
    venue_time_us: VenueTimeUs

    @property
    def key(self) -> str:
        return self.pair

    @property
    def event_time_ms(self) -> int:
        return self.venue_time_us // US_PER_MS

    @property
    def message_id(self) -> str:
        return f"{self.exchange}:{self.pair}:heartbeat:{self.venue_time_us}"
