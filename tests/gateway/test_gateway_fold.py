"""One rule at a time, by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.gateway.venue_model import POLICY
from tests.gateway.world import START_MS, order

from contracts.order import Order
from contracts.order_report import OrderReport
from exchanges.private.execution import VenueExecution
from exchanges.private.order import VenueOrder
from exchanges.private.refusal import Refusal
from gateway.core.client_ids import client_id
from gateway.core.events import (
    Commanded,
    Event,
    NotAnswered,
    OrderSeen,
    Refused,
    Surveyed,
    SurveyFailed,
    Taken,
    Ticked,
)
from gateway.core.fold import step
from gateway.core.policy import LONGEST_DEADLINE_MS, Policy
from gateway.core.requests import CancelOrder, Notice, Output, SendOrder, SurveyVenue
from gateway.core.state import State

NOW = START_MS + 1_000


def run(*events: Event, state: State | None = None, policy: Policy = POLICY) -> tuple[State, list[Output]]:
    """Return what follows from events, one after another."""
    now, outputs = state or State(), []
    for event in events:
        now, more = step(now, event, policy)
        outputs += more
    return now, outputs


def survey(now_ms: int = NOW, **found: Any) -> Surveyed:
    return Surveyed(
        now_ms, found.pop("orders", ()), found.pop("executions", ()), found.pop("balances", {}), now_ms, **found
    )


def seen(placed: Order, now_ms: int = NOW, *, old: bool = False) -> OrderSeen:
    return OrderSeen(placed, old, now_ms)


def there(number: int, **changes: Any) -> VenueOrder:
    name = f"o-{number:016x}"
    quantity, filled = changes.pop("quantity", Decimal(1)), changes.pop("filled", Decimal(0))
    found = VenueOrder(name, f"V{number}", "BTC/USD", "buy", "open", quantity, filled, None, NOW)
    return replace(found, **changes)


def executed(number: int, name: str = "T1", quantity: str = "1") -> VenueExecution:
    price, fee = Decimal(100), Decimal("0.4")
    return VenueExecution(
        name, f"V{number}", None, "BTC/USD", "buy", Decimal(quantity), price, fee, "quote", "taker", NOW + 5
    )


def said(outputs: list[Output]) -> list[tuple[str, str | None]]:
    return [(each.kind, each.reason) for each in outputs if isinstance(each, OrderReport)]


def sent(outputs: list[Output]) -> list[str]:
    return [each.order.order_id for each in outputs if isinstance(each, SendOrder)]


def test_nothing_is_sent_before_the_venue_was_asked() -> None:
    state, outputs = run(seen(order(1)))
    assert outputs == [SurveyVenue(NOW - POLICY.ask_ms - POLICY.settle_ms)]
    _, outputs = run(survey(), state=state)
    assert outputs == [SendOrder(order(1), client_id(order(1).order_id), NOW + POLICY.deadline_ms)]


def test_one_at_a_time_and_sells_first() -> None:
    state, outputs = run(survey(), seen(order(1)), seen(order(2)), seen(order(3, side="sell")))
    assert sent(outputs) == [order(1).order_id]
    state, outputs = run(Taken(order(1).order_id, "V1", NOW), state=state)
    assert said(outputs) == [("ACCEPTED", None)]
    assert sent(outputs) == [order(3).order_id]


def test_nothing_is_sent_after_no_answer_until_the_venue_was_asked_again() -> None:
    state, _ = run(survey(), seen(order(1)), seen(order(2)))
    state, outputs = run(NotAnswered(order(1).order_id, "timeout", NOW), state=state)
    assert said(outputs) == [("UNRESOLVED", "not_answered")]
    assert not sent(outputs) and any(isinstance(each, SurveyVenue) for each in outputs)
    failed, outputs = run(SurveyFailed("busy", NOW), Ticked(NOW + 1_000), state=state)
    assert not sent(outputs)
    _, outputs = run(survey(), state=failed)
    assert sent(outputs) == [order(2).order_id]


@pytest.mark.parametrize("status", ["PLACED", "ACCEPTED", "UNRESOLVED", "PARTIALLY_FILLED"])
def test_what_was_there_before_the_start_is_only_asked_for(status: str) -> None:
    state, outputs = run(seen(order(1, status=status), old=True), survey(), Ticked(NOW + 1_000))
    assert not sent(outputs)
    state, outputs = run(survey(orders=(there(1),)), state=state)
    assert said(outputs) == [("ACCEPTED", None)]


def test_an_order_is_given_up_once_it_cannot_be_there_any_more() -> None:
    state, _ = run(survey(), seen(order(1)), NotAnswered(order(1).order_id, "timeout", NOW))
    over = NOW + POLICY.deadline_ms + POLICY.settle_ms
    state, outputs = run(survey(over), state=state)
    assert said(outputs) == []
    _, outputs = run(survey(over + 1), state=state)
    assert said(outputs) == [("EXPIRED", "not_at_venue")]


def test_an_order_from_before_may_have_had_the_longest_deadline() -> None:
    state, _ = run(seen(order(1), old=True), survey())
    over = NOW + LONGEST_DEADLINE_MS + POLICY.settle_ms
    state, outputs = run(survey(over), state=state)
    assert said(outputs) == []
    _, outputs = run(survey(over + 1), state=state)
    assert said(outputs) == [("EXPIRED", "not_at_venue")]


def test_what_the_venue_had_taken_is_never_given_up_and_its_pair_does_not_trade() -> None:
    state, _ = run(survey(), seen(order(1)), Taken(order(1).order_id, "V1", NOW))
    later = NOW + 60_000
    state, outputs = run(survey(later), state=state)
    assert said(outputs) == [] and [type(each) for each in outputs] == [Notice]
    state, outputs = run(seen(order(2, later), later), state=state)
    assert said(outputs)[0][0] == "REJECTED" and "does not list" in str(said(outputs)[0][1])
    _, outputs = run(survey(later, orders=(there(1),)), seen(order(3, later), later), state=state)
    assert sent(outputs) == [order(3).order_id]


def test_an_end_waits_for_its_executions() -> None:
    state, _ = run(survey(), seen(order(1)), Taken(order(1).order_id, "V1", NOW))
    closed = there(1, status="cancelled", filled=Decimal("0.5"), reason="User requested")
    state, outputs = run(survey(orders=(closed,)), state=state)
    assert said(outputs) == []
    half = executed(1, quantity="0.5")
    _, outputs = run(survey(NOW + 10, orders=(closed,), executions=(half, half)), state=state)
    assert said(outputs) == [("FILL", None), ("CANCELLED", "User requested")]


def test_a_definite_refusal_settles_an_order_and_another_does_not() -> None:
    state, _ = run(survey(), seen(order(1)))
    name = order(1).order_id
    _, outputs = run(
        Refused(name, Refusal("EOrder:Insufficient funds", True, "insufficient_funds"), NOW), state=state
    )
    assert said(outputs) == [("REJECTED", "EOrder:Insufficient funds")]
    _, outputs = run(Refused(name, Refusal("EService:Busy", False, "unavailable"), NOW), state=state)
    assert said(outputs) == [("UNRESOLVED", "not_answered")]


@pytest.mark.parametrize(
    ("action", "passing"),
    [
        ("halt", {"protect"}),
        ("reduce_only", {"sell", "protect"}),
        ("flatten", {"sell", "protect"}),
        ("resume", {"buy", "sell", "protect"}),
    ],
)
def test_the_last_door(action: Any, passing: set[str]) -> None:
    orders = {
        "buy": order(1),
        "sell": order(2, side="sell"),
        "protect": order(3, side="sell", purpose="protect", order_type="stop", stop_price="90"),
    }
    for name, placed in orders.items():
        _, outputs = run(survey(), Commanded("main", action, NOW), seen(placed))
        assert bool(sent(outputs)) is (name in passing), (action, name)
        assert (said(outputs) == []) is (name in passing)
        _, outputs = run(survey(), Commanded("other", action, NOW), seen(placed))
        assert sent(outputs), "of another account"


def test_a_halt_cancels_entries_that_rest() -> None:
    resting = order(1, order_type="limit", limit_price="90")
    state, _ = run(survey(), seen(resting), Taken(resting.order_id, "V1", NOW))
    _, outputs = run(Commanded("main", "halt", NOW), Ticked(NOW), state=state)
    assert outputs == [CancelOrder(resting, client_id(resting.order_id), "V1")]


def test_a_wish_to_cancel() -> None:
    wish = order(1, step=2, cancel_reason="changed its mind")
    state, outputs = run(seen(order(1)), seen(wish), survey())
    assert said(outputs) == [("CANCELLED", "changed its mind")] and not sent(outputs)
    state, _ = run(survey(), seen(order(1)), Taken(order(1).order_id, "V1", NOW))
    state, outputs = run(seen(wish), state=state)
    assert [type(each) for each in outputs] == [CancelOrder]
    state, outputs = run(survey(orders=(there(1),)), state=state)
    assert [type(each) for each in outputs] == [CancelOrder], "once more, as it is still there"
    _, outputs = run(survey(orders=(there(1, status="cancelled"),)), state=state)
    assert said(outputs) == [("CANCELLED", "changed its mind")]


def test_what_is_over_is_not_sent() -> None:
    _, outputs = run(survey(), seen(order(1, expires_at_ms=NOW)))
    assert said(outputs) == [("EXPIRED", None)]
    late = START_MS + POLICY.oldest_decision_ms + 1
    _, outputs = run(survey(late), seen(order(1), late))
    assert said(outputs) == [("EXPIRED", "decided_too_long_ago")]


def test_an_open_order_whose_time_is_over_is_cancelled_and_has_expired() -> None:
    resting = order(1, order_type="limit", limit_price="90", expires_at_ms=NOW + 50)
    state, _ = run(survey(), seen(resting), Taken(resting.order_id, "V1", NOW))
    state, outputs = run(Ticked(NOW + 50), state=state)
    assert [type(each) for each in outputs] == [CancelOrder]
    _, outputs = run(survey(NOW + 60, orders=(there(1, status="cancelled"),)), state=state)
    assert said(outputs) == [("EXPIRED", None)]


HALF = Decimal("0.5")
FOREIGN = VenueOrder(None, "VX", "ETH/USD", "buy", "open", Decimal(2), Decimal(0), None, NOW)


def test_foreign_orders_stop_everything_or_are_only_said() -> None:
    state, outputs = run(survey(orders=(FOREIGN,)), seen(order(1)))
    assert not sent(outputs) and said(outputs)[0][0] == "REJECTED"
    assert "VX" in str(said(outputs)[0][1])
    _, outputs = run(survey(), seen(order(2)), state=state)
    assert sent(outputs) == [order(2).order_id]
    only_said = replace(POLICY, foreign="report")
    _, outputs = run(survey(orders=(FOREIGN,)), seen(order(1)), policy=only_said)
    assert sent(outputs) and any(isinstance(each, Notice) and "VX" in each.text for each in outputs)


def test_what_an_order_that_is_none_of_ours_may_sell_is_not_ours() -> None:
    """Two are held of three that are there: a stranger's sell of one leaves enough, one of two does not."""
    respected = replace(POLICY, foreign="respect")
    there_are: dict[str, Any] = {"balances": {"BTC": Decimal(3), "ETH": Decimal(3)}, "held": {"BTC/USD": Decimal(2)}}
    theirs = replace(FOREIGN, pair="BTC/USD", side="sell", quantity=Decimal("1.5"), filled=HALF)
    _, outputs = run(survey(orders=(theirs,), **there_are), seen(order(1)), policy=respected)
    assert sent(outputs) and any(isinstance(each, Notice) and "VX" in each.text for each in outputs)
    more = replace(theirs, quantity=Decimal("1.6"))
    _, outputs = run(survey(orders=(more,), **there_are), seen(order(1)), policy=respected)
    ((kind, reason),) = said(outputs)
    assert kind == "REJECTED" and str(reason).endswith(
        "the venue has 3, of which orders that are none of ours may sell 1.1"
    )
    for harmless, policy in ((replace(more, side="buy"), respected), (more, replace(POLICY, foreign="report"))):
        _, outputs = run(survey(orders=(harmless,), **there_are), seen(order(1)), policy=policy)
        assert sent(outputs)


