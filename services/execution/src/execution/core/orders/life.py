"""An order's life: which step follows from a report."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from contracts.order import ENDS, Order, OrderStatus
from contracts.order_report import OrderReport, ReportKind
from contracts.trusted import changed
from contracts.units import decimal_string

#: What each end is, whatever came before it.
_ENDINGS: Mapping[ReportKind, OrderStatus] = {"CANCELLED": "CANCELLED", "EXPIRED": "EXPIRED", "REJECTED": "REJECTED"}
_FILL: Mapping[ReportKind, OrderStatus] = {"FILL": "PARTIALLY_FILLED"}

#: Status -> report -> the status after it. What is not listed leaves it as it is: reports come twice and late.
#: Two things are left out, as they hold everywhere: what is executed in full is FILLED, whatever was said of it
#: before, and of what is executed in part PLACED and ACCEPTED say nothing new.
NEXT: Mapping[OrderStatus, Mapping[ReportKind, OrderStatus]] = MappingProxyType(
    {
        "PLACED": {"ACCEPTED": "ACCEPTED", **_FILL, **_ENDINGS, "UNRESOLVED": "UNRESOLVED"},
        "ACCEPTED": {**_FILL, **_ENDINGS, "UNRESOLVED": "UNRESOLVED"},
        "PARTIALLY_FILLED": {**_ENDINGS, "UNRESOLVED": "UNRESOLVED"},
        "UNRESOLVED": {"PLACED": "PLACED", "ACCEPTED": "ACCEPTED", **_FILL, **_ENDINGS},
        **{end: {} for end in ENDS},
    }
)


def after(order: Order, report: OrderReport) -> Order:
    """Return `order` after a report of it: its next step, or itself if nothing new became known.

    An execution counts each time: who calls knows which are new. Time does not go back, so that the last step is also
    the latest.
    """
    filled = Decimal(order.filled_quantity)
    if report.execution is not None:
        filled += Decimal(report.execution.quantity)
    status = _status(order, report.kind, filled)
    venue_order_id = order.venue_order_id or report.venue_order_id
    # Of what is filled part by part the first says why: a stop that was reached stays so.
    stays = status in ENDS or status == "PARTIALLY_FILLED"
    filled_quantity = order.filled_quantity if report.execution is None else decimal_string(filled)
    known = (order.status, order.filled_quantity, order.venue_order_id)
    if (status, filled_quantity, venue_order_id) == known:
        return order
    return _step(
        order,
        report.reported_at_ms,
        status=status,
        filled_quantity=filled_quantity,
        venue_order_id=venue_order_id,
        reason=report.reason if status != order.status else order.reason if stays else None,
    )


def unwanted(order: Order, reason: str, at_ms: int) -> Order:
    """Return the step that says that `order` is no longer wanted, and why."""
    return _step(order, at_ms, cancel_reason=reason)


def amended(order: Order, at_ms: int, **changes: str | None) -> Order:
    """Return the step that says that `order` has other terms now, such as a higher stop."""
    return _step(order, at_ms, **changes)


def _step(order: Order, at_ms: int, **changes: str | None) -> Order:
    return changed(order, **changes, step=order.step + 1, updated_at_ms=max(order.updated_at_ms, at_ms))


def _status(order: Order, kind: ReportKind, filled: Decimal) -> OrderStatus:
    if filled >= Decimal(order.quantity):
        return "FILLED"
    status = NEXT[order.status].get(kind, order.status)
    if filled > 0 and status in ("PLACED", "ACCEPTED"):
        return "PARTIALLY_FILLED"
    return status
