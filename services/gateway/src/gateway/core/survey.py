"""What the venue was found to have, over all orders."""

from __future__ import annotations

from dataclasses import replace

from exchanges.private.execution import VenueExecution
from exchanges.private.order import VenueOrder
from gateway.core.events import Surveyed
from gateway.core.policy import Policy
from gateway.core.reconcile import foreign_orders, foreign_troubles, in_words, missing_balances, set_aside
from gateway.core.reports import fees_elsewhere
from gateway.core.requests import Notice, Output
from gateway.core.settle import is_lost, settle
from gateway.core.state import State
from gateway.core.tracked import Tracked

#: Of everything, and of one pair.
_VERB = {False: "is traded", True: "is not traded"}


def surveyed(state: State, event: Surveyed, policy: Policy) -> tuple[State, list[Output]]:
    """Return the state after a survey, and the reports of what is new in it."""
    found = {order.client_order_id: order for order in event.orders if order.client_order_id is not None}
    kept: dict[str, Tracked] = {}
    outputs: list[Output] = []
    troubles: dict[str, str] = {}
    for order_id, tracked in state.orders.items():
        if tracked.phase in ("WAITING", "SENT"):
            kept[order_id] = tracked
            continue
        there = found.get(tracked.client_id)
        executions = _executions_of(tracked, there, event)
        after, reports = settle(tracked, there, executions, event.asked_ms, policy)
        outputs += [*reports, *fees_elsewhere(executions, after.executions - tracked.executions)]
        if there is None and is_lost(after, event.asked_ms, policy):
            troubles[after.order.pair] = f"the venue took {order_id} and does not list it any more"
        if after.phase != "ENDED" or (after.ended_ms or 0) + policy.late_ms >= event.asked_ms:
            kept[order_id] = _asked_again(after, there, event.now_ms, policy)
    foreign = foreign_orders(event.orders, {each.client_id for each in state.orders.values()})
    moving = {each.order.pair for each in (*state.orders.values(), *kept.values()) if each.phase != "ENDED"}
    aside = set_aside(foreign, policy.foreign)
    troubles |= missing_balances(event.held, event.balances, moving, aside)
    troubles |= foreign_troubles(foreign, policy.foreign)
    outputs += _notices(state, troubles, foreign)
    state = replace(state, stream="CLOSED" if state.stream == "CLOSED" else "HEALTHY")
    pending = any(each.phase == "UNKNOWN" or (each.phase == "OPEN" and not state.is_told) for each in kept.values())
    return replace(
        state,
        orders=kept,
        trusted=True,
        surveying=False,
        surveyed_ms=event.now_ms,
        next_survey_ms=event.now_ms + (policy.ask_ms if pending else policy.reconcile_ms),
        troubles=troubles,
        foreign=frozenset(order.venue_order_id for order in foreign),
    ), outputs


def _asked_again(tracked: Tracked, found: VenueOrder | None, now_ms: int, policy: Policy) -> Tracked:
    """Return an order with when it is asked for again: one that should be over, or is behind."""
    is_behind = found is not None and (found.has_ended or tracked.filled < found.filled)
    due_ms = now_ms + policy.ask_ms if tracked.phase == "OPEN" and (is_behind or not tracked.rests) else None
    return tracked if tracked.ask_ms == due_ms else replace(tracked, ask_ms=due_ms)


def _executions_of(tracked: Tracked, found: VenueOrder | None, event: Surveyed) -> list[VenueExecution]:
    venue_id = tracked.venue_order_id if found is None else found.venue_order_id
    return [each for each in event.executions if each.venue_order_id == venue_id]


def _notices(state: State, troubles: dict[str, str], foreign: list[VenueOrder]) -> list[Notice]:
    told = set(state.troubles.values())
    words = [f"{pair or 'nothing'} {_VERB[bool(pair)]}: {why}" for pair, why in troubles.items() if why not in told]
    over = [f"{pair or 'everything'} is traded again" for pair in state.troubles if pair not in troubles]
    new = [in_words(order) for order in foreign if order.venue_order_id not in state.foreign]
    return [Notice(text) for text in (*words, *over, *(text for text in new if text not in troubles.values()))]
