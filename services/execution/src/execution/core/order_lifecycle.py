"""The states of an order and how it may pass from one to the next."""

from __future__ import annotations

from types import MappingProxyType

from contracts.errors import TradestreamError
from contracts.order import Order, OrderStatus

#: Where an order may begin: it was sent, or a limit of ours refused it.
BEGINNINGS: frozenset[OrderStatus] = frozenset({"PLACED", "DENIED"})

#: UNRESOLVED is left only by the venue's answer. A state without successors is an end.
TRANSITIONS: MappingProxyType[OrderStatus, frozenset[OrderStatus]] = MappingProxyType(
    {
        "PLACED": frozenset({"PARTIALLY_FILLED", "FILLED", "CANCELLED", "REJECTED", "UNRESOLVED"}),
        "PARTIALLY_FILLED": frozenset({"FILLED", "CANCELLED", "UNRESOLVED"}),
        "UNRESOLVED": frozenset({"PLACED", "PARTIALLY_FILLED", "FILLED", "CANCELLED", "REJECTED"}),
        "FILLED": frozenset(),
        "CANCELLED": frozenset(),
        "REJECTED": frozenset(),
        "DENIED": frozenset(),
    }
)


class OrderTransitionError(TradestreamError):
    """An order was to pass into a state that its present one does not lead to."""


def advance(order: Order, status: OrderStatus, at_ms: int, reason: str | None = None) -> Order:
    """Return `order` in its next state.

    Raises
    ------
    OrderTransitionError
        If the table has no such transition.
    """
    if status not in TRANSITIONS[order.status]:
        after = ", ".join(sorted(TRANSITIONS[order.status])) or "nothing"
        raise OrderTransitionError(f"{order.order_id}: expected {after} after {order.status}, was {status}")
    return order.model_copy(update={"status": status, "updated_at_ms": at_ms, "reason": reason})
