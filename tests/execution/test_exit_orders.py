"""Stops, targets, trailing stops and time exits on bars, with numbers worked out by hand."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.execution.signal_stream import FREE, account, minute_ms, of, signal, told

from contracts.fill import Fill
from contracts.instrument import Instrument
from contracts.message import Message
from contracts.order import Order
from contracts.pnl import Pnl
from contracts.state import MemoryState
from exchanges.paper import PaperBroker
from execution.core.execute import run, step
from execution.core.policy import Policy

#: Buys 20 units at 100.
WHO = account()


def story(*later: Any, exits: dict[str, Any], broker: PaperBroker = FREE, who: Any = WHO) -> list[Message]:
    """Return what follows from an entry at the open of minute 1, at 100, and from the bars after it."""
    return run([signal(0, "buy", **exits), signal(1, open=100, low=99.5, high=100.5, close=100), *later], who, broker)


def sold(messages: list[Message]) -> Any:
    (fill,) = [fill for fill in of(Fill, messages) if fill.side == "sell"]
    return fill


def resting(messages: list[Message]) -> list[Any]:
    return [order for order in of(Order, messages) if order.purpose == "protect"]


def test_a_stop_sells_at_its_price_where_the_bar_falls_through_it() -> None:
    """2 % of 100: 98, at which 20 units lose 40."""
    messages = story(signal(2, open=99, low=97, close=97.5), exits={"stop_pct": 2})
    placed, filled = resting(messages)
    assert (placed.order_type, placed.stop_price, placed.quantity, placed.instruction) == (
        "stop",
        "98",
        "20",
        "reduce_only",
    )
    assert (filled.status, filled.reason) == ("FILLED", "stop")
    assert (sold(messages).price, of(Pnl, messages)[-1].equity) == ("98", "9960")
    assert placed.signal_id == signal(0).message_id


def test_a_stop_that_is_opened_beyond_sells_at_the_open() -> None:
    assert sold(story(signal(2, open=95, low=94, close=96), exits={"stop_pct": 2})).price == "95"


def test_a_stop_slips_and_costs_a_takers_fee() -> None:
    """98 x 0.9998 = 97.9804; 20 units of it cost 40 bps = 7.838432. Bought at 100.02, its stop stands at 98.0196."""
    messages = story(signal(2, open=99, low=98, close=98), exits={"stop_pct": 2}, broker=PaperBroker())
    placed = resting(messages)[0]
    assert placed.stop_price == "98.0196"
    assert sold(messages).price == "97.99999608"
    assert sold(messages).fee_quote == "7.83999969"


def test_a_stop_can_be_reached_in_the_bar_of_the_entry() -> None:
    messages = run([signal(0, "buy", stop_pct=2), signal(1, open=100, low=97, close=101)], WHO, FREE)
    assert (sold(messages).price, sold(messages).filled_at_ms) == ("98", minute_ms(1))


def test_a_stop_comes_before_a_target_in_one_bar() -> None:
    messages = story(signal(2, open=100, low=97, high=104, close=103), exits={"stop_pct": 2, "target_pct": 3})
    assert resting(messages)[0].order_type == "bracket"
    assert (sold(messages).price, resting(messages)[-1].reason) == ("98", "stop")


@pytest.mark.parametrize(("high", "price"), [(103, None), (103.01, "103"), (110, "103")])
def test_a_target_sells_at_its_price_once_the_market_goes_beyond_it(high: float, price: str | None) -> None:
    """3 % of 100: 103. Who is first in the book at 103 nobody knows, so its being touched is not enough."""
    messages = story(signal(2, open=102, high=high, close=102), exits={"target_pct": 3})
    sells = [fill.price for fill in of(Fill, messages) if fill.side == "sell"]
    assert sells == ([] if price is None else [price])


def test_a_target_costs_a_makers_fee_and_does_not_slip() -> None:
    """Bought at 100.02: the target is 103.0206, of which 20 units cost 25 bps = 5.15103."""
    messages = story(signal(2, open=102, high=104, close=102), exits={"target_pct": 3}, broker=PaperBroker())
    assert (sold(messages).price, sold(messages).fee_quote) == ("103.0206", "5.15103")


def test_a_trailing_stop_follows_the_highest_price_of_the_bars_before() -> None:
    """5 % below 110 is 104.5: set by minute 2, reached in minute 4; minute 3 does not take it back down."""
    messages = story(
        signal(2, open=100, low=100, high=110, close=108),
        signal(3, open=108, low=105, high=109, close=106),
        signal(4, open=106, low=104, close=104),
        exits={"trailing_pct": 5},
    )
    assert [order.stop_price for order in resting(messages)] == ["95", "95.475", "104.5", "104.5"]
    assert sold(messages).price == "104.5"


def test_within_a_bar_a_trailing_stop_does_not_know_that_the_high_came_first() -> None:
    """From 100 to 110 and down to 104: the stop was at 95.475 when the bar began, and is 104.5 for the next."""
    messages = story(signal(2, open=100, low=100, high=110, close=104), exits={"trailing_pct": 5})
    assert [fill.side for fill in of(Fill, messages)] == ["buy"]


def test_the_higher_of_stop_and_trailing_stop_counts() -> None:
    messages = story(signal(2, open=100, high=101, close=100), exits={"stop_pct": 1, "trailing_pct": 5})
    assert {order.stop_price for order in resting(messages)} == {"99"}


def test_a_position_whose_time_is_over_is_sold_at_the_next_open() -> None:
    """Bought with minute 1's first trade, three bars to hold: minutes 1, 2, 3, and out at the open of 4."""
    messages = story(*(signal(n) for n in (2, 3)), signal(4, open=101, close=101), exits={"maximum_bars": 3})
    placed, _ = [order for order in of(Order, messages) if order.side == "sell"]
    assert (placed.purpose, placed.reason, placed.decided_at_ms) == ("time_exit", "MAXIMUM_BARS", minute_ms(4))
    assert (sold(messages).price, sold(messages).filled_at_ms) == ("101", minute_ms(4))


