"""What a bar has to trade: at most a tenth of its volume fills an order, worked out by hand on 20 units at 100."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.execution.signal_stream import FREE, account, minute_ms, of, signal

from contracts.errors import BadSettingError
from contracts.fill import Fill
from contracts.instrument import Instrument
from contracts.message import Message
from contracts.order import Order
from contracts.pnl import Pnl
from exchanges.paper import PaperBroker
from execution.core.execute import run

ACCOUNT = account()


def bar(minute: int, volume: Any, decision: str = "none", **fields: Any) -> Any:
    return signal(minute, decision, mark_volume=str(volume), **fields)


def fills(messages: list[Message]) -> list[tuple[str, str, str]]:
    return [(fill.side, fill.quantity, fill.price) for fill in of(Fill, messages)]


def steps(messages: list[Message], side: str = "buy") -> list[tuple[str, str]]:
    return [(order.status, order.filled_quantity) for order in of(Order, messages) if order.side == side]


def test_what_a_bar_cannot_take_waits_for_the_next() -> None:
    """A tenth of 80 is 8, of 50 is 5, of 1,000 is more than the 7 that are left."""
    stream = [signal(0, "buy"), bar(1, 80), bar(2, 50, open=101, close=101), bar(3, 1_000, open=102, close=102)]
    messages = run(stream, ACCOUNT, FREE)
    assert fills(messages) == [("buy", "8", "100"), ("buy", "5", "101"), ("buy", "7", "102")]
    placed, *rest = steps(messages)
    assert placed == ("PLACED", "0")
    assert rest == [("PARTIALLY_FILLED", "8"), ("PARTIALLY_FILLED", "13"), ("FILLED", "20")]
    assert len({fill.fill_id for fill in of(Fill, messages)}) == 3
    # Paid 8 x 100 + 5 x 101 + 7 x 102 = 2,019; worth 20 x 102.
    assert of(Pnl, messages)[-1].equity == "10021"


def test_a_fee_is_of_each_part() -> None:
    """8 at 100.02 cost 800.16 and 40 bps of it, 3.20064; 12 cost 4.80096."""
    messages = run([signal(0, "buy"), bar(1, 80), bar(2, 1_000)], ACCOUNT, PaperBroker())
    assert [fill.fee_quote for fill in of(Fill, messages)] == ["3.20064", "4.80096"]


def test_a_bar_without_volume_fills_nothing() -> None:
    messages = run([signal(0, "buy"), bar(1, 0), bar(2, 200)], ACCOUNT, FREE)
    assert [(fill.filled_at_ms, fill.quantity) for fill in of(Fill, messages)] == [(minute_ms(2), "20")]


def test_what_is_not_filled_in_time_expires() -> None:
    """Two minutes of life: the candles of minutes 1 and 2, a tenth of each."""
    messages = run([signal(0, "buy", expiry_seconds=120), *(bar(n, 30) for n in (1, 2, 3))], ACCOUNT, FREE)
    assert steps(messages)[1:] == [("PARTIALLY_FILLED", "3"), ("PARTIALLY_FILLED", "6"), ("EXPIRED", "6")]
    assert of(Order, messages)[-1].updated_at_ms == minute_ms(3)
    assert of(Pnl, messages)[-1].exposure_quote == "600"


def test_what_an_immediate_order_does_not_get_at_once_expires() -> None:
    who = account(entry_order="limit", entry_offset_bps=0, entry_time_in_force="IOC")
    messages = run([signal(0, "buy"), bar(1, 30), bar(2, 1_000)], who, FREE)
    assert fills(messages) == [("buy", "3", "100")]
    assert steps(messages) == [("PLACED", "0"), ("PARTIALLY_FILLED", "3"), ("EXPIRED", "3")]


def test_parts_are_whole_lots() -> None:
    """A tenth of 57 is 5.7, in lots of 0.5 it is 5.5."""
    halves = Instrument(exchange="kraken", pair="BTC/USD", lot=Decimal("0.5"))
    broker = PaperBroker(Decimal(0), Decimal(0), {("kraken", "BTC/USD"): halves})
    assert fills(run([signal(0, "buy"), bar(1, 57)], ACCOUNT, broker))[0][1] == "5.5"


def test_the_rest_of_a_buy_is_given_up_where_the_price_has_left_its_collar() -> None:
    messages = run([signal(0, "buy"), bar(1, 80), bar(2, 80, open=106, close=106)], ACCOUNT, FREE)
    last = of(Order, messages)[-1]
    assert (last.status, last.reason, last.filled_quantity) == ("CANCELLED", "collar", "8")


def test_the_rest_of_a_stop_is_sold_at_the_market_wherever_that_goes() -> None:
    """Stop at 98, a tenth of 50 of it; then the price is above 98 again, and below."""
    bars = [
        bar(2, 50, open=99, low=97, close=98.5),
        bar(3, 90, open=99, close=99),
        bar(4, 1_000, open=90, close=90, quality="gap"),
        bar(5, 1_000, open=95, close=95),
    ]
    messages = run([signal(0, "buy", stop_pct=2), bar(1, 200), *bars], ACCOUNT, FREE)
    assert fills(messages)[1:] == [("sell", "5", "98"), ("sell", "9", "99"), ("sell", "6", "95")]
    assert {order.reason for order in of(Order, messages) if order.status == "PARTIALLY_FILLED"} == {"stop"}


def test_a_stop_in_the_middle_of_an_entry_ends_the_entry() -> None:
    """8 of 20 are bought and stopped out in the same bar: the other 12 are not bought after it."""
    messages = run([signal(0, "buy", stop_pct=2), bar(1, 80, low=97), bar(2, 1_000), bar(3, 1_000)], ACCOUNT, FREE)
    assert fills(messages) == [("buy", "8", "100"), ("sell", "8", "98")]
    assert steps(messages)[-1] == ("CANCELLED", "8")


def test_what_rests_is_as_large_as_what_has_been_bought_so_far() -> None:
    messages = run([signal(0, "buy", stop_pct=50), bar(1, 80), bar(2, 1_000)], ACCOUNT, FREE)
    resting = [(o.quantity, o.status) for o in of(Order, messages) if o.purpose == "protect" and not o.cancel_reason]
    assert resting == [("8", "PLACED"), ("20", "PLACED")]


def test_stop_and_sale_in_one_bar_never_sell_more_than_is_held() -> None:
    """The sale takes 5, the stop 5 of the rest, and what is left is wanted out by the stop alone."""
    bars = [bar(2, 1_000, "sell"), bar(3, 50, low=97), bar(4, 1_000), bar(5, 1_000)]
    messages = run([signal(0, "buy", stop_pct=2), bar(1, 1_000), *bars], ACCOUNT, FREE)
    assert fills(messages)[1:] == [("sell", "5", "100"), ("sell", "5", "98"), ("sell", "10", "100")]
    assert of(Pnl, messages)[-1].exposure_quote == "0"


def test_an_entry_still_under_way_ends_with_the_time_of_its_position() -> None:
    who = account(entry_order="limit", entry_offset_bps=0)
    stream = [signal(0, "buy", maximum_bars=2), *(bar(n, 10, low=99.5) for n in range(1, 5))]
    messages = run(stream, who, FREE)
    assert [(o.status, o.filled_quantity, o.cancel_reason) for o in of(Order, messages) if o.side == "buy"][-1] == (
        "CANCELLED",
        "2",
        "MAXIMUM_BARS",
    )


@pytest.mark.parametrize("share", [Decimal(0), Decimal(-1), Decimal("100.1")])
def test_a_share_that_makes_no_sense_is_refused(share: Decimal) -> None:
    with pytest.raises(BadSettingError, match="maximum_volume_pct: expected above 0 and at most 100"):
        PaperBroker(maximum_volume_pct=share)


def test_a_greater_share_takes_more() -> None:
    """A quarter of 60."""
    broker = PaperBroker(Decimal(0), Decimal(0), maximum_volume_pct=Decimal(25))
    assert fills(run([signal(0, "buy"), bar(1, 60)], ACCOUNT, broker))[0][1] == "15"


def test_of_signals_from_before_marks_had_a_volume_nothing_is_known_that_binds() -> None:
    assert fills(run([signal(0, "buy"), signal(1)], ACCOUNT, FREE)) == [("buy", "20", "100")]
