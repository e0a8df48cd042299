"""What somebody wants ordered, before size steps, minima and risk rules have spoken."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from contracts.order import OrderSide, Purpose


@dataclass(frozen=True, slots=True)
class Intent:
    """An order as it is wanted.

    Parameters
    ----------
    quantity
        Base currency, before it is rounded down to whole lots.
    purpose
        With the signal's id it gives the order's id.
    reason
        Why it is ordered, where that is not a decision's.
    expires_at_ms
        Until when it may wait, event time; None: until it is done.
    """

    pair: str
    side: OrderSide
    quantity: Decimal
    purpose: Purpose = "decision"
    reason: str | None = None
    expires_at_ms: int | None = None
