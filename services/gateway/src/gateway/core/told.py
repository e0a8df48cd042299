"""What the venue tells by itself: executions are facts, and so is an end once all of its executions are known.

Everything else it says is a hint to ask. What it does not say is found by asking.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from contracts.order_report import OrderReport
from exchanges.private.execution import VenueExecution
from exchanges.private.order import VENUE_ENDS, OrderChange
from gateway.core.events import Told
from gateway.core.policy import Policy
from gateway.core.reports import fees_elsewhere, fill, report
from gateway.core.requests import Output
from gateway.core.settle import end_report
from gateway.core.state import State
from gateway.core.tracked import Tracked


def told(state: State, event: Told, policy: Policy) -> tuple[State, list[Output]]:
    """Return the state after news, and the reports of what is new in them."""
    names = _Names(state.orders.values())
    changed: dict[str, Tracked] = {}
    outputs: list[Output] = []
    asks = event.missed
    every: list[VenueExecution | OrderChange] = [*event.executions, *event.changes]
    for news in every:
        order_id = names.of(news)
        before = changed.get(order_id or "") or state.orders.get(order_id or "")
        if before is None or before.phase in ("WAITING", "SENT"):
            asks = True  # none of ours, forgotten, or not answered yet
            continue
        after, reports = (_executed if isinstance(news, VenueExecution) else _became)(before, news, event, policy)
        after, ends = _ended(after, event)
        asks = asks or _is_there_after_all(before, news)
        changed[before.order.order_id] = after
        outputs += [*reports, *ends]
        if isinstance(news, VenueExecution):
            outputs += fees_elsewhere([news], after.executions - before.executions)
    state = state.with_orders(changed.values()) if changed else state
    return (state.soon(event.now_ms, policy.ask_ms) if asks else state), outputs


class _Names:
    """Orders by what the venue and we call them."""

    def __init__(self, orders: Iterable[Tracked]) -> None:
        self._ours: dict[str, str] = {}
        self._theirs: dict[str, str] = {}
        for each in orders:
            self._ours[each.client_id] = each.order.order_id
            if each.venue_order_id is not None:
                self._theirs[each.venue_order_id] = each.order.order_id

    def of(self, news: VenueExecution | OrderChange) -> str | None:
        """Return our id of the order that news are of."""
        found = self._theirs.get(news.venue_order_id)
        return found if found is not None else self._ours.get(news.client_order_id or "")


def _executed(
    tracked: Tracked, news: VenueExecution | OrderChange, event: Told, policy: Policy
) -> tuple[Tracked, list[OrderReport]]:
    """Book an execution, once."""
    assert isinstance(news, VenueExecution)
    if news.execution_id in tracked.executions:
        return tracked, []
    tracked, reports = _there(tracked, news, news.at_ms)
    done = replace(
        tracked, executions=tracked.executions | {news.execution_id}, filled=tracked.filled + news.quantity
    )
    return done, [*reports, fill(done.order, news)]


def _became(
    tracked: Tracked, news: VenueExecution | OrderChange, event: Told, policy: Policy
) -> tuple[Tracked, list[OrderReport]]:
    """Note what the venue has of an order; without how much was executed an end cannot be held against it."""
    assert isinstance(news, OrderChange)
    if tracked.phase == "ENDED":
        return tracked, []
    tracked, reports = _there(tracked, news, news.at_ms)
    if news.status in VENUE_ENDS and news.filled is not None:
        tracked = replace(tracked, told_end=news)
    behind = news.status in VENUE_ENDS or (news.filled is not None and tracked.filled < news.filled)
    due_ms = event.now_ms + policy.grace_ms
    if behind and (tracked.ask_ms is None or tracked.ask_ms > due_ms):
        tracked = replace(tracked, ask_ms=due_ms)
    return tracked, reports


def _there(tracked: Tracked, news: VenueExecution | OrderChange, at_ms: int) -> tuple[Tracked, list[OrderReport]]:
    """Note that the venue has an order."""
    if tracked.phase == "ENDED" or (tracked.accepted and tracked.phase == "OPEN"):
        return tracked, []
    found = replace(tracked, phase="OPEN", accepted=True, venue_order_id=news.venue_order_id)
    return found, [report(found.order, "ACCEPTED", at_ms, venue_order_id=news.venue_order_id)]


def _ended(tracked: Tracked, event: Told) -> tuple[Tracked, list[OrderReport]]:
    """End an order of which everything is known: all of it was executed, or its end and what was until then."""
    if tracked.phase != "OPEN":
        return tracked, []
    whole, end = tracked.filled >= Decimal(tracked.order.quantity), tracked.told_end
    if not whole and (end is None or tracked.filled < (end.filled or 0)):
        return tracked, []
    over = replace(tracked, phase="ENDED", ended_ms=tracked.ended_ms or event.now_ms, ask_ms=None)
    return over, [] if whole or end is None else [end_report(tracked, end, event.now_ms)]


def _is_there_after_all(tracked: Tracked, news: VenueExecution | OrderChange) -> bool:
    """Return whether the venue speaks of an order that was given up, as it was not there."""
    return tracked.phase == "ENDED" and not tracked.accepted
