"""A fill of an order that had come to its end: it is booked, and somebody should know."""

from __future__ import annotations

from decimal import Decimal

from contracts.fill import Fill
from contracts.order import ENDS, Order
from execution.core.rules.rule import FillRule, RiskViolation


def check(order: Order, fill: Fill) -> RiskViolation | None:
    """Report a fill whose order was over before it: `value` is how much was filled, `limit` how much was expected."""
    if order.status not in ENDS:
        return None
    message = (
        f"order {order.order_id} was {order.status} before {fill.side} of {fill.quantity} was known; it is booked"
    )
    return RiskViolation("FILL_AFTER_END", "WARNING", Decimal(fill.quantity), Decimal(0), message)


RULE = FillRule(code="FILL_AFTER_END", check=check)
