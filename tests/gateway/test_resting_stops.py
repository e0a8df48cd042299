"""A stop that rests: it outlives the gateway, gives way to other sells, and moves by being placed anew."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tests.gateway.test_gateway_fold import NOW, executed, run, said, seen, sent, survey, there
from tests.gateway.world import SELL, START_MS, STOP, order

from contracts.units import MS_PER_MINUTE
from execution.core.orders.life import amended
from gateway.core.client_ids import client_id
from gateway.core.events import CancelAnswered, SurveyFailed, Taken
from gateway.core.requests import CancelOrder, SurveyVenue
from gateway.core.state import State

STOP_ORDER, EXIT = order(1, **STOP), order(2, **SELL)
CANCEL = CancelOrder(STOP_ORDER, client_id(STOP_ORDER.order_id), "V1")


def resting() -> State:
    state, _ = run(survey(), seen(STOP_ORDER), Taken(STOP_ORDER.order_id, "V1", NOW), survey(orders=(stop(),)))
    return state


def stop(status: str = "open", filled: str = "0"):
    return there(1, side="sell", status=status, filled=Decimal(filled))


def test_a_sell_waits_until_the_stop_is_gone() -> None:
    state, outputs = run(seen(EXIT), state=resting())
    assert outputs == [CANCEL]
    state, outputs = run(CancelAnswered(STOP_ORDER.order_id, True, NOW), state=state)
    assert [type(each) for each in outputs] == [SurveyVenue] and not sent(outputs)
    state, outputs = run(survey(orders=(stop(),)), state=state)
    assert outputs == [CANCEL], "still there: once more"
    _, outputs = run(survey(orders=(stop("cancelled"),)), state=state)
    assert said(outputs) == [("CANCELLED", "gives_way")]
    assert sent(outputs) == [EXIT.order_id]


def test_a_sell_is_not_sent_if_the_stop_has_sold_meanwhile() -> None:
    state, _ = run(seen(EXIT), CancelAnswered(STOP_ORDER.order_id, True, NOW), state=resting())
    sold = replace(executed(1), side="sell")
    state, outputs = run(survey(orders=(stop("closed", "1"),), executions=(sold,)), state=state)
    assert said(outputs) == [("FILL", None), ("REJECTED", "stop_reached")]
    assert not sent(outputs)
    later = NOW + 30_000
    _, outputs = run(seen(order(3, later, **SELL), later), state=state)
    assert sent(outputs), "of a position that came after it"


def test_a_stop_stays_while_a_sell_could_not_be_sent() -> None:
    state, _ = run(SurveyFailed("busy", NOW), state=resting())
    _, outputs = run(seen(EXIT), state=state)
    assert CANCEL not in outputs and not sent(outputs)


def test_a_stop_waits_for_a_sell_under_way_and_not_for_a_buy() -> None:
    state, outputs = run(survey(), seen(EXIT), seen(STOP_ORDER))
    assert sent(outputs) == [EXIT.order_id]
    state, outputs = run(Taken(EXIT.order_id, "V2", NOW), state=state)
    assert not sent(outputs)
    _, outputs = run(survey(orders=(there(2, side="sell", status="cancelled"),)), state=state)
    assert sent(outputs) == [STOP_ORDER.order_id]
    _, outputs = run(survey(), seen(order(4)), Taken(order(4).order_id, "V4", NOW), seen(STOP_ORDER))
    assert sent(outputs) == [order(4).order_id, STOP_ORDER.order_id]


def test_a_stop_that_is_raised_goes_so_that_it_can_be_placed_anew() -> None:
    raised = amended(STOP_ORDER, NOW, stop_price="95")
    state, outputs = run(seen(raised), state=resting())
    assert outputs == [replace(CANCEL, order=raised)]
    _, outputs = run(survey(orders=(stop("cancelled"),)), state=state)
    assert said(outputs) == [("CANCELLED", "moved")]


def test_a_stop_outlives_the_gateway() -> None:
    accepted = order(1, status="ACCEPTED", venue_order_id="V1", step=2, **STOP)
    _, outputs = run(seen(accepted, old=True), survey(orders=(stop(),)))
    assert said(outputs) == [("ACCEPTED", None)]
    assert not [each for each in outputs if isinstance(each, CancelOrder)] and not sent(outputs)


def test_a_stop_is_as_old_as_its_bar() -> None:
    later = START_MS + 15 * MS_PER_MINUTE
    _, outputs = run(survey(later), seen(STOP_ORDER, later))
    assert sent(outputs) == [STOP_ORDER.order_id]
