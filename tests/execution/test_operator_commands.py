"""Halt, reduce-only, flatten, resume: what an operator's word does to an account of paper, worked out by hand."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.execution.operator_words import command
from tests.execution.signal_stream import FREE, account, of, signal

from contracts.fill import Fill
from contracts.message import Message
from contracts.order import Order
from contracts.pnl import Pnl
from contracts.risk_alert import RiskAlert
from contracts.state import MemoryState
from contracts.units import EXACT
from exchanges.paper import PaperBroker
from execution.core.edge import BOOK
from execution.core.execute import run, step
from execution.core.policy import Policy

LAWS = settings(derandomize=True, max_examples=60, deadline=None)
#: Buys at once after a sale.
EAGER: dict[str, Any] = {"cooldown_bars": 0}
DAY = 24 * 60


def tell(*events: Any, who: Any = None, broker: Any = FREE, state: MemoryState | None = None) -> list[Message]:
    kept = MemoryState() if state is None else state
    return [message for event in events for message in step(kept, event, who or account(**EAGER), broker, Policy())]


def steps(messages: list[Message]) -> list[tuple[str, str, str | None]]:
    return [(order.side, order.status, order.cancel_reason or order.reason) for order in of(Order, messages)]


def test_a_halt_cancels_what_is_in_flight_at_once_and_nothing_is_bought_until_the_end_of_it() -> None:
    state = MemoryState()
    tell(signal(0, "buy"), state=state)
    told = tell(command("halt"), state=state)
    assert steps(told) == [("buy", "PLACED", "OPERATOR_HALT"), ("buy", "CANCELLED", "OPERATOR_HALT")]
    (alert,) = of(RiskAlert, told)
    assert (alert.rule, alert.severity) == ("OPERATOR", "CRITICAL")
    assert alert.message == "halt by alice: the feed looks wrong"
    halted = tell(signal(1), signal(2, "buy"), state=state)
    assert steps(halted) == [("buy", "DENIED", "OPERATOR_HALT")]
    assert [books.trading_state for books in of(Pnl, halted)] == ["OPERATOR_HALT"] * 2
    (over,) = tell(command("resume", 2), state=state)
    assert isinstance(over, RiskAlert)
    assert over.severity == "INFO"
    assert steps(tell(signal(3, "buy"), signal(4), state=state))[-1] == ("buy", "FILLED", None)


def test_a_halt_leaves_what_rests_on_a_position_and_the_stop_still_sells() -> None:
    """Bought at 100, the stop is at 98; halted, the low is 97."""
    told = tell(signal(0, "buy", stop_pct=2.0), signal(1), command("halt"), signal(2, low=97, close=99))
    sold = of(Order, told)[-1]
    assert (sold.purpose, sold.status, of(Fill, told)[-1].price) == ("protect", "FILLED", "98")


def test_a_halted_account_sells_nothing_else_and_what_was_wanted_meanwhile_is_done_after_it() -> None:
    state = MemoryState()
    tell(signal(0, "buy"), signal(1), command("halt"), state=state)
    assert not steps(tell(signal(2, "sell"), signal(3, close=40), state=state)), "a broken limit waits, too"
    assert steps(tell(command("resume", 2), state=state)) == [("sell", "PLACED", "TOTAL_LOSS")]
    state = MemoryState()
    tell(signal(0, "buy"), signal(1), command("halt"), signal(2, "sell"), command("resume", 2), state=state)
    assert steps(tell(signal(3), signal(4), state=state)) == [("sell", "PLACED", None), ("sell", "FILLED", None)]


def test_a_sale_that_a_halt_has_cancelled_is_repeated_after_it() -> None:
    state = MemoryState()
    tell(signal(0, "buy"), signal(1), signal(2, "sell"), state=state)
    assert steps(tell(command("halt"), state=state))[-1] == ("sell", "CANCELLED", "OPERATOR_HALT")
    assert not steps(tell(signal(3), state=state))
    assert steps(tell(command("resume", 2), signal(4), signal(5), state=state))[-1] == ("sell", "FILLED", None)


def test_reduce_only_buys_nothing_and_lets_exits_and_limits_go_on() -> None:
    state = MemoryState()
    tell(signal(0, "buy"), signal(1), command("reduce_only"), state=state)
    assert steps(tell(signal(2, "sell"), state=state)) == [("sell", "PLACED", None)]
    assert steps(tell(signal(3), signal(4, "buy"), state=state))[1:] == [("buy", "DENIED", "OPERATOR_REDUCE_ONLY")]
    told = tell(signal(0, "buy"), signal(1), command("reduce_only"), signal(2, close=40), signal(3, close=40))
    assert steps(told)[-2:] == [("sell", "PLACED", "TOTAL_LOSS"), ("sell", "FILLED", None)]
    (alert,) = (alert for alert in of(RiskAlert, told) if alert.rule == "OPERATOR")
    assert alert.severity == "WARNING"


def test_flatten_sells_at_the_next_open_and_stays_flat() -> None:
    """20 % of 10,000 at 100 are 20; sold at 90 they lose 200."""
    state = MemoryState()
    tell(signal(0, "buy"), signal(1), state=state)
    assert steps(tell(command("flatten"), state=state)) == [("sell", "PLACED", "OPERATOR_FLATTEN")]
    told = tell(signal(2, "buy", open=90, close=95), state=state)
    assert steps(told) == [("sell", "FILLED", None), ("buy", "DENIED", "OPERATOR_FLATTEN")]
    (books,) = of(Pnl, told)
    assert (books.balance, books.exposure_quote, books.trading_state) == ("9800", "0", "OPERATOR_FLATTEN")


def test_what_is_said_holds_over_midnight_and_a_restart() -> None:
    state = MemoryState()
    tell(signal(0), command("halt"), state=state)
    stored = MemoryState(json.loads(json.dumps(state.entries)))
    assert steps(tell(signal(DAY, "buy"), state=stored)) == [("buy", "DENIED", "OPERATOR_HALT")]


def test_a_command_is_obeyed_once_and_the_last_one_holds() -> None:
    state = MemoryState()
    tell(signal(0), command("halt"), command("resume", 2), state=state)
    before = json.dumps(state.entries)
    assert tell(command("halt"), command("resume", 2), state=state) == []
    assert json.dumps(state.entries) == before
    assert steps(tell(signal(1, "buy"), state=state)) == [("buy", "PLACED", None)]


def test_the_state_of_an_account_that_no_operator_has_spoken_to_yet_is_read() -> None:
    state = MemoryState()
    tell(signal(0, "buy"), signal(1), state=state)
    book = json.loads(json.dumps(state.entries[BOOK]))
    for name in ("operator_state", "commands", "commanded_ms", "sent", "bar_ms"):
        del book[name]
    state.entries[BOOK] = book
    assert steps(tell(command("flatten"), state=state)) == [("sell", "PLACED", "OPERATOR_FLATTEN")]


def test_a_resume_leaves_the_stop_of_a_limit_unless_that_is_said() -> None:
    """Bought at 100, the low 40 breaks the total loss; sold at 99 nearly all is back, and the limit holds again."""
    broken = [signal(0, "buy"), signal(1), signal(2, low=40), signal(3, open=99, close=99)]
    who = account(**EAGER, position_pct=90, max_position_pct=100)
    state = MemoryState()
    tell(*broken, state=state, who=who)
    tell(command("halt"), command("resume", 2), state=state, who=who)
    assert steps(tell(signal(4, "buy"), state=state, who=who)) == [("buy", "DENIED", "TOTAL_LOSS")]
    tell(command("resume", 3, lifts_limits=True), state=state, who=who)
    assert steps(tell(signal(5, "buy"), state=state, who=who)) == [("buy", "PLACED", None)]
    told = tell(signal(6), signal(7, low=40), state=state, who=who)
    assert [alert.rule for alert in of(RiskAlert, told)] == ["DAILY_LOSS", "DRAWDOWN"], "said anew the same day"


def test_two_commands_of_one_minute_are_two_alerts() -> None:
    """The account's time is that of its candles, which is the same for both."""
    told = tell(signal(0), command("halt"), command("flatten", 2), command("halt", 3))
    alerts = of(RiskAlert, told)
    assert len({alert.message_id for alert in alerts}) == len(alerts) == 3
    assert max(alert.time_ms for alert in alerts) - of(Pnl, told)[0].time_ms == 2


