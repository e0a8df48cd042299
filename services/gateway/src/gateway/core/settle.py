"""What the venue was found to have, for one order: what is to be reported, and whether it is over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from contracts.order_report import OrderReport
from exchanges.private.execution import VenueExecution
from exchanges.private.order import OrderChange, VenueOrder
from gateway.core.policy import Policy
from gateway.core.reports import fill, report
from gateway.core.tracked import Tracked

#: Why an order that may have been sent is given up: its deadline is over and the venue does not know it.
NOT_AT_VENUE = "not_at_venue"
#: Why an order that rested is cancelled: its time is over.
OVERDUE = "overdue"


def settle(
    tracked: Tracked, found: VenueOrder | None, executions: Iterable[VenueExecution], asked_ms: int, policy: Policy
) -> tuple[Tracked, list[OrderReport]]:
    """Return an order after a survey, and the reports of what is new.

    An end is reported only when all of the order's executions are: what comes later would find it closed.

    Parameters
    ----------
    tracked
        The order.
    found
        The venue's, None if it lists none of its name.
    executions
        Of this order.
    asked_ms
        The venue's time before it was asked.
    policy
        How long an order may be missing.
    """
    if found is None:
        return _missing(tracked, asked_ms, policy)
    order = tracked.order
    reports = []
    if not tracked.accepted or tracked.phase == "UNKNOWN":
        place = found.venue_order_id
        reports.append(report(order, "ACCEPTED", found.opened_at_ms, venue_order_id=place))
    new = {each.execution_id: each for each in executions if each.execution_id not in tracked.executions}
    news = sorted(new.values(), key=lambda each: (each.at_ms, each.execution_id))
    reports += [fill(order, each) for each in news]
    filled = tracked.filled + sum((each.quantity for each in news), Decimal(0))
    # Lists may be behind what the venue has told by itself.
    is_over = found.has_ended or tracked.told_end is not None or filled >= Decimal(order.quantity)
    tracked = replace(
        tracked,
        phase="ENDED" if tracked.phase == "ENDED" and is_over else "OPEN",
        accepted=True,
        venue_order_id=found.venue_order_id,
        executions=tracked.executions | new.keys(),
        filled=filled,
        cancelling=False,
    )
    if filled < found.filled:
        return tracked, reports  # the venue tells of executions later than of what they filled
    if not found.has_ended:
        return replace(tracked, since_ms=max(tracked.since_ms, asked_ms - policy.late_ms)), reports
    if tracked.phase == "OPEN" and filled < Decimal(order.quantity):
        reports.append(end_report(tracked, found, asked_ms))
    return replace(tracked, phase="ENDED", ended_ms=tracked.ended_ms or asked_ms), reports


def _missing(tracked: Tracked, asked_ms: int, policy: Policy) -> tuple[Tracked, list[OrderReport]]:
    tracked = replace(tracked, cancelling=False)
    over = asked_ms > tracked.deadline_ms + policy.settle_ms
    if tracked.phase != "UNKNOWN" or tracked.accepted or not over:
        return tracked, []
    ended = replace(tracked, phase="ENDED", ended_ms=asked_ms)
    return ended, [report(tracked.order, "EXPIRED", asked_ms, reason=NOT_AT_VENUE)]


def end_report(tracked: Tracked, found: VenueOrder | OrderChange, at_ms: int) -> OrderReport:
    """Return how an order has ended, as the venue says and as far as it was wanted."""
    order = tracked.order
    overdue = tracked.cancelled_for == OVERDUE
    if found.status == "expired" or overdue or (found.status == "cancelled" and order.time_in_force == "IOC"):
        return report(order, "EXPIRED", at_ms, reason=found.reason, venue_order_id=found.venue_order_id)
    reason = tracked.cancelled_for or order.cancel_reason or found.reason or f"{found.status} by the venue"
    return report(order, "CANCELLED", at_ms, reason=reason, venue_order_id=found.venue_order_id)


def is_lost(tracked: Tracked, asked_ms: int, policy: Policy) -> bool:
    """Return whether the venue took an order and does not list it any more."""
    return tracked.accepted and tracked.is_pending and asked_ms > tracked.deadline_ms + policy.settle_ms
