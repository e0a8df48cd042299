"""What is due: orders that wait, cancellations, questions."""

from __future__ import annotations

from dataclasses import replace

from contracts.order_report import OrderReport
from exchanges.private.order import OrderName
from gateway.core.door import refused_at_door
from gateway.core.policy import LONGEST_DEADLINE_MS, Policy
from gateway.core.reports import report
from gateway.core.requests import CancelOrder, Output, SendOrder, SetSwitch, SurveyVenue
from gateway.core.resting import STOP_REACHED, has_to_wait, is_overtaken, why_taken_away
from gateway.core.settle import OVERDUE
from gateway.core.state import EVERYTHING, State
from gateway.core.tracked import Tracked

TOO_OLD = "decided_too_long_ago"
NOT_RECONCILED = "not_reconciled"
#: It had been given up when it was found after all.
GIVEN_UP = "given_up"


def advance(state: State, now_ms: int, policy: Policy) -> tuple[State, list[Output]]:
    """Return the state after all that is due at `now_ms`, and the requests for it."""
    state, outputs = _turned_away(state, now_ms, policy)
    state, cancels = _cancels(state, now_ms)
    state, sent = _send(state, now_ms, policy)
    outputs += [*cancels, *sent]
    if policy.switch_seconds and state.trusted and state.switch_ms is not None and now_ms >= state.switch_ms:
        outputs.append(SetSwitch(policy.switch_seconds))
        state = replace(state, switch_ms=None)
    if not state.surveying and (now_ms >= state.next_survey_ms or _is_overdue(state, now_ms)):
        outputs.append(_survey(state, now_ms, policy))
        state = replace(state, surveying=True)
    return state, outputs


def _turned_away(state: State, now_ms: int, policy: Policy) -> tuple[State, list[Output]]:
    """End the orders that wait and are not to be sent any more."""
    ends = {
        order_id: end
        for order_id, tracked in state.orders.items()
        if tracked.phase == "WAITING" and (end := _end(state, tracked, now_ms, policy)) is not None
    }
    ended = [replace(state.orders[order_id], phase="ENDED", ended_ms=now_ms) for order_id in ends]
    return (state.with_orders(ended) if ended else state), list(ends.values())


def _end(state: State, tracked: Tracked, now_ms: int, policy: Policy) -> OrderReport | None:
    order = tracked.order
    if order.cancel_reason is not None:
        return report(order, "CANCELLED", now_ms, reason=order.cancel_reason)
    if order.expires_at_ms is not None and now_ms >= order.expires_at_ms:
        return report(order, "EXPIRED", now_ms)
    if now_ms - order.decided_at_ms > policy.oldest_decision_ms and order.purpose != "protect":
        return report(order, "EXPIRED", now_ms, reason=TOO_OLD)
    if is_overtaken(state, order):
        return report(order, "REJECTED", now_ms, reason=STOP_REACHED)
    if (reason := refused_at_door(order, state.commands.get(order.account))) is not None:
        return report(order, "REJECTED", now_ms, reason=reason)
    trouble = state.troubles.get(EVERYTHING) or state.troubles.get(order.pair)
    if trouble is not None:
        return report(order, "REJECTED", now_ms, reason=f"{NOT_RECONCILED}: {trouble}")
    return None


def _send(state: State, now_ms: int, policy: Policy) -> tuple[State, list[Output]]:
    """Send what waits, sells first, one at a time: commands are looked at between any two."""
    waiting = [e for e in state.orders.values() if e.phase == "WAITING" and not has_to_wait(state, e.order)]
    busy = any(each.phase == "SENT" for each in state.orders.values())
    if not waiting or busy or not state.trusted:
        return state, []
    first = min(waiting, key=lambda each: (each.order.side == "buy", each.order.decided_at_ms))
    deadline_ms = now_ms + min(policy.deadline_ms, LONGEST_DEADLINE_MS)
    sent = replace(first, phase="SENT", deadline_ms=deadline_ms, sent_stop_price=first.order.stop_price)
    return state.with_orders([sent]), [SendOrder(first.order, first.client_id, deadline_ms)]


def _cancels(state: State, now_ms: int) -> tuple[State, list[Output]]:
    unwanted = [
        replace(each, cancelling=True, cancelled_for=reason)
        for each in state.orders.values()
        if each.phase == "OPEN" and not each.cancelling and (reason := _unwanted(state, each, now_ms)) is not None
    ]
    requests: list[Output] = [CancelOrder(each.order, each.client_id, each.venue_order_id) for each in unwanted]
    return (state.with_orders(unwanted) if unwanted else state), requests


def _unwanted(state: State, tracked: Tracked, now_ms: int) -> str | None:
    """Return why an open order is to go: somebody says so, its time is over, or another sells; None: it stays."""
    order = tracked.order
    if order.cancel_reason is not None:
        return order.cancel_reason
    if order.expires_at_ms is not None and now_ms >= order.expires_at_ms:
        return OVERDUE
    if tracked.ended_ms is not None:
        return GIVEN_UP
    return refused_at_door(order, state.commands.get(order.account)) or why_taken_away(state, tracked)


def _is_overdue(state: State, now_ms: int) -> bool:
    """Return whether the venue has not told of something that it should have."""
    return any(each.ask_ms is not None and now_ms >= each.ask_ms for each in state.orders.values() if each.is_pending)


def _survey(state: State, now_ms: int, policy: Policy) -> SurveyVenue:
    begun = [each for each in state.orders.values() if each.phase != "WAITING"]
    return SurveyVenue(
        min([now_ms - policy.ask_ms, *(each.since_ms for each in begun)]) - policy.settle_ms,
        frozenset(each.order.pair for each in begun),
        tuple(OrderName(each.order.pair, each.client_id) for each in begun if each.is_pending),
    )
