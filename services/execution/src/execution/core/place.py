"""A market order, from a signal or to flatten a position."""

from __future__ import annotations

from decimal import Decimal

from contracts.order import Order, OrderSide, OrderStatus
from contracts.units import decimal_string
from execution.core.order_id import Purpose, order_id
from execution.core.portfolio import Mark, OpenOrder


def market_order(
    account: str,
    pair: str,
    mark: Mark,
    side: OrderSide,
    quantity: Decimal,
    at_ms: int,
    *,
    purpose: Purpose = "decision",
    status: OrderStatus = "PLACED",
    reason: str | None = None,
    expires_at_ms: int | None = None,
) -> Order:
    """Return the order that follows from the signal behind `mark`, decided at `at_ms`."""
    return Order(
        account=account,
        order_id=order_id(mark.signal_id, purpose),
        signal_id=mark.signal_id,
        exchange=mark.exchange,
        pair=pair,
        side=side,
        order_type="market",
        quantity=decimal_string(quantity),
        status=status,
        reason=reason,
        expires_at_ms=expires_at_ms,
        decided_at_ms=at_ms,
        updated_at_ms=at_ms,
    )


def in_flight(order: Order, mark: Mark, reserved_quote: Decimal) -> OpenOrder:
    """Return `order` with what execution must remember of it."""
    return OpenOrder(order, reserved_quote, mark.model_name, mark.model_version)
