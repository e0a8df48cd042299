"""Reports of an order."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from contracts.order import Order
from contracts.order_report import Execution, OrderReport, ReportKind
from contracts.units import decimal_string
from exchanges.private.execution import VenueExecution
from gateway.core.requests import Notice


def report(
    order: Order, kind: ReportKind, at_ms: int, *, reason: str | None = None, venue_order_id: str | None = None
) -> OrderReport:
    """Return what became of an order."""
    return OrderReport(
        account=order.account,
        exchange=order.exchange,
        pair=order.pair,
        order_id=order.order_id,
        kind=kind,
        reason=reason,
        venue_order_id=venue_order_id,
        reported_at_ms=at_ms,
    )


def fees_elsewhere(executions: Iterable[VenueExecution], new: Collection[str]) -> list[Notice]:
    """Return what to say of those of the `new` executions whose fees stand in no account's books."""
    return [
        Notice(
            f"the fee of execution {each.execution_id} of {each.pair}, {each.fee_elsewhere}, is in no account's "
            "books: have the venue take fees in the pair's own currencies"
        )
        for each in {each.execution_id: each for each in executions}.values()
        if each.fee_elsewhere is not None and each.execution_id in new
    ]


def fill(order: Order, execution: VenueExecution) -> OrderReport:
    """Return an execution as a report: the same values whenever it is asked for."""
    return OrderReport(
        account=order.account,
        exchange=order.exchange,
        pair=order.pair,
        order_id=order.order_id,
        kind="FILL",
        venue_order_id=execution.venue_order_id,
        execution=Execution(
            execution_id=execution.execution_id,
            quantity=decimal_string(execution.quantity),
            price=decimal_string(execution.price),
            fee=decimal_string(execution.fee),
            fee_in=execution.fee_in,
        ),
        reported_at_ms=execution.at_ms,
    )