def test_sales_of_one_minute_have_ids_of_their_own() -> None:
    """Sold, halted and sold again before the next candle: the second sale is not the first one again."""
    told = tell(signal(0, "buy"), signal(1), command("flatten"), command("halt", 2), command("flatten", 3))
    sales = [order for order in of(Order, told) if order.side == "sell" and order.step == 1]
    assert len({order.order_id for order in sales}) == len(sales) == 2
    assert {order.signal_id for order in sales} == {sales[0].signal_id}


prices = st.decimals("50", "200", places=2)
SAID = st.sampled_from(["halt", "reduce_only", "flatten", "resume"])


@LAWS
@given(st.data())
def test_after_a_flatten_equity_is_what_it_was_and_what_the_way_out_cost(data: st.DataObject) -> None:
    """Equity when said + sum of quantity x (fill - price then) - fees = equity after it, to the last digit."""
    pairs = data.draw(st.sampled_from([("BTC/USD",), ("BTC/USD", "ETH/USD", "SOL/USD")]))
    costs = st.decimals("0", "300", places=3)
    broker = PaperBroker(slippage_bps=data.draw(costs), fee_bps=data.draw(costs))
    limits = {"max_daily_loss_pct": 100, "max_total_loss_pct": 100}
    who = account(*pairs, **EAGER, **limits)
    bought = data.draw(st.sets(st.sampled_from(pairs), min_size=1))
    seen = {pair: data.draw(prices) for pair in pairs}
    state = MemoryState()
    first = [signal(0, "buy" if pair in bought else "none", pair=pair) for pair in pairs]
    entered = [signal(1, open=data.draw(prices), close=seen[pair], pair=pair) for pair in pairs]
    before = of(Pnl, tell(*first, *entered, who=who, broker=broker, state=state))[-1]
    tell(command("flatten"), who=who, broker=broker, state=state)
    if data.draw(st.booleans()):  # a restart
        state = MemoryState(json.loads(json.dumps(state.entries)))
    last = [signal(2, "buy", open=data.draw(prices), close=data.draw(prices), pair=pair) for pair in pairs]
    after = tell(*last, who=who, broker=broker, state=state)
    expected = Decimal(before.equity)
    for fill in of(Fill, after):
        gained = EXACT.multiply(Decimal(fill.quantity), EXACT.subtract(Decimal(fill.price), seen[fill.pair]))
        expected = EXACT.subtract(EXACT.add(expected, gained), Decimal(fill.fee_quote))
        assert (fill.side, fill.pair in bought) == ("sell", True)
    assert (Decimal(of(Pnl, after)[-1].equity), of(Pnl, after)[-1].exposure_quote) == (expected, "0")
    assert {order.status for order in of(Order, after) if order.side == "buy"} == {"DENIED"}


