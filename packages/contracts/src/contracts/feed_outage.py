"""The news that nobody knows what a pair trades: what lets a dead feed close its candles, as gaps."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from contracts.message import Message
from contracts.units import US_PER_MS, Pair, VenueTimeUs


class FeedOutage(Message):
    """Since `since_us` the trades of `pair` are not known, and it is `until_us` now.

    Written while a feed is dead for longer than a setting allows, where a live one writes heartbeats: windows that
    end by `until_us` close as `gap`. Once the venue is back its trades since `since_us` follow, and revise those
    candles, unless some of them are lost for good: then those candles stay as they are.

    Attributes
    ----------
    type
        Tells the messages of the topic apart.
    exchange
        The venue.
    since_us
        Event time up to which the pair is complete, microseconds.
    until_us
        The writer's clock, microseconds: the venue's own time cannot be had.
    lost_trades
        So many trades from `since_us` to `until_us` came and cannot be used: no later message says what they were.
    """

    schema_name: ClassVar[str] = "feed_outage"

    type: Literal["feed_outage"] = "feed_outage"
    exchange: str = Field(min_length=1)
    pair: Pair
    since_us: VenueTimeUs
    until_us: VenueTimeUs
    lost_trades: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> FeedOutage:
        if self.until_us < self.since_us:
            raise ValueError(f"until_us not before since_us ({self.since_us}), was {self.until_us}")
        return self

    @property
    def key(self) -> str:
        return self.pair

    @property
    def event_time_ms(self) -> int:
        return self.until_us // US_PER_MS

    @property
    def message_id(self) -> str:
        what = f"lost:{self.since_us}-" if self.lost_trades else "feed_outage:"
        return f"{self.exchange}:{self.pair}:{what}{self.until_us}"
