"""An order as the gateway knows it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from contracts.order import Order
from exchanges.private.order import OrderChange
from gateway.core.client_ids import client_id

#: WAITING: never sent. SENT: its answer is awaited. UNKNOWN: it may be at the venue or not. OPEN: the venue has it.
Phase = Literal["WAITING", "SENT", "UNKNOWN", "OPEN", "ENDED"]


@dataclass(frozen=True, slots=True)
class Tracked:
    """An order and what is known of it at the venue.

    Parameters
    ----------
    order
        Its last step.
    phase
        Whether it was sent and is there.
    since_ms
        Executions from here on may be unknown.
    deadline_ms
        The venue takes it before then or not at all.
    accepted
        Whether the venue is known to have taken it.
    venue_order_id
        What the venue calls it.
    executions, filled
        The ids of those that were reported since this process began, and their sum in base currency.
    cancelling
        Its cancellation was asked for and the venue has not been asked about it since.
    cancelled_for
        Why it was.
    ended_ms
        Since when it is over.
    sent_stop_price
        Where its stop rests at the venue, which may not be where its last step wants it.
    ask_ms
        When the venue is to be asked about it unless it has told by then; None: with the next comparison.
    told_end
        Its end as the stream told it, before all of its executions were known.
    """

    order: Order
    phase: Phase
    since_ms: int
    deadline_ms: int = 0
    accepted: bool = False
    venue_order_id: str | None = None
    executions: frozenset[str] = frozenset()
    filled: Decimal = Decimal(0)
    cancelling: bool = False
    cancelled_for: str | None = None
    ended_ms: int | None = None
    sent_stop_price: str | None = None
    ask_ms: int | None = None
    told_end: OrderChange | None = None

    @property
    def client_id(self) -> str:
        """What the venue knows it by."""
        return client_id(self.order.order_id)

    @property
    def is_pending(self) -> bool:
        """Whether the venue has to be asked what became of it."""
        return self.phase in ("UNKNOWN", "OPEN")

    @property
    def rests(self) -> bool:
        """Whether it may be open for long, and nothing is wrong."""
        kept = self.order.order_type != "market" and self.order.time_in_force != "IOC"
        return self.phase == "OPEN" and kept and not self.cancelling
