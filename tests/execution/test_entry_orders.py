"""How an account buys: collar, limit, post-only, immediate-or-cancel, latency; worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.execution.signal_stream import FREE, account, minute_ms, of, signal

from contracts.fill import Fill
from contracts.instrument import Instrument
from contracts.order import Order
from exchanges.paper import PaperBroker
from execution.core.execute import run

LIMIT = {"entry_order": "limit", "entry_offset_bps": 100}


def last(messages: list[Any]) -> tuple[str, str | None]:
    order = of(Order, messages)[-1]
    return order.status, order.reason


@pytest.mark.parametrize(("opens", "ends"), [(105, ("FILLED", None)), (105.01, ("REJECTED", "collar"))])
def test_a_buy_is_refused_where_the_price_has_run_away_from_its_decision(opens: float, ends: Any) -> None:
    """Decided at 100 with a collar of 5 %."""
    messages = run([signal(0, "buy"), signal(1, open=opens, close=opens)], account(), FREE)
    assert (of(Order, messages)[0].collar_price, last(messages)) == ("105", ends)


def test_decided_at_100_nothing_is_filled_at_150_unless_the_account_wants_no_collar() -> None:
    jump = [signal(0, "buy"), signal(1, open=150, close=150)]
    assert not of(Fill, run(jump, account(), FREE))
    assert of(Fill, run(jump, account(collar_pct=None), FREE))[0].price == "150"


def test_an_exit_has_no_collar() -> None:
    crash = [signal(0, "buy"), signal(1), signal(2, "sell"), signal(3, open=50, close=50)]
    assert of(Fill, run(crash, account(), FREE))[-1].price == "50"


def test_a_limit_that_rests_is_filled_at_its_price_once_the_market_goes_below_it() -> None:
    """100 bps below 100 is 99: touched in minute 1, gone through in minute 8, long after decisions expire."""
    quiet = [signal(n, open=100, low=99, close=100) for n in range(1, 8)]
    stream = [signal(0, "buy"), *quiet, signal(8, open=100, low=98.5, close=100)]
    messages = run(stream, account(**LIMIT), PaperBroker())
    (fill,) = of(Fill, messages)
    assert (fill.price, fill.filled_at_ms) == ("99", minute_ms(8))
    assert fill.fee_quote == "4.95"  # 20 units at 99, 25 bps
    placed = of(Order, messages)[0]
    assert (placed.order_type, placed.limit_price, placed.expires_at_ms) == ("limit", "99", None)


def test_a_limit_that_arrives_beyond_the_market_takes_at_the_open_and_pays_for_taking() -> None:
    """It opens at 98: bought there, slipped to 98.0196, 20 units at 40 bps."""
    messages = run([signal(0, "buy"), signal(1, open=98, close=98)], account(**LIMIT), PaperBroker())
    (fill,) = of(Fill, messages)
    assert (fill.price, fill.fee_quote) == ("98.0196", "7.841568")


def test_slippage_takes_a_limit_no_further_than_its_limit() -> None:
    messages = run([signal(0, "buy"), signal(1, open=99, close=99)], account(**LIMIT), PaperBroker())
    assert of(Fill, messages)[0].price == "99"


def test_post_only_is_refused_where_it_would_take() -> None:
    who = account(**LIMIT, entry_post_only=True)
    assert last(run([signal(0, "buy"), signal(1, open=98, close=98)], who, FREE)) == ("REJECTED", "post_only")
    assert last(run([signal(0, "buy"), signal(1, open=100, low=98, close=98)], who, FREE)) == ("FILLED", None)


def test_immediate_or_cancel_does_not_wait() -> None:
    who = account(**LIMIT, entry_time_in_force="IOC")
    assert last(run([signal(0, "buy"), signal(1, open=100, low=98, close=98)], who, FREE)) == ("EXPIRED", None)
    assert last(run([signal(0, "buy"), signal(1, open=99, close=98)], who, FREE)) == ("FILLED", None)


def test_the_opposite_decision_ends_a_limit_that_rests() -> None:
    messages = run([signal(0, "buy"), *(signal(n) for n in (1, 2)), signal(3, "sell")], account(**LIMIT), FREE)
    assert last(messages) == ("CANCELLED", "superseded")


def test_post_only_without_a_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="entry_post_only with entry_order limit"):
        account(entry_post_only=True)


@pytest.mark.parametrize(("bars", "price"), [(0, "101"), (1, "102"), (3, "104")])
def test_latency_is_counted_in_bars(bars: int, price: str) -> None:
    broker = PaperBroker(Decimal(0), Decimal(0), latency_bars=bars)
    messages = run([signal(n, "buy" if n == 0 else "none", close=100 + n) for n in range(6)], account(), broker)
    assert of(Fill, messages)[0].price == price


def test_a_pairs_own_fees_are_used_where_its_instrument_has_them() -> None:
    """10 and 4 bps of 20 units: at 100, and at 99."""
    own = Instrument(exchange="kraken", pair="BTC/USD", taker_bps=Decimal(10), maker_bps=Decimal(4))
    broker = PaperBroker(Decimal(0), Decimal(40), {("kraken", "BTC/USD"): own})
    (taken,) = of(Fill, run([signal(0, "buy"), signal(1)], account(), broker))
    (made,) = of(Fill, run([signal(0, "buy"), signal(1, low=98)], account(**LIMIT), broker))
    assert (taken.fee_quote, made.fee_quote) == ("2", "0.792")
