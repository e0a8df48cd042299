"""What a broker says of an order: the only thing on which an account moves money."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.message import Message
from contracts.units import DecimalString, Pair, PositiveDecimalString

ReportKind = Literal["PLACED", "ACCEPTED", "FILL", "CANCELLED", "EXPIRED", "REJECTED", "UNRESOLVED"]


class Execution(BaseModel):
    """Money changed hands at the venue.

    Attributes
    ----------
    execution_id
        The venue's, unique among those of the order.
    quantity
        In base currency, before a fee that is taken from it.
    price
        In quote currency.
    fee, fee_in
        How much, and in which of the pair's two currencies.
    reference_price
        What the market showed, where the broker knows it; the account takes its last close for it otherwise.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    execution_id: str = Field(min_length=1)
    quantity: PositiveDecimalString
    price: PositiveDecimalString
    fee: DecimalString
    fee_in: Literal["quote", "base"] = "quote"
    reference_price: PositiveDecimalString | None = None


class OrderReport(Message):
    """Something became known of an order. Reports may come twice, late and in any order.

    PLACED: it is known to be on its way. ACCEPTED: the venue has it. FILL: the whole or a part was executed.
    UNRESOLVED: no answer came, so nobody knows. The others are ends.

    Attributes
    ----------
    type
        Tells the messages of a topic apart.
    account, exchange, pair, order_id
        Of which order.
    kind
        What became known.
    reason
        Of an end.
    venue_order_id
        What the venue calls the order, where that is known.
    execution
        Of a FILL.
    reported_at_ms
        Event time at the venue, milliseconds.
    """

    schema_name: ClassVar[str] = "order_report"

    type: Literal["report"] = "report"
    account: str = Field(min_length=1)
    exchange: str = Field(min_length=1)
    pair: Pair
    order_id: str
    kind: ReportKind
    reason: str | None = None
    venue_order_id: str | None = None
    execution: Execution | None = None
    reported_at_ms: int

    @model_validator(mode="after")
    def _fills_have_an_execution(self) -> Self:
        if (self.kind == "FILL") != (self.execution is not None):
            raise ValueError(f"an execution of a FILL and of nothing else, was {self.kind}")
        return self

    @property
    def key(self) -> str:
        return self.account

    @property
    def event_time_ms(self) -> int:
        return self.reported_at_ms

    @property
    def message_id(self) -> str:
        what = self.reported_at_ms if self.execution is None else self.execution.execution_id
        return f"{self.order_id}:{self.kind}:{what}"
