"""Generated lives of orders, their reports doubled and in any order, against books kept by hand in Decimal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.execution.signal_stream import FREE, account, minute_ms, of, signal

from contracts.errors import BadInputError
from contracts.fill import Fill
from contracts.instrument import Instrument
from contracts.message import Message
from contracts.order import Order
from contracts.order_report import Execution, OrderReport
from contracts.pnl import Pnl
from contracts.position import Position
from contracts.risk_alert import RiskAlert
from contracts.state import MemoryState
from contracts.units import EXACT, decimal_string
from exchanges.paper import PaperBroker
from execution.core.account.holding import Holding
from execution.core.execute import step
from execution.core.orders.archive import KEPT
from execution.core.policy import Policy

LAWS = settings(derandomize=True, max_examples=150, deadline=None)
#: May place an order of 90 units at 100.
WHO = account(position_pct=90, max_position_pct=100, max_daily_loss_pct=100, max_total_loss_pct=100)


class Venue(PaperBroker):
    """A venue that answers in its own time: what it says of orders comes as events."""

    def reports(self, *_: Any) -> list[OrderReport]:
        return []

    def cancel(self, *_: Any) -> list[OrderReport]:
        return []


VENUE = Venue(slippage_bps=Decimal(0), fee_bps=Decimal(0))


def tell(state: MemoryState, *events: Any) -> list[Message]:
    return [message for event in events for message in step(state, event, WHO, VENUE, Policy())]


def placed(state: MemoryState, minute: int = 0, decision: str = "buy") -> Order:
    (order,) = of(Order, tell(state, signal(minute, decision, expiry_seconds=10**6)))
    assert order.status == "PLACED"
    return order


def report(order: Order, kind: Any, at: int = 1, **fields: Any) -> OrderReport:
    return OrderReport(
        account=order.account,
        exchange=order.exchange,
        pair=order.pair,
        order_id=order.order_id,
        kind=kind,
        reported_at_ms=minute_ms(at),
        **fields,
    )


def fill(
    order: Order, number: int, quantity: Any, price: Any, fee: Any = 0, fee_in: Any = "quote", at: int = 1
) -> OrderReport:
    text = [decimal_string(Decimal(str(value))) for value in (quantity, price, fee)]
    execution = Execution(execution_id=f"T{number}", quantity=text[0], price=text[1], fee=text[2], fee_in=fee_in)
    return report(order, "FILL", at, execution=execution)


@pytest.mark.parametrize(("interval_s", "window"), [(60, 8), (300, 5), (900, 0)])
def test_a_fill_names_the_bar_that_it_came_in_as_long_as_the_accounts_bars_are(interval_s: int, window: int) -> None:
    """Filled eight minutes after midnight."""
    state = MemoryState()
    decided = signal(0, "buy", expiry_seconds=10**6).model_copy(update={"interval_s": interval_s})
    (order,) = of(Order, tell(state, decided))
    (filled,) = of(Fill, tell(state, fill(order, 1, 1, 100, at=8)))
    assert filled.candle_window_start_ms == minute_ms(window)


@dataclass
class Books:
    """What a person would write down: cash and what is held, execution by execution."""

    cash: Decimal = Decimal(10_000)
    held: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)

    def take(self, side: str, execution: Execution) -> None:
        quantity, price, fee = (Decimal(getattr(execution, name)) for name in ("quantity", "price", "fee"))
        signed = quantity if side == "buy" else -quantity
        value = EXACT.multiply(signed, price)
        in_base = execution.fee_in == "base"
        self.cash = EXACT.subtract(self.cash, value if in_base else EXACT.add(value, fee))
        self.held = EXACT.add(self.held, EXACT.subtract(signed, fee) if in_base else signed)
        self.fees = EXACT.add(self.fees, EXACT.multiply(fee, price) if in_base else fee)


amounts = st.decimals("0.00000001", "30", places=8)
prices = st.decimals("0.001", "300", places=7)
fees = st.decimals("0", "0.5", places=9)


@st.composite
def lives(draw: st.DrawFn, order: Order) -> list[OrderReport]:
    """What a venue says of one order, in the order in which it happened there."""
    executions = draw(st.lists(st.tuples(amounts, prices, fees, st.sampled_from(["quote", "base"])), max_size=5))
    said = [fill(order, n, *each, at=n + 1) for n, each in enumerate(executions)]
    opening = draw(st.lists(st.sampled_from(["PLACED", "UNRESOLVED", "ACCEPTED"]), max_size=3))
    end = draw(st.sampled_from([[], ["CANCELLED"], ["EXPIRED"], ["REJECTED"]]))
    begun = [report(order, kind, venue_order_id="V" if kind == "ACCEPTED" else None) for kind in opening]
    return [*begun, *said, *(report(order, kind, 9, reason="why") for kind in end)]


def as_it_came(draw: Any, reports: list[OrderReport]) -> list[OrderReport]:
    """Each at least once, some twice, in any order."""
    again = draw(st.lists(st.sampled_from(reports), max_size=6)) if reports else []
    return list(draw(st.permutations([*reports, *again])))


@LAWS
@given(st.data())
def test_each_execution_is_booked_once_and_the_books_are_exact(data: st.DataObject) -> None:
    """A buy with any life, then a sale with any life; the sale's reports may come before the buy's."""
    state, books = MemoryState(), Books()
    bought = placed(state)
    reports = data.draw(lives(bought))
    messages = tell(state, *as_it_came(data.draw, reports))
    sides = {bought.order_id: "buy"}
    later = tell(state, report(bought, "CANCELLED"), signal(1, "sell", expiry_seconds=10**6))
    messages += [message for message in later if not isinstance(message, Pnl)]
    for order in of(Order, later):
        if order.side == "sell" and order.status == "PLACED":
            sides[order.order_id] = "sell"
            sold = data.draw(lives(order))
            messages += tell(state, *as_it_came(data.draw, [*sold, *reports]))
            reports = [*reports, *sold]
    for each in reports:
        if each.execution is not None:
            books.take(sides[each.order_id], each.execution)

    expected = {(r.order_id, r.execution.execution_id) for r in reports if r.execution is not None}
    fills = of(Fill, messages)
    assert sorted((f.order_id, f.execution_id) for f in fills) == sorted(expected)
    ids = [(message.schema_name, message.message_id) for message in messages]
    assert len(ids) == len(set(ids)), "no two messages of one id"
    assert all(type(message).from_json(message.to_json()) == message for message in messages)
    (end,) = of(Pnl, tell(state, signal(2, close=70)))[-1:]
    assert Decimal(end.fees_quote) == books.fees
    assert Decimal(state.entries["book"]["cash"]) == books.cash
    assert Decimal(end.equity) == EXACT.add(books.cash, EXACT.multiply(books.held, Decimal(70)))
    positions = of(Position, messages)
    assert Decimal(positions[-1].quantity if positions else "0") == books.held
    if positions and positions[-1].action == "CLOSED":
        assert positions[-1].cost_quote == "0"


@LAWS
@given(st.data())
def test_what_an_order_comes_to_does_not_depend_on_the_order_of_its_reports(data: st.DataObject) -> None:
    def told(reports: list[OrderReport]) -> tuple[Any, ...]:
        state = MemoryState()
        placed(state)
        orders = of(Order, tell(state, *reports))
        (books,) = of(Pnl, tell(state, signal(1)))[-1:]
        last = orders[-1] if orders else None
        return last and (last.status, last.filled_quantity, last.venue_order_id), books.equity, books.fees_quote

    # That nobody knew for a while is no fact of the venue's.
    facts = [r for r in data.draw(lives(placed(MemoryState()))) if r.kind not in ("UNRESOLVED", "PLACED")]
    assert told(as_it_came(data.draw, facts)) == told(facts)


@LAWS
@given(st.data())
def test_state_survives_json_between_reports(data: st.DataObject) -> None:
    whole, cut_up = MemoryState(), MemoryState()
    order = placed(whole)
    placed(cut_up)
    for each in as_it_came(data.draw, data.draw(lives(order))):
        cut_up = MemoryState(json.loads(json.dumps(cut_up.entries)))
        assert tell(cut_up, each) == tell(whole, each)


def test_a_second_part_is_booked_and_the_average_is_of_both() -> None:
    """3 at 100 and 1 at 107: 407 for 4. It used to raise."""
    state = MemoryState()
    order = placed(state)
    messages = tell(state, fill(order, 1, 3, 100), fill(order, 2, 1, 107))
    assert [o.status for o in of(Order, messages)] == ["PARTIALLY_FILLED"] * 2
    assert [o.filled_quantity for o in of(Order, messages)] == ["3", "4"]
    first, second = of(Position, messages)
    assert (first.action, first.cost_quote, first.average_price) == ("OPENED", "300", "100")
    assert (second.action, second.cost_quote, second.average_price) == ("MODIFIED", "407", "101.75")


def test_a_part_that_is_sold_says_modified_and_takes_its_share_of_the_cost() -> None:
    """3 for 301; one of them at 110 brings 110 - 301/3, rounded to 20 decimals, and the rest keeps its cost."""
    state = MemoryState()
    bought = placed(state)
    tell(state, fill(bought, 1, 3, "100.33333333333333333333"), report(bought, "CANCELLED"))
    sold = placed(state, 1, "sell")
    part, rest = of(Position, tell(state, fill(sold, 1, 1, 110), fill(sold, 2, 2, 110)))
    assert (part.action, part.quantity) == ("MODIFIED", "2")
    assert (part.cost_quote, part.realised_pnl_quote) == ("200.66666666666666666666", "9.66666666666666666667")
    assert (rest.action, rest.cost_quote, rest.realised_pnl_quote) == ("CLOSED", "0", "29.00000000000000000001")


@pytest.mark.parametrize("kind", ["CANCELLED", "EXPIRED", "REJECTED"])
def test_a_fill_after_the_end_is_booked_once_and_alerts(kind: str) -> None:
    """It used to raise, and the money was not in the books."""
    state = MemoryState()
    order = placed(state)
    tell(state, report(order, kind, reason="why"))
    late = fill(order, 1, 2, 100, fee="0.8")
    messages = tell(state, late, late)
    (told,), (alert,), (booked,) = of(Order, messages), of(RiskAlert, messages), of(Fill, messages)
    assert (told.status, told.filled_quantity, told.reason) == (kind, "2", "why")
    assert (alert.rule, alert.severity, alert.fill_id) == ("FILL_AFTER_END", "WARNING", booked.fill_id)
    assert f"{order.order_id}:T1" == booked.fill_id
    (books,) = of(Pnl, tell(state, signal(1, close=90)))
    assert books.equity == "9979.2", "10,000 - 200 - 0.8 + 2 x 90"


def test_a_fee_in_base_currency_leaves_what_is_held() -> None:
    """1 at 100 for a fee of 0.004: 0.996 are held, 100 are paid, and 0.4 is what the fee was worth."""
    state = MemoryState()
    order = placed(state)
    messages = tell(state, fill(order, 1, 1, 100, "0.004", "base"))
    (booked,), (position,) = of(Fill, messages), of(Position, messages)
    assert (booked.fee_quote, booked.fee_base, booked.realised_pnl_quote) == ("0.4", "0.004", "0")
    assert (position.quantity, position.cost_quote, position.average_price) == ("0.996", "99.6", "100")


def test_what_is_sold_before_it_is_known_to_be_bought_is_owed() -> None:
    """2 at 100, then 3 at 110: 20 are won, and 1 is owed at 110; bought at 90 it wins 20 more."""
    held = Holding().traded(Decimal(2), Decimal(100), Decimal(0)).traded(Decimal(-3), Decimal(110), Decimal(0))
    assert held == Holding(Decimal(-1), Decimal(-110), Decimal(20))
    assert held.average_price == 110
    assert held.traded(Decimal(1), Decimal(90), Decimal(0)) == Holding(realised_quote=Decimal(40))


def test_a_wish_to_cancel_waits_for_the_venue_and_a_fill_may_come_first() -> None:
    state = MemoryState()
    order = placed(state)
    wish, *rest = of(Order, tell(state, signal(1, "sell"), signal(2, "sell")))
    assert (wish.status, wish.cancel_reason, wish.step, rest) == ("PLACED", "superseded", 2, [])
    (filled,) = of(Order, tell(state, fill(order, 1, order.quantity, 100)))
    assert (filled.status, filled.step) == ("FILLED", 3)
    assert not tell(state, report(order, "CANCELLED"))


def test_of_an_order_that_nobody_knows_nothing_is_booked() -> None:
    state = MemoryState()
    order = placed(state)
    before = json.dumps(state.entries)
    with pytest.raises(BadInputError, match=r"order_report\.order_id: expected an order of paper that is known"):
        tell(state, fill(order.model_copy(update={"order_id": "o-stranger"}), 1, 1, 100))
    assert json.dumps(state.entries) == before


def test_reports_are_known_for_as_many_orders_as_are_kept() -> None:
    state = MemoryState()
    ended = []
    for minute in range(KEPT + 1):
        ended.append(placed(state, minute))
        tell(state, report(ended[-1], "CANCELLED"))
    with pytest.raises(BadInputError, match="that is known"):
        tell(state, fill(ended[0], 1, 1, 100))
    assert of(Fill, tell(state, fill(ended[1], 1, 1, 100)))


@pytest.mark.parametrize(("balance", "quantity"), [("0.01", "0.00002"), ("0.00001", "0.00000002"), ("2.4", "0.0048")])
def test_less_than_the_venue_takes_is_denied(balance: str, quantity: str) -> None:
    """0.00000002 BTC used to be filled."""
    poor = account(initial_balance_quote=Decimal(balance))
    (denied,) = of(Order, step(MemoryState(), signal(0, "buy"), poor, FREE, Policy()))
    assert (denied.status, denied.reason, denied.quantity) == ("DENIED", "BELOW_MINIMUM", quantity)


def test_quantities_are_whole_lots_and_no_less_than_the_least() -> None:
    """20 % of 10,000 at 300 are 6.66666666; sold is what can be, and what is less than a lot stays."""
    coarse = Instrument(exchange="kraken", pair="BTC/USD", lot=Decimal("0.4"), minimum_quantity=Decimal(2))
    broker = PaperBroker(Decimal(0), Decimal(0), {("kraken", "BTC/USD"): coarse})
    (bought,) = of(Order, step(MemoryState(), signal(0, "buy", close=300), account(), broker, Policy()))
    assert (bought.status, bought.quantity) == ("PLACED", "6.4")
    (denied,) = of(Order, step(MemoryState(), signal(0, "buy", close=1_100), account(), broker, Policy()))
    assert (denied.status, denied.reason, denied.quantity) == ("DENIED", "BELOW_MINIMUM", "1.6")
    (less,) = of(Order, step(MemoryState(), signal(0, "buy", close=8_000), account(), broker, Policy()))
    assert (less.status, less.quantity) == ("DENIED", "0.25"), "less than a lot: as it was wanted"


def test_what_is_too_little_to_be_sold_is_denied_once_a_day_while_trading_is_stopped() -> None:
    """0.6 for a buy, the least is 0.5; a total loss comes, and what is left is worth 0.48."""
    who = account(initial_balance_quote=Decimal(1), position_pct=60, max_position_pct=100)
    fell = [signal(0, "buy"), signal(1), *(signal(n, close=80) for n in range(2, 5))]
    state = MemoryState()
    orders = of(Order, [message for each in fell for message in step(state, each, who, FREE, Policy())])
    told = [(order.side, order.status, order.reason) for order in orders]
    assert told == [("buy", "PLACED", None), ("buy", "FILLED", None), ("sell", "DENIED", "BELOW_MINIMUM")]