def test_what_rests_on_a_position_goes_with_it() -> None:
    messages = story(signal(2, "sell"), signal(3, open=101, low=90, close=95), exits={"stop_pct": 2, "target_pct": 3})
    steps = [(order.purpose, order.status, order.cancel_reason) for order in of(Order, messages)][2:]
    assert steps == [
        ("protect", "PLACED", None),
        ("decision", "PLACED", None),
        ("decision", "FILLED", None),
        ("protect", "PLACED", "position_closed"),
        ("protect", "CANCELLED", "position_closed"),
    ]
    assert sold(messages).price == "101"


def test_a_sell_in_flight_goes_with_a_position_that_its_stop_has_sold() -> None:
    """A gap does not fill at its open, but what was traded in it reached the stop: nothing is left to sell twice."""
    gap = signal(3, open=99, low=96, close=97, quality="gap")
    messages = story(signal(2, "sell"), gap, signal(4, open=97, close=97), exits={"stop_pct": 2})
    assert (sold(messages).price, of(Pnl, messages)[-1].exposure_quote) == ("98", "0")
    last = of(Order, messages)[-1]
    assert (last.purpose, last.status, last.reason) == ("decision", "CANCELLED", "position_closed")


def test_a_gap_without_trades_and_an_empty_candle_reach_nothing() -> None:
    quiet = [
        signal(2, low=90, close=97, trades=0, quality="gap"),
        signal(3, low=90, close=97, trades=0, quality="empty"),
    ]
    assert [fill.side for fill in of(Fill, story(*quiet, exits={"stop_pct": 2}))] == ["buy"]


def test_levels_are_whole_ticks_on_the_cautious_side() -> None:
    """1 % off 100.5 is 99.495: the stop is raised to 99.5, the target of 101.505 to 101.51."""
    coarse = Instrument(exchange="kraken", pair="BTC/USD", tick=Decimal("0.01"), lot=Decimal("0.1"))
    broker = PaperBroker(Decimal(0), Decimal(0), {("kraken", "BTC/USD"): coarse})
    messages = run([signal(0, "buy", stop_pct=1, target_pct=1), signal(1, open=100.5, close=100.5)], WHO, broker)
    (placed,) = resting(messages)
    assert (placed.stop_price, placed.limit_price) == ("99.5", "101.51")


def test_what_watches_over_a_position_survives_json() -> None:
    stream = [
        signal(0, "buy", stop_pct=2, target_pct=9, trailing_pct=4, maximum_bars=9),
        *(signal(n, open=100, high=100 + n, close=100 + n / 2) for n in range(1, 5)),
        signal(5, open=102, low=98, close=99),
        signal(6, close=99),
    ]
    store, messages = MemoryState(), []
    for each in stream:
        messages += step(store, each, WHO, FREE, Policy())
        store = MemoryState(json.loads(json.dumps(store.entries)))
    assert told(messages) == told(run(stream, WHO, FREE))
    assert sold(messages).price == "99.84"


def test_a_pair_that_is_taken_off_has_nothing_resting_on_it() -> None:
    both, one = account("BTC/USD", "ETH/USD"), account("BTC/USD")
    state = MemoryState()
    early = [signal(n, "buy" if n == 0 else "none", pair=p, stop_pct=2) for n in (0, 1) for p in both.pairs]
    for each in early:
        step(state, each, both, FREE, Policy())
    messages = [m for n in (2, 3) for m in step(state, signal(n), one, FREE, Policy())]
    assert [(o.pair, o.status) for o in of(Order, messages)] == [("ETH/USD", "PLACED"), ("ETH/USD", "CANCELLED")]
