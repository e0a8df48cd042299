"""Orders, the venue's answers, commands and the clock to requests and reports.

An order is sent at most once by a process, and never by one that did not see it come: what was on the log before may
have been sent, so the venue is asked about it. Nothing is sent while the venue has not been asked about everything
since it last failed to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from contracts.order import ENDS
from contracts.order_report import OrderReport
from gateway.core.advance import advance
from gateway.core.events import (
    CancelAnswered,
    Commanded,
    Event,
    NotAnswered,
    OrderSeen,
    Refused,
    StreamChanged,
    Surveyed,
    SurveyFailed,
    SwitchAnswered,
    Taken,
    Ticked,
    Told,
)
from gateway.core.policy import LONGEST_DEADLINE_MS, Policy
from gateway.core.reports import report
from gateway.core.requests import Output
from gateway.core.state import State
from gateway.core.survey import surveyed
from gateway.core.told import told
from gateway.core.tracked import Tracked

#: What is said of an order that nobody knows the fate of; the words are the same whenever it is said.
NOT_ANSWERED = "not_answered"
Step = tuple[State, list[Output]]


def step(state: State, event: Event, policy: Policy) -> Step:
    """Return the state after `event` and what follows from it; at most one order is to be sent at a time."""
    state, outputs = _HANDLERS[type(event)](state, event, policy)
    state, more = advance(state, event.now_ms, policy)
    return state, [*outputs, *more]


def _order_seen(state: State, event: OrderSeen, policy: Policy) -> Step:
    order = event.order
    known = state.orders.get(order.order_id)
    over = order.status in ENDS
    if known is not None:
        ended = {"phase": "ENDED", "ended_ms": known.ended_ms or event.now_ms} if over else {}
        return state.with_orders([replace(known, order=order, **ended)]), []  # type: ignore[arg-type]
    if over and order.updated_at_ms + policy.late_ms < event.now_ms:
        return state, []
    fresh = not event.old and order.status == "PLACED"
    tracked = Tracked(
        order,
        phase="ENDED" if over else "WAITING" if fresh else "UNKNOWN",
        since_ms=order.decided_at_ms,
        deadline_ms=0 if fresh else event.now_ms + LONGEST_DEADLINE_MS,
        accepted=order.venue_order_id is not None or order.filled_quantity != "0",
        venue_order_id=order.venue_order_id,
        ended_ms=event.now_ms if over else None,
        sent_stop_price=order.stop_price,
    )
    asked = state if fresh else state.soon(event.now_ms, 0)
    said: list[Output] = []
    if not fresh and not over and order.status == "PLACED":
        said = [report(order, "UNRESOLVED", event.now_ms, reason=NOT_ANSWERED)]
    return asked.with_orders([tracked]), said


def _commanded(state: State, event: Commanded, policy: Policy) -> Step:
    return replace(state, commands={**state.commands, event.account: event.action}), []


def _taken(state: State, event: Taken, policy: Policy) -> Step:
    tracked = state.orders.get(event.order_id)
    if tracked is None or tracked.accepted:
        return state, []
    said: OrderReport = report(tracked.order, "ACCEPTED", event.now_ms, venue_order_id=event.venue_order_id)
    there = replace(tracked, phase="OPEN", accepted=True, venue_order_id=event.venue_order_id)
    if not state.is_told:
        return state.with_orders([there]).soon(event.now_ms, policy.ask_ms), [said]
    asked_ms = max(event.now_ms + policy.grace_ms, (state.surveyed_ms or 0) + policy.ask_ms)
    return state.with_orders([there if there.rests else replace(there, ask_ms=asked_ms)]), [said]


def _refused(state: State, event: Refused, policy: Policy) -> Step:
    if not event.refusal.definite:
        return _not_answered(state, NotAnswered(event.order_id, event.refusal.text, event.now_ms), policy)
    tracked = state.orders.get(event.order_id)
    if tracked is None or tracked.phase != "SENT":
        return state, []
    ended = replace(tracked, phase="ENDED", ended_ms=event.now_ms)
    return state.with_orders([ended]), [report(tracked.order, "REJECTED", event.now_ms, reason=event.refusal.text)]


def _not_answered(state: State, event: NotAnswered, policy: Policy) -> Step:
    state = replace(state, trusted=False).soon(event.now_ms, 0)
    tracked = state.orders.get(event.order_id)
    if tracked is None or tracked.phase != "SENT":
        return state, []
    unknown = replace(tracked, phase="UNKNOWN")
    return state.with_orders([unknown]), [report(tracked.order, "UNRESOLVED", event.now_ms, reason=NOT_ANSWERED)]


def _cancel_answered(state: State, event: CancelAnswered, policy: Policy) -> Step:
    tracked = state.orders.get(event.order_id)
    if event.taken and state.is_told and tracked is not None:
        return state.with_orders([replace(tracked, ask_ms=event.now_ms + policy.grace_ms)]), []
    return state.soon(event.now_ms, 0 if event.taken else policy.ask_ms), []


def _survey_failed(state: State, event: SurveyFailed, policy: Policy) -> Step:
    later_ms = event.now_ms + policy.ask_ms
    return replace(state, trusted=False, surveying=False, next_survey_ms=later_ms), []


def _stream_changed(state: State, event: StreamChanged, policy: Policy) -> Step:
    """Ask at once when the stream begins, for what happened before it; it counts once the venue has answered that."""
    if event.opened:
        return replace(state, stream="OPENED").soon(event.now_ms, 0), []
    return replace(state, stream="CLOSED").soon(event.now_ms, policy.ask_ms), []


def _switch_answered(state: State, event: SwitchAnswered, policy: Policy) -> Step:
    """Set it again in time; one that was not answered sooner, as nobody knows whether it was taken."""
    every_ms = policy.switch_every_ms if event.taken else policy.switch_every_ms // 4
    return replace(state, switch_ms=event.now_ms + every_ms), []


def _ticked(state: State, event: Ticked, policy: Policy) -> Step:
    return state, []


_HANDLERS: Mapping[type, Callable[[State, Any, Policy], Step]] = {
    OrderSeen: _order_seen,
    Commanded: _commanded,
    Taken: _taken,
    Refused: _refused,
    NotAnswered: _not_answered,
    CancelAnswered: _cancel_answered,
    Surveyed: surveyed,
    SurveyFailed: _survey_failed,
    StreamChanged: _stream_changed,
    Told: told,
    SwitchAnswered: _switch_answered,
    Ticked: _ticked,
}