def test_a_pair_of_which_the_venue_has_less_does_not_trade() -> None:
    held = {"BTC/USD": Decimal(2), "ETH/USD": Decimal(3)}
    balances = {"BTC": Decimal("1.9"), "ETH": Decimal(3), "USD": Decimal(100)}
    state, outputs = run(survey(balances=balances, held=held), seen(order(1)))
    assert said(outputs) == [("REJECTED", "not_reconciled: the accounts hold 2 BTC, the venue has 1.9")]
    _, outputs = run(seen(order(2, pair="ETH/USD")), state=state)
    assert sent(outputs)


def test_what_is_over_is_forgotten() -> None:
    state, _ = run(survey(), seen(order(1)), Taken(order(1).order_id, "V1", NOW))
    state, outputs = run(
        survey(orders=(there(1, status="closed", filled=Decimal(1)),), executions=(executed(1),)), state=state
    )
    assert said(outputs) == [("FILL", None)]
    assert state.orders
    state, _ = run(survey(NOW + POLICY.late_ms + 1), state=state)
    assert not state.orders


def test_the_same_names_after_every_restart() -> None:
    assert client_id("o-0011223344556677") == "o-0011223344556677"
    long = "my own order id that is too long for a venue"
    assert client_id(long) == client_id(long) != client_id(f"{long}.")
    assert len(client_id(long)) == 18
