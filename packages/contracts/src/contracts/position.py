"""What an account holds of a pair after a fill."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.message import Message
from contracts.units import DecimalString, Pair


class Position(Message):
    """Position after the fill `fill_id`.

    `cost_quote` is what was paid for what is held, exactly; a partial sale takes its share of it, rounded to 20
    decimals. `average_price` is the cost of one, rounded to `contracts.units.price_decimals`; 0 when nothing is held.

    `realised_pnl_quote` sums over the position's life, before fees; `fees_quote` beside it.

    Attributes
    ----------
    account, exchange, pair
        Whose position it is, where, and in what.
    action
        What the fill did to it: OPENED from nothing, CLOSED to nothing, else MODIFIED.
    quantity
        What is held now, in base currency.
    updated_at_ms
        Event time, milliseconds.
    """

    schema_name: ClassVar[str] = "position"

    account: str = Field(min_length=1)
    exchange: str = Field(min_length=1)
    pair: Pair
    fill_id: str
    action: Literal["OPENED", "MODIFIED", "CLOSED"]
    quantity: DecimalString
    average_price: DecimalString
    cost_quote: DecimalString = "0"
    realised_pnl_quote: DecimalString
    fees_quote: DecimalString
    updated_at_ms: int

    @property
    def key(self) -> str:
        return self.account

    @property
    def event_time_ms(self) -> int:
        return self.updated_at_ms

    @property
    def message_id(self) -> str:
        return f"{self.fill_id}:position"
