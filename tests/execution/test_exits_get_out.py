"""Nothing that keeps an account from risk keeps it in one: stories with numbers worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.execution.signal_stream import FREE, account, minute_ms, of, signal

from contracts.account import Account
from contracts.fill import Fill
from contracts.message import Message
from contracts.order import Order
from contracts.order_report import OrderReport
from contracts.pnl import Pnl
from contracts.position import Position
from contracts.risk_alert import RiskAlert
from contracts.state import MemoryState
from exchanges.paper import PaperBroker
from execution.core.execute import run, step
from execution.core.policy import Policy

BOLD = account(position_pct=90, max_position_pct=100)
QUIET: dict[str, Any] = {"trades": 0, "quality": "gap"}


class Venue(PaperBroker):
    """A venue that answers in its own time."""

    def reports(self, *_: Any) -> list[OrderReport]:
        return []

    def cancel(self, *_: Any) -> list[OrderReport]:
        return []


def lives(messages: list[Message]) -> list[tuple[str, str, str, str | None]]:
    return [(order.side, order.purpose, order.status, order.reason) for order in of(Order, messages)]


def test_an_exit_right_after_an_entry_is_not_kept_in_by_the_cooldown() -> None:
    """20 units bought at 100 and sold at 97 two minutes later: -60, though five bars of cooldown were wanted."""
    messages = run(
        [signal(0, "buy"), signal(1, "sell", open=100, close=98), signal(2, open=97, close=97)], account(), FREE
    )
    assert lives(messages)[-1] == ("sell", "decision", "FILLED", None)
    assert of(Pnl, messages)[-1].equity == "9940"


@pytest.mark.parametrize(("minute", "status"), [(5, "DENIED"), (6, "PLACED")])
def test_an_entry_waits_until_five_bars_have_ended_since_the_last_fill(minute: int, status: str) -> None:
    """Out at the open of minute 2: minutes 2 to 6 have ended when minute 6 decides, and one less before."""
    stream = [signal(n, {0: "buy", 1: "sell", minute: "buy"}.get(n, "none")) for n in range(minute + 1)]
    order = of(Order, run(stream, account(), FREE))[-1]
    assert (order.status, order.reason) == (status, "COOLDOWN" if status == "DENIED" else None)


def test_a_decision_that_changes_nothing_starts_no_cooldown() -> None:
    """Sells while flat, minute after minute; the buy that follows is placed at once."""
    messages = run([*(signal(n, "sell") for n in range(5)), signal(5, "buy"), signal(6)], account(), FREE)
    assert lives(messages) == [("buy", "decision", "PLACED", None), ("buy", "decision", "FILLED", None)]


def test_an_exit_outlives_an_outage_longer_than_decisions_do() -> None:
    """Sold at 100 by a decision that is good for 300 s; ten minutes without trades, then 80: -20 x 20 = -400."""
    outage = [signal(n, **QUIET) for n in range(3, 13)]
    messages = run(
        [signal(0, "buy"), signal(1), signal(2, "sell"), *outage, signal(13, open=80, close=80)], account(), FREE
    )
    (_, sold) = of(Fill, messages)
    assert (sold.side, sold.price, sold.filled_at_ms) == ("sell", "80", minute_ms(13))
    assert of(Order, messages)[-1].expires_at_ms is None
    assert of(Pnl, messages)[-1].equity == "9600"


def test_an_entry_still_expires_in_an_outage() -> None:
    outage = [signal(n, **QUIET) for n in range(1, 13)]
    messages = run([signal(0, "buy"), *outage, signal(13)], account(), FREE)
    assert [each[2] for each in lives(messages)] == ["PLACED", "EXPIRED"]


def tell(state: MemoryState, *events: Any, who: Account = BOLD, broker: PaperBroker | None = None) -> list[Message]:
    venue = broker or Venue(slippage_bps=Decimal(0), fee_bps=Decimal(0))
    return [message for event in events for message in step(state, event, who, venue, Policy())]


def said(order: Order, kind: Any, at: int) -> OrderReport:
    return OrderReport(
        account=order.account,
        exchange=order.exchange,
        pair=order.pair,
        order_id=order.order_id,
        kind=kind,
        reason="busy",
        reported_at_ms=minute_ms(at),
    )


def test_an_exit_that_a_venue_refuses_comes_again_under_another_id_until_it_is_done() -> None:
    state = MemoryState()
    tell(state, signal(0, "buy"), signal(1), broker=FREE)
    (first,) = of(Order, tell(state, signal(2, "sell")))
    tell(state, said(first, "REJECTED", 3))
    (second,) = of(Order, tell(state, signal(3)))
    assert (second.side, second.purpose, second.quantity) == ("sell", "exit", "90")
    tell(state, said(second, "EXPIRED", 4))
    messages = tell(state, signal(4), signal(5, open=99, close=99), signal(6, close=99), broker=FREE)
    third, filled = of(Order, messages)
    assert (third.purpose, filled.status) == ("exit", "FILLED")
    assert len({first.order_id, second.order_id, third.order_id}) == 3
    assert of(Position, messages)[-1].action == "CLOSED"


def test_an_exit_that_waits_for_a_buy_in_flight_is_not_forgotten() -> None:
    """The venue has not said yet whether the buy is cancelled. It was filled: sold as soon as that is known."""
    state = MemoryState()
    (buy,) = of(Order, tell(state, signal(0, "buy", expiry_seconds=10**6)))
    assert [order.cancel_reason for order in of(Order, tell(state, signal(1, "sell")))] == ["superseded"]
    late = FREE.reports([buy], {"BTC/USD": signal(1)}, minute_ms(2), Decimal(10_000))
    tell(state, *late)
    (sell,) = of(Order, tell(state, signal(2)))
    assert (sell.side, sell.purpose, sell.quantity) == ("sell", "exit", "90")


def test_the_wish_to_leave_ends_when_the_strategy_wants_in_again() -> None:
    quiet = [signal(3, **QUIET), signal(4, "buy", trades=0, quality="empty")]
    messages = run([signal(0, "buy"), signal(1), signal(2, "sell"), *quiet, signal(5), signal(6)], account(), FREE)
    assert lives(messages)[2:] == [
        ("sell", "decision", "PLACED", None),
        ("sell", "decision", "PLACED", None),
        ("sell", "decision", "CANCELLED", "superseded"),
    ]


@pytest.mark.parametrize(("on_breach", "state"), [("day", "ACTIVE"), ("end", "DAILY_LOSS")])
def test_a_breach_in_the_days_last_minute_is_a_matter_of_a_minute_only_for_who_says_so(
    on_breach: str, state: str
) -> None:
    """90 units from 100 to 94: 540 of 500 are lost. Sold in the day's last minute; the next is another day."""
    who = account(position_pct=90, max_position_pct=100, cooldown_bars=0, daily_loss_on_breach=on_breach)
    crash = [signal(1_436, "buy"), signal(1_437), *(signal(n, close=94) for n in (1_438, 1_439, 1_440))]
    messages = run([*crash, signal(1_441, "buy", close=94)], who, FREE)
    states = [books.trading_state for books in of(Pnl, messages)]
    assert states == ["ACTIVE", "ACTIVE", "DAILY_LOSS", "DAILY_LOSS", state, state]
    assert of(Pnl, messages)[-1].equity == "9460"
    assert of(Order, messages)[-1].status == ("PLACED" if on_breach == "day" else "DENIED")


