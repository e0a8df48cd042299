"""Trades of one pair that arrived together: one live, or a thousand of a page of history."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from operator import ge
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from contracts.message import Message
from contracts.units import US_PER_MS, Amount, Pair, VenueTimeUs

Side = Literal["buy", "sell", "unknown"]
#: Column of a frame -> what it says of one trade.
TRADE_COLUMNS = {
    "trade_ids": "trade_id",
    "timestamps_us": "timestamp_us",
    "prices": "price",
    "quantities": "quantity",
    "sides": "side",
}


class TradeFrame(Message):
    """Trades in columns, in the order of the venue's trade ids.

    Trade ids are unique within (exchange, pair) and strictly increase inside a frame. `side` is the taker's side.
    `consecutive_ids` says that the venue numbers its trades without holes, so a hole means lost data; without it
    candles are `unverified`. Times are event times: when the trade happened at the venue.

    Attributes
    ----------
    type
        Tells the messages of the topic apart.
    exchange, pair
        The venue, and what was traded there.
    trade_ids, timestamps_us, prices, quantities, sides
        Columns of one length: ids, event times in microseconds, prices in quote and quantities in base currency as
        decimal strings, and who took.
    """

    schema_name: ClassVar[str] = "trade_frame"

    type: Literal["trades"] = "trades"
    exchange: str = Field(min_length=1)
    pair: Pair
    consecutive_ids: bool
    trade_ids: list[int] = Field(min_length=1)
    timestamps_us: list[VenueTimeUs]
    prices: list[Amount]
    quantities: list[Amount]
    sides: list[Side]

    @model_validator(mode="after")
    def _columns_agree(self) -> Self:
        rows = len(self.trade_ids)
        if not rows == len(self.timestamps_us) == len(self.prices) == len(self.quantities) == len(self.sides):
            for name in ("timestamps_us", "prices", "quantities", "sides"):
                if len(getattr(self, name)) != rows:
                    raise ValueError(f"{rows} {name}, one for each trade id, was {len(getattr(self, name))}")
        if rows > 1 and any(map(ge, self.trade_ids, islice(self.trade_ids, 1, None))):
            raise ValueError("strictly increasing trade_ids")
        if self.trade_ids[0] < 0 or self.trade_ids[-1] >= 2**63:
            raise ValueError(f"trade_ids from 0 to 2^63 - 1, was {self.trade_ids[0]} to {self.trade_ids[-1]}")
        return self

    def rows(self) -> Iterator[tuple[int, int, str, str, Side]]:
        """Yield the columns' values of one trade after the other.

        Yields
        ------
        tuple
            Trade id, time in microseconds, price, quantity and side.
        """
        return zip(self.trade_ids, self.timestamps_us, self.prices, self.quantities, self.sides, strict=True)

    @property
    def key(self) -> str:
        return self.pair

    @property
    def event_time_ms(self) -> int:
        return self.timestamps_us[-1] // US_PER_MS

    @property
    def message_id(self) -> str:
        return f"{self.exchange}:{self.pair}:{self.trade_ids[0]}-{self.trade_ids[-1]}"
