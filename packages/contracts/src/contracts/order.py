"""One step in an order's life."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.message import Message
from contracts.units import Pair, PositiveDecimalString

OrderStatus = Literal["PLACED", "PARTIALLY_FILLED", "FILLED", "CANCELLED", "REJECTED", "DENIED", "UNRESOLVED"]
OrderSide = Literal["buy", "sell"]


class Order(Message):
    """The state of an order after one change; `order_id` is a function of its signal.

    DENIED: a limit of ours refused it before it left. REJECTED: the venue refused it. `reason` is set for those
    and for CANCELLED. `quantity` is in base currency.

    Attributes
    ----------
    account, exchange, pair
        Whose order it is, where, and of what.
    signal_id
        The decision that it carries out.
    side, order_type
        `buy` or `sell`; always ``market``.
    status
        What has become of it.
    decided_at_ms, updated_at_ms
        Event times of the decision and of this change, milliseconds.
    """

    schema_name: ClassVar[str] = "order"

    account: str = Field(min_length=1)
    order_id: str
    signal_id: str
    exchange: str = Field(min_length=1)
    pair: Pair
    side: OrderSide
    order_type: Literal["market"]
    quantity: PositiveDecimalString
    status: OrderStatus
    reason: str | None
    decided_at_ms: int
    updated_at_ms: int

    @property
    def key(self) -> str:
        return self.account

    @property
    def event_time_ms(self) -> int:
        return self.updated_at_ms

    @property
    def message_id(self) -> str:
        return f"{self.order_id}:{self.status}"
