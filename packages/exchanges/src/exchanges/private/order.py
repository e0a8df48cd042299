"""An order as the venue has it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from contracts.order import OrderSide

VenueOrderStatus = Literal["pending", "open", "closed", "cancelled", "expired"]
#: What an order does not leave.
VENUE_ENDS: frozenset[VenueOrderStatus] = frozenset({"closed", "cancelled", "expired"})


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """What a venue says of an order.

    Parameters
    ----------
    client_order_id
        What we called it; None for an order without one, such as a person's.
    venue_order_id
        What the venue calls it.
    pair, side
        Of what, and whether it buys.
    status
        ``pending``: taken, not at work yet. ``closed``: wholly executed.
    quantity, filled
        What was ordered and how much of it was executed, base currency.
    reason
        Why it ended, where the venue says so.
    opened_at_ms
        When the venue took it, milliseconds since the epoch.
    """

    client_order_id: str | None
    venue_order_id: str
    pair: str
    side: OrderSide
    status: VenueOrderStatus
    quantity: Decimal
    filled: Decimal
    reason: str | None
    opened_at_ms: int

    @property
    def has_ended(self) -> bool:
        """Say whether nothing more can come of it.

        Returns
        -------
        bool
            False while it is pending or open.
        """
        return self.status in VENUE_ENDS


@dataclass(frozen=True, slots=True)
class OrderName:
    """What an order of ours is asked for by.

    Parameters
    ----------
    pair
        Of what: some venues find an order only where they are told.
    client_order_id
        What we called it.
    """

    pair: str
    client_order_id: str


@dataclass(frozen=True, slots=True)
class OrderChange:
    """News of an order; a stream says only what has changed.

    Parameters
    ----------
    venue_order_id, client_order_id
        Of which order; the second is None where the venue does not repeat it.
    status
        What it has become.
    filled
        How much was executed so far, base currency; None where that has not changed.
    reason
        Why, where the venue says so.
    at_ms
        When, milliseconds since the epoch.
    """

    venue_order_id: str
    client_order_id: str | None
    status: VenueOrderStatus
    filled: Decimal | None
    reason: str | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """Orders that have ended, the newest first, and how many there are in all.

    Parameters
    ----------
    orders
        Those of this page.
    count
        On all pages together.
    """

    orders: tuple[VenueOrder, ...]
    count: int