def test_a_pair_that_an_account_closes_is_sold_and_not_bought_again() -> None:
    """Bought at 100, given up while it stands at 101, sold at the next open of 102: 20 units earn 40."""
    state = MemoryState()
    tell(state, signal(0, "buy"), signal(1), who=account(), broker=FREE)
    closing = account(closing_pairs=("BTC/USD",))
    again = [signal(n, "buy", close=102) for n in range(4, 11)]
    out = [signal(2, close=101), signal(3, open=102, close=102)]
    messages = tell(state, *out, *again, who=closing, broker=FREE)
    assert lives(messages)[:2] == [
        ("sell", "flatten", "PLACED", "CLOSING_PAIR"),
        ("sell", "flatten", "FILLED", None),
    ]
    assert {each[2:] for each in lives(messages)[2:]} == {("DENIED", "CLOSING_PAIR")}
    assert of(Pnl, messages)[-1].equity == "10040"


def test_a_pair_that_is_taken_off_while_it_is_held_leaves_no_order_behind_and_is_told_of() -> None:
    """Its flattening order cannot come about, as nobody brings its prices: it is over, and an operator knows."""
    both, one = account("BTC/USD", "ETH/USD", position_pct=45, max_position_pct=50), account("BTC/USD")
    state = MemoryState()
    tell(state, *(signal(0, "buy", pair=pair) for pair in both.pairs), who=both, broker=FREE)
    tell(state, *(signal(1, pair=pair) for pair in both.pairs), who=both, broker=FREE)
    tell(state, signal(2), signal(2, "sell", pair="ETH/USD"), who=both, broker=FREE)
    messages = tell(state, *(signal(n) for n in range(3, 6)), who=one, broker=FREE)
    assert [(o.pair, o.status, o.cancel_reason) for o in of(Order, messages)] == [
        ("ETH/USD", "PLACED", "REMOVED_PAIR"),
        ("ETH/USD", "CANCELLED", "REMOVED_PAIR"),
    ]
    told = [(a.rule, a.severity, a.pair) for a in of(RiskAlert, messages)]
    assert told == [("REMOVED_PAIR", "CRITICAL", "ETH/USD"), ("STALE_DATA", "WARNING", "ETH/USD")]
    back = tell(state, *(signal(n, pair=p) for n in (6, 7) for p in both.pairs), who=both, broker=FREE)
    assert [(o.purpose, o.status) for o in of(Order, back)] == [("exit", "PLACED"), ("exit", "FILLED")]


def test_only_pairs_that_an_account_has_can_be_closed() -> None:
    with pytest.raises(ValueError, match="closing_pairs among its pairs, not ETH/USD"):
        account(closing_pairs=("ETH/USD",))