@LAWS
@given(st.lists(st.one_of(SAID, st.tuples(st.sampled_from(["buy", "sell", "none"]), prices)), max_size=30))
def test_whatever_is_said_an_id_has_one_value_and_nothing_is_bought_against_an_operators_word(events: Any) -> None:
    """Also flatten, resume and flatten again within a minute: each sale has an id of its own."""
    state, messages, allowed, minute = MemoryState(), list[Message](), True, 0
    for number, event in enumerate(events):
        if isinstance(event, str):
            told = tell(command(event, number), state=state)
            allowed = event == "resume"
        else:
            told = tell(signal(minute, event[0], close=event[1], stop_pct=3.0), state=state)
            minute += 1
        buys = {order.status for order in of(Order, told) if order.side == "buy" and not order.cancel_reason}
        assert allowed or buys <= {"DENIED"}
        messages += told
    values: dict[tuple[str, str], Message] = {}
    for message in messages:
        assert values.setdefault((message.schema_name, message.message_id), message) == message


@pytest.mark.parametrize("action", ["halt", "reduce_only", "flatten", "resume"])
def test_an_account_that_has_not_begun_is_told_as_well(action: str) -> None:
    (alert, *rest) = run([command(action)], account(), FREE)
    assert (alert.event_time_ms, rest) == (1_001, [])
