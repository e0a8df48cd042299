"""An account at a venue that answers in its own time: what is held is protected, and sold by one order at a time."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.execution.operator_words import command
from tests.execution.signal_stream import account, minute_ms, of, signal

from contracts.fill import Fill
from contracts.message import Message
from contracts.order import ENDS, Order
from contracts.order_report import Execution, OrderReport
from contracts.position import Position
from contracts.state import MemoryState
from contracts.units import decimal_string
from exchanges.venue_broker import VenueBroker
from execution.core.execute import step
from execution.core.policy import Policy
from execution.settings import ExecutionSettings

WHO = account(broker="venue", cooldown_bars=0)
BROKER = VenueBroker(slippage_bps=Decimal(0), fee_bps=Decimal(0))


class Told:
    """An account at a venue that says what a test wants it to say."""

    def __init__(self) -> None:
        self.state = MemoryState()
        self.orders: dict[str, Order] = {}

    def __call__(self, *events: Any) -> list[Message]:
        messages = []
        for event in events:
            self.state = MemoryState(json.loads(json.dumps(self.state.entries)))  # a restart before each
            messages += step(self.state, event, WHO, BROKER, Policy())
        self.orders |= {order.order_id: order for order in of(Order, messages)}
        return messages

    def says(self, order: Order, kind: Any, **fields: Any) -> list[Message]:
        return self(
            OrderReport(
                account="paper",
                exchange=order.exchange,
                pair=order.pair,
                order_id=order.order_id,
                kind=kind,
                reported_at_ms=minute_ms(1),
                **fields,
            )
        )

    def fills(self, order: Order, quantity: Any, price: Any = 100) -> list[Message]:
        number = f"T{order.order_id}:{order.step}"
        amounts = decimal_string(Decimal(str(quantity))), decimal_string(Decimal(str(price)))
        execution = Execution(execution_id=number, quantity=amounts[0], price=amounts[1], fee="0")
        return self.says(order, "FILL", execution=execution)

    @property
    def open(self) -> list[tuple[str, str, str | None]]:
        """Purpose, quantity and the wish to cancel of what is in flight."""
        return [(o.purpose, o.quantity, o.cancel_reason) for o in self.orders.values() if o.status not in ENDS]

    def one(self, purpose: str) -> Order:
        (found,) = (o for o in self.orders.values() if o.purpose == purpose and o.status not in ENDS)
        return found


def held() -> Told:
    """Return an account that holds 20 at 100, with a stop on it."""
    told = Told()
    told(signal(0, "buy", stop_pct=2.0))
    told.fills(told.one("decision"), 20)
    return told


def test_nothing_is_filled_before_the_venue_says_so() -> None:
    told = Told()
    assert not of(Fill, told(signal(0, "buy"), signal(1), signal(2)))
    assert told.open == [("decision", "20", None)]


def test_what_is_bought_is_protected_at_once_and_again_after_each_part() -> None:
    told = Told()
    told(signal(0, "buy", stop_pct=2.0))
    told.fills(told.one("decision"), 5)
    assert told.open == [("decision", "20", None), ("protect", "5", None)]
    first = told.one("protect")
    assert (first.stop_price, first.instruction) == ("98", "reduce_only")
    told.fills(told.one("decision"), 15)
    assert told.open == [("protect", "5", "resized")]
    told.says(first, "CANCELLED")
    assert told.open == [("protect", "20", None)]


@pytest.mark.parametrize("event", [command("flatten"), signal(1, "sell"), signal(1, close=40)])
def test_what_rests_goes_before_the_position_is_sold(event: Any) -> None:
    """The venue has set aside what an order rests on: a second sale would be refused, or sell twice."""
    told = held()
    told(event)
    assert [(purpose, bool(wish)) for purpose, _, wish in told.open] == [("protect", True)]
    told.says(told.one("protect"), "CANCELLED")
    ((purpose, quantity, wish),) = told.open
    assert (purpose in ("flatten", "decision"), quantity, wish) == (True, "20", None)
    (position,) = of(Position, told.fills(told.one(purpose), 20, 90))
    assert (position.action, told.open) == ("CLOSED", [])


def test_a_stop_that_fills_while_it_is_to_go_is_the_sale() -> None:
    told = held()
    told(command("flatten"))
    told.fills(told.one("protect"), 20, 98)
    assert told.open == []
    told(signal(1), signal(2))
    assert told.open == []


def test_after_a_flatten_what_comes_in_late_is_sold_at_once() -> None:
    told = Told()
    told(signal(0, "buy", stop_pct=2.0), command("flatten"))
    buy = told.one("decision")
    assert told.open == [("decision", "20", "OPERATOR_FLATTEN")]
    told.fills(buy, 5)
    told(signal(1))
    told.says(buy, "CANCELLED")
    if told.open[0][0] == "protect":
        told.says(told.one("protect"), "CANCELLED")
    assert told.open == [("flatten", "5", None)]


def test_a_sale_that_the_venue_refuses_is_tried_again_with_the_next_candle_under_another_id() -> None:
    told = held()
    told(command("flatten"))
    told.says(told.one("protect"), "CANCELLED")
    first = told.one("flatten")
    told.says(first, "REJECTED", reason="busy")
    assert told.open == [("protect", "20", None)], "not at once: it would be refused as fast as it is asked"
    told(command("flatten", 2))
    for purpose in [purpose for purpose, _, _ in told.open if purpose == "protect"]:
        told.says(told.one(purpose), "CANCELLED")
    again = told.one("flatten")
    assert again.order_id != first.order_id
    assert again.signal_id == first.signal_id


def test_a_stop_that_the_venue_refuses_is_tried_again_with_the_next_candle_under_another_id() -> None:
    """Else the two would go on for as long as the venue refuses, as fast as they can."""
    told = held()
    first = told.one("protect")
    told.says(first, "REJECTED", reason="-1013 Filter failure: LOT_SIZE")
    assert told.open == []
    told(signal(1))
    assert told.open == [("protect", "20", None)]
    again = told.one("protect")
    assert (again.stop_price, again.signal_id) == (first.stop_price, first.signal_id)
    assert again.order_id != first.order_id


def test_a_halt_gives_up_a_sale_and_what_is_held_is_protected_again() -> None:
    told = held()
    told(signal(1, "sell"))
    told.says(told.one("protect"), "CANCELLED")
    told(command("halt"))
    sale = told.one("decision")
    assert sale.cancel_reason == "OPERATOR_HALT"
    told.says(sale, "CANCELLED")
    assert told.open == [("protect", "20", None)]
    told(signal(2, close=40), signal(3))
    assert told.open == [("protect", "20", None)], "also while a limit is broken"
    told(command("resume", 2))
    assert [wish for _, _, wish in told.open] == ["gives_way_to_flatten"]


def test_a_halt_stops_a_sale_that_still_waited_for_what_rests() -> None:
    told = held()
    told(signal(1, "sell"), command("halt"))
    told.says(told.one("protect"), "CANCELLED")
    assert told.open == [("protect", "20", None)]


def test_an_entry_whose_time_is_over_is_no_longer_wanted() -> None:
    told = Told()
    told(signal(0, "buy", expiry_seconds=120))
    told(signal(1))
    assert told.open == [("decision", "20", None)]
    told(signal(2))
    assert told.open == [("decision", "20", "overdue")]


def test_the_broker_is_the_accounts() -> None:
    chosen = ExecutionSettings(accounts=(WHO, account("ETH/USD").model_copy(update={"name": "other"})))
    assert [chosen.broker_of(each).answers_later for each in chosen.configured_accounts] == [True, False]


def bracketed() -> Told:
    """Return an account that holds 20 at 100, on which a stop at 98 rests that has a target at 103."""
    told = Told()
    told(signal(0, "buy", stop_pct=2.0, target_pct=3.0))
    told.fills(told.one("decision"), 20)
    told.says(told.one("protect"), "ACCEPTED")
    return told


def test_a_target_is_taken_in_place_of_the_stop_and_at_its_price_or_not_at_all() -> None:
    told = bracketed()
    told(signal(1, close=102.99))
    assert told.open == [("protect", "20", None)]
    told(signal(2, close=103))
    assert told.open == [("protect", "20", "gives_way_to_target")], "the venue sells nothing that the stop may sell"
    told.says(told.one("protect"), "CANCELLED")
    taken = told.one("target")
    assert (taken.order_type, taken.limit_price, taken.time_in_force, taken.quantity) == ("limit", "103", "IOC", "20")
    assert taken.instruction == "reduce_only" and told.open == [("target", "20", None)]
    (position,) = of(Position, told.fills(taken, 20, 103))
    assert (position.action, told.open) == ("CLOSED", [])


def test_after_a_target_that_was_missed_or_taken_in_part_the_stop_rests_again() -> None:
    told = bracketed()
    told(signal(1, close=104))
    told.says(told.one("protect"), "CANCELLED")
    taken = told.one("target")
    told.fills(taken, 5, 103)
    told.says(taken, "EXPIRED")
    assert told.open == [("protect", "15", None)]
    again = told.one("protect")
    assert (again.stop_price, again.limit_price) == ("98", "103")
    told(signal(2, close=104))
    assert told.open == [("protect", "15", None)], "not before the venue has it"
    told.says(again, "ACCEPTED")
    told(signal(3, close=104))
    told.says(again, "CANCELLED")
    assert told.open == [("target", "15", None)] and told.one("target").order_id != taken.order_id


def test_a_stop_that_fills_while_the_target_is_to_be_taken_is_the_sale() -> None:
    told = bracketed()
    told(signal(1, close=104))
    told.fills(told.one("protect"), 20, 98)
    assert told.open == []
    told(signal(2, close=104), signal(3, close=104))
    assert told.open == []


def test_nothing_is_taken_of_a_bar_that_only_touched_the_target_or_while_halted() -> None:
    told = bracketed()
    told(signal(1, high=110, close=102), signal(2, close=104, trades=0))
    assert told.open == [("protect", "20", None)]
    told(command("halt"), signal(3, close=104))
    assert told.open == [("protect", "20", None)]
    told(command("resume", 2), signal(4, close=104), command("halt", 3))
    told.says(told.one("protect"), "CANCELLED")
    assert told.open == [("protect", "20", None)], "a halt sells nothing, and leaves nothing bare"


def test_nothing_is_taken_while_more_is_being_bought() -> None:
    told = Told()
    told(signal(0, "buy", stop_pct=2.0, target_pct=3.0))
    told.fills(told.one("decision"), 5)
    told.says(told.one("protect"), "ACCEPTED")
    told(signal(1, close=104))
    assert told.open == [("decision", "20", None), ("protect", "5", None)]


def test_a_sale_that_a_limit_wants_comes_before_a_target() -> None:
    told = bracketed()
    told(signal(1, close=104), command("flatten"))
    told.says(told.one("protect"), "CANCELLED")
    assert [purpose for purpose, _, _ in told.open] == ["flatten"]
