"""What somebody wants ordered, before size steps, minima and risk rules have spoken."""

from __future__ import annotations

from decimal import Decimal

from contracts.order import Instruction, OrderSide, OrderType, Purpose, TimeInForce
from contracts.values import dataclass
from execution.core.orders.exit_plan import ExitPlan


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
    order_type, limit_price, collar_price, time_in_force, instruction
        As `contracts.order.Order` has them.
    plan
        When the position that it opens ends.
    size_bound
        What its quantity was bound by.
    is_short
        Whether it sells what is not held.
    """

    pair: str
    side: OrderSide
    quantity: Decimal
    purpose: Purpose = "decision"
    reason: str | None = None
    expires_at_ms: int | None = None
    order_type: OrderType = "market"
    limit_price: Decimal | None = None
    collar_price: Decimal | None = None
    time_in_force: TimeInForce = "GTC"
    instruction: Instruction | None = None
    plan: ExitPlan | None = None
    size_bound: str | None = None
    is_short: bool = False

    @property
    def opens(self) -> bool:
        """Whether a position begins with it, so that all rules hold for it."""
        return self.side == "buy" or self.is_short
