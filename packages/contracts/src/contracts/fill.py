"""Money changed hands."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from contracts.message import Message
from contracts.order import OrderSide
from contracts.units import DecimalString, Pair, PositiveDecimalString


class Fill(Message):
    """An execution of an order, whole or in part.

    `reference_price` is what the market showed, `price` what was paid (slippage included). `fee_quote` is the fee in
    quote currency, whatever it was taken in: of a fee in base currency, `fee_base`, it is the worth at `price`.
    `candle_window_start_ms` names the candle that filled it; the signal leads to the model version, the
    prediction and the feature row.

    Attributes
    ----------
    account, exchange, pair
        Whose fill it is, where, and of what.
    fill_id
        Its order's id and the venue's id of the execution.
    execution_id
        What the venue calls it; an execution is booked once.
    order_id, signal_id
        What it goes back to.
    side
        `buy` or `sell`.
    quantity, fee_base
        In base currency; what is held changes by both.
    realised_pnl_quote
        What the fill realised against the average price, before fees, in quote currency.
    filled_at_ms
        Event time, milliseconds.
    model_name, model_version
        Which model's prediction led to it; null where a strategy without one did.
    """

    schema_name: ClassVar[str] = "fill"

    account: str = Field(min_length=1)
    fill_id: str
    execution_id: str = ""
    order_id: str
    signal_id: str
    exchange: str = Field(min_length=1)
    pair: Pair
    side: OrderSide
    quantity: PositiveDecimalString
    reference_price: PositiveDecimalString
    price: PositiveDecimalString
    fee_quote: DecimalString
    fee_base: DecimalString = "0"
    realised_pnl_quote: DecimalString
    candle_window_start_ms: int
    filled_at_ms: int
    model_name: str | None
    model_version: int | None

    @property
    def key(self) -> str:
        return self.account

    @property
    def event_time_ms(self) -> int:
        return self.filled_at_ms

    @property
    def message_id(self) -> str:
        return self.fill_id
