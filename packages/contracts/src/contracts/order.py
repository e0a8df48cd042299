"""One step in an order's life."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from contracts.message import Message
from contracts.units import DecimalString, Pair, PositiveDecimalString

OrderStatus = Literal[
    "PLACED",
    "ACCEPTED",
    "PARTIALLY_FILLED",
    "FILLED",
    "CANCELLED",
    "EXPIRED",
    "REJECTED",
    "DENIED",
    "UNRESOLVED",
]
OrderSide = Literal["buy", "sell"]
#: What it is for: a decision of the strategy, its exit once more where the first did not come about, or a
#: limit that wants nothing held. `target`: the gain of a bracket of which only the stop can rest at its venue.
Purpose = Literal["decision", "exit", "flatten", "time_exit", "protect", "target"]
#: A stop, a target, or both as a bracket, of which the first that is reached counts, are sells of what is held.
OrderType = Literal["market", "limit", "stop", "target", "bracket"]
TimeInForce = Literal["GTC", "IOC"]
Instruction = Literal["post_only", "reduce_only"]

#: Why a stop sold: its price was reached.
STOP = "stop"

#: What an order does not leave; a fill that comes late is booked all the same, and one that makes it whole says so.
ENDS: frozenset[OrderStatus] = frozenset({"FILLED", "CANCELLED", "EXPIRED", "REJECTED", "DENIED"})
#: Where an order may begin: it was sent, or a limit of ours refused it.
BEGINNINGS: frozenset[OrderStatus] = frozenset({"PLACED", "DENIED"})


class Order(Message):
    """The state of an order after its step number `step`; `order_id` is a function of its signal.

    PLACED: on its way. ACCEPTED: the venue has it, and `venue_order_id` is known where it gives one. EXPIRED: its
    time was over. DENIED: a limit of ours refused it before it left. REJECTED: the venue refused it. UNRESOLVED: the
    venue has not answered, so it may be there or not. `reason` is set where an order did not come to what it was
    meant for. A wish to cancel is no status, as the venue may fill the order before it hears of it: `cancel_reason`
    says why it is no longer wanted. Quantities are in base currency.

    Attributes
    ----------
    account, exchange, pair
        Whose order it is, where, and of what.
    step
        1, 2, 3, ... in the order in which things became known.
    signal_id
        The decision that it carries out.
    purpose
        What it is for.
    side, order_type
        `buy` or `sell`, and how.
    limit_price
        What a buy costs at most per unit, in quote currency; of a target and a bracket, where the gain is taken.
    stop_price
        Where a stop or bracket sells at the market; it may rise from step to step.
    collar_price
        What a market order may be filled at, at the worst.
    time_in_force
        GTC: until it is done, or `expires_at_ms`. IOC: with the first trades, or not at all.
    size_bound
        What an entry's quantity was bound by, such as `risk_pct`, or `cash` where that gave less.
    instruction
        post_only: refused rather than filled at once. reduce_only: it closes, and must never open.
    quantity, filled_quantity
        What was ordered, and how much of it has been executed so far.
    status
        What has become of it.
    venue_order_id
        What the venue calls it.
    expires_at_ms
        Event time from which on it is not to be filled any more; null if it stands until it is.
    decided_at_ms, updated_at_ms
        Event times of the decision and of this step, milliseconds.
    """

    schema_name: ClassVar[str] = "order"

    account: str = Field(min_length=1)
    order_id: str
    step: int = Field(default=1, ge=1)
    signal_id: str
    exchange: str = Field(min_length=1)
    pair: Pair
    purpose: Purpose = "decision"
    side: OrderSide
    order_type: OrderType
    limit_price: PositiveDecimalString | None = None
    stop_price: PositiveDecimalString | None = None
    collar_price: PositiveDecimalString | None = None
    time_in_force: TimeInForce = "GTC"
    instruction: Instruction | None = None
    size_bound: str | None = None
    quantity: PositiveDecimalString
    filled_quantity: DecimalString = "0"
    status: OrderStatus
    reason: str | None
    cancel_reason: str | None = None
    venue_order_id: str | None = None
    expires_at_ms: int | None = None
    decided_at_ms: int
    updated_at_ms: int

    @model_validator(mode="before")
    @classmethod
    def _number_old_steps(cls, data: Any) -> Any:
        """Give the steps of orders from before there were numbers theirs: they had two at most."""
        if isinstance(data, dict) and "step" not in data and data.get("status") not in BEGINNINGS:
            filled = data.get("quantity", "0") if data.get("status") == "FILLED" else "0"
            return {"filled_quantity": filled, **data, "step": 2}
        return data

    @property
    def is_set_off(self) -> bool:
        """Whether a stop was reached where not all of it could be sold: the rest is an order at the market."""
        return self.status == "PARTIALLY_FILLED" and self.reason == STOP

    @property
    def key(self) -> str:
        return self.account

    @property
    def event_time_ms(self) -> int:
        return self.updated_at_ms

    @property
    def message_id(self) -> str:
        return f"{self.order_id}:{self.step}"
