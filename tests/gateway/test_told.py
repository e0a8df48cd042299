"""What the venue tells by itself: facts are booked once, ends come last, and what it does not tell is asked for."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.gateway.test_gateway_fold import NOW, executed, run, said, seen, sent, survey, there
from tests.gateway.test_resting_stops import EXIT, STOP_ORDER
from tests.gateway.venue_model import POLICY
from tests.gateway.world import order

from exchanges.private.order import OrderChange, VenueOrderStatus
from gateway.core.events import CancelAnswered, NotAnswered, StreamChanged, SurveyFailed, Taken, Ticked, Told
from gateway.core.requests import Output, SurveyVenue
from gateway.core.state import State

NAME = order(1).order_id
RESTING = order(1, order_type="limit", limit_price="90")
HALF = Decimal("0.5")


def told(*executions: Any, changes: tuple[OrderChange, ...] = (), missed: bool = False, now_ms: int = NOW) -> Told:
    return Told(executions, changes, missed, now_ms)


def change(number: int = 1, status: VenueOrderStatus = "closed", filled: Decimal | None = None) -> OrderChange:
    return OrderChange(f"V{number}", f"o-{number:016x}", status, filled, "User requested", NOW)


def asked(outputs: list[Output]) -> int:
    return sum(isinstance(each, SurveyVenue) for each in outputs)


def listening(placed: Any = RESTING) -> State:
    """Return the state of a gateway that is told, with an order that the venue has taken."""
    state, _ = run(survey(), StreamChanged(True, NOW), survey(), seen(placed), Taken(placed.order_id, "V1", NOW))
    assert state.is_told
    return state


def test_an_execution_is_booked_once_whoever_tells_of_it_first() -> None:
    half = executed(1, quantity="0.5")
    state, outputs = run(told(half, half), told(half), state=listening())
    assert said(outputs) == [("FILL", None)]
    partly = there(1, filled=HALF)
    state, outputs = run(survey(orders=(partly,), executions=(half,)), told(half), state=state)
    assert said(outputs) == []
    rest = executed(1, "T2", "0.5")
    closed = there(1, status="closed", filled=Decimal(1))
    _, outputs = run(survey(orders=(closed,), executions=(half, rest)), told(rest), state=state)
    assert said(outputs) == [("FILL", None)]


def test_an_end_that_is_told_waits_for_its_executions() -> None:
    state, outputs = run(told(changes=(change(1, "cancelled", HALF),)), state=listening())
    assert said(outputs) == []
    _, outputs = run(told(executed(1, quantity="0.5")), state=state)
    assert said(outputs) == [("FILL", None), ("CANCELLED", "User requested")]


def test_an_end_without_what_was_executed_is_a_hint() -> None:
    state, outputs = run(told(changes=(change(1, "cancelled"),)), state=listening())
    assert said(outputs) == [] and not asked(outputs)
    _, outputs = run(Ticked(NOW + POLICY.grace_ms), state=state)
    assert asked(outputs) == 1


def test_an_execution_that_got_lost_is_asked_for() -> None:
    state, outputs = run(told(changes=(change(1, "open", HALF),)), state=listening())
    assert said(outputs) == [] and not asked(outputs), "it may come yet"
    state, outputs = run(Ticked(NOW + POLICY.grace_ms), state=state)
    assert asked(outputs) == 1
    late = there(1, filled=HALF)
    state, _ = run(survey(NOW + POLICY.grace_ms, orders=(late,)), state=state)
    _, outputs = run(Ticked(NOW + POLICY.grace_ms + POLICY.ask_ms), state=state)
    assert asked(outputs) == 1, "the venue lists it late"


def test_what_rests_is_asked_for_less_often_while_the_venue_tells() -> None:
    state, outputs = run(Ticked(NOW + POLICY.reconcile_ms - 1), state=listening())
    assert not asked(outputs)
    _, outputs = run(Ticked(NOW + POLICY.reconcile_ms), state=state)
    assert asked(outputs) == 1
    state, _ = run(StreamChanged(False, NOW), state=listening())
    _, outputs = run(Ticked(NOW + POLICY.ask_ms), state=state)
    assert asked(outputs) == 1


def test_what_should_be_over_is_asked_for_soon() -> None:
    state, outputs = run(Ticked(NOW + POLICY.ask_ms - 1), state=listening(order(1)))
    assert not asked(outputs)
    _, outputs = run(Ticked(NOW + POLICY.ask_ms), state=state)
    assert asked(outputs) == 1


def test_a_stream_that_begins_is_believed_once_the_venue_was_asked() -> None:
    state, outputs = run(survey(), StreamChanged(True, NOW))
    assert asked(outputs) == 1 and not state.is_told
    failed, _ = run(SurveyFailed("busy", NOW), state=state)
    assert not failed.is_told
    asked_for, _ = run(survey(), state=state)
    assert asked_for.is_told


def test_what_was_missed_or_is_of_an_order_that_nobody_knows_is_asked_for() -> None:
    for news in (told(missed=True), told(executed(9)), told(changes=(change(9, "open"),))):
        _, outputs = run(replace(news, now_ms=NOW + POLICY.ask_ms), state=listening())
        assert asked(outputs) == 1 and said(outputs) == []


def test_an_order_whose_answer_got_lost_is_there_once_it_is_told_of() -> None:
    state, _ = run(survey(), StreamChanged(True, NOW), survey(), seen(order(1)), NotAnswered(NAME, "timeout", NOW))
    _, outputs = run(told(executed(1)), state=state)
    assert said(outputs) == [], "its place is not known yet, and the execution bears no name of ours"
    named = replace(executed(1), client_order_id=NAME)
    _, outputs = run(told(named), state=state)
    assert said(outputs) == [("ACCEPTED", None), ("FILL", None)]


def test_lists_that_are_behind_do_not_bring_back_what_is_over() -> None:
    gone = change(1, "cancelled", HALF)
    state, outputs = run(told(executed(1, quantity="0.5"), changes=(gone,)), state=listening())
    assert said(outputs) == [("FILL", None), ("CANCELLED", "User requested")]
    state, outputs = run(survey(orders=(there(1, filled=HALF),)), Ticked(NOW + 1), state=state)
    assert outputs == [] and state.orders[NAME].phase == "ENDED"
    state, outputs = run(told(changes=(change(1, "open", HALF),)), state=state)
    assert outputs == [] and state.orders[NAME].phase == "ENDED"


def test_a_sell_goes_as_soon_as_the_stop_is_told_to_be_gone() -> None:
    state, outputs = run(seen(EXIT), CancelAnswered(STOP_ORDER.order_id, True, NOW), state=listening(STOP_ORDER))
    assert not sent(outputs) and not asked(outputs)
    _, outputs = run(told(changes=(change(1, "cancelled", Decimal(0)),)), state=state)
    assert said(outputs) == [("CANCELLED", "gives_way")] and sent(outputs) == [EXIT.order_id]
    _, outputs = run(Ticked(NOW + POLICY.grace_ms), state=state)
    assert asked(outputs) == 1, "nothing was told"


def test_a_stop_that_sold_before_it_was_gone_is_heard_in_time() -> None:
    state, _ = run(seen(EXIT), CancelAnswered(STOP_ORDER.order_id, True, NOW), state=listening(STOP_ORDER))
    state, outputs = run(told(changes=(change(1, "cancelled", HALF),)), state=state)
    assert not sent(outputs), "half of it was sold, and the execution is not known yet"
    sold = replace(executed(1, quantity="0.5"), side="sell")
    _, outputs = run(told(sold), state=state)
    assert not sent(outputs) and said(outputs)[-1] == ("REJECTED", "stop_reached")
