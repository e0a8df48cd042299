"""Whole stories of an account, the numbers worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.execution.signal_stream import FREE, account, minute_ms, of, signal

from contracts.errors import BadInputError
from contracts.fill import Fill
from contracts.order import Order
from contracts.pnl import Pnl
from contracts.position import Position
from contracts.risk_alert import RiskAlert
from exchanges.paper import PaperBroker
from execution.core.execute import run
from execution.core.policy import Policy

BOLD = account(position_pct=90, max_position_pct=100)


def steps(messages: list[Any]) -> list[tuple[str, str, str | None]]:
    return [(order.side, order.status, order.reason) for order in of(Order, messages)]


def alerts(messages: list[Any]) -> list[tuple[str, str, str, str]]:
    return [(a.rule, a.severity, a.value, a.limit) for a in of(RiskAlert, messages)]


def test_golden_round_trip_with_slippage_and_fees() -> None:
    """Bought 0.04 at 50,010 x 1.0002, sold at 50,190 x 0.9998, 40 bps of fee on each side."""
    messages = run(
        [
            signal(0, "buy", close=50_000),
            signal(1, open=50_010, close=50_100),
            signal(2, "sell", close=50_200),
            signal(3, open=50_190, close=50_150),
        ],
        account(),
        PaperBroker(),
    )
    bought, sold = of(Fill, messages)
    assert (bought.quantity, bought.reference_price, bought.price) == ("0.04", "50010", "50020.002")
    assert (bought.fee_quote, bought.realised_pnl_quote) == ("8.00320032", "0")
    assert (sold.quantity, sold.reference_price, sold.price) == ("0.04", "50190", "50179.962")
    assert (sold.fee_quote, sold.realised_pnl_quote) == ("8.02879392", "6.3984")
    assert (sold.model_name, sold.model_version, sold.candle_window_start_ms) == ("direction", 3, minute_ms(3))
    assert sold.signal_id == signal(2).message_id

    opened, closed = of(Position, messages)
    assert (opened.action, opened.quantity, opened.average_price) == ("OPENED", "0.04", "50020.002")
    assert (closed.action, closed.quantity, closed.average_price) == ("CLOSED", "0", "0")
    assert (closed.realised_pnl_quote, closed.fees_quote) == ("6.3984", "16.03199424")

    held, last = of(Pnl, messages)[1], of(Pnl, messages)[3]
    assert (held.balance, held.unrealised_quote, held.equity) == ("9991.99679968", "3.19992", "9995.19671968")
    assert (held.exposure_quote, held.drawdown_quote, held.daily_loss_quote) == ("2004", "4.80328032", "4.80328032")
    assert (last.balance, last.equity, last.realised_quote) == ("9990.36640576", "9990.36640576", "6.3984")
    assert last.time_ms == minute_ms(4)


def test_messages_come_in_the_order_in_which_things_happened() -> None:
    messages = run([signal(0, "buy"), signal(1)], account(), PaperBroker())
    kinds = [message.schema_name for message in messages]
    assert kinds == ["order", "pnl", "order", "fill", "position", "pnl"]
    placed, filled = of(Order, messages)
    assert placed.order_id == filled.order_id
    assert (placed.status, placed.decided_at_ms, placed.updated_at_ms) == ("PLACED", minute_ms(1), minute_ms(1))
    assert (filled.status, filled.updated_at_ms) == ("FILLED", minute_ms(1))


@pytest.mark.parametrize("decision", ["buy", "sell"])
def test_what_is_already_so_needs_no_order(decision: str) -> None:
    """A buy while holding, a sell while flat."""
    before = [signal(0, "buy"), signal(1)] if decision == "buy" else [signal(0), signal(1)]
    messages = run([*before, signal(2, decision), signal(3)], account(), FREE)
    assert len(of(Order, messages)) == (2 if decision == "buy" else 0)


def test_empty_candles_do_not_fill_and_the_first_trade_does() -> None:
    quiet = [signal(n, trades=0, quality="empty") for n in (1, 2, 3)]
    messages = run([signal(0, "buy"), *quiet, signal(4, open=101, close=102)], account(), FREE)
    (fill,) = of(Fill, messages)
    assert (fill.price, fill.filled_at_ms) == ("101", minute_ms(4))


def test_a_gap_candle_does_not_fill_because_its_open_may_not_be_the_first_trade() -> None:
    gap = signal(1, open=90, quality="gap")
    messages = run([signal(0, "buy"), gap, signal(2, open=101)], account(), FREE)
    (fill,) = of(Fill, messages)
    assert fill.price == "101"


@pytest.mark.parametrize(("trades_again", "expected"), [(5, "FILLED"), (6, "EXPIRED")])
def test_a_decision_expires_in_event_time(trades_again: int, expected: str) -> None:
    """Decided at the end of minute 0, five minutes to live: minute 5 starts in time, minute 6 does not."""
    quiet = [signal(n, trades=0, quality="empty") for n in range(1, trades_again)]
    messages = run([signal(0, "buy"), *quiet, signal(trades_again)], account(), FREE)
    last = of(Order, messages)[-1]
    assert last.status == expected
    if expected == "EXPIRED":
        assert (last.reason, last.updated_at_ms) == (None, signal(0).expires_at_ms)


def test_an_order_expires_over_minutes_that_never_came() -> None:
    messages = run([signal(0, "buy"), signal(30, open=90)], account(), FREE)
    assert steps(messages) == [("buy", "PLACED", None), ("buy", "EXPIRED", None)]


def test_the_opposite_decision_supersedes_an_order_in_flight() -> None:
    messages = run([signal(0, "buy"), signal(1, "sell", trades=0, quality="empty"), signal(2)], account(), FREE)
    assert steps(messages) == [("buy", "PLACED", None), ("buy", "PLACED", None), ("buy", "CANCELLED", "superseded")]
    assert [order.cancel_reason for order in of(Order, messages)] == [None, "superseded", "superseded"]


def test_daily_loss_warns_breaks_off_flattens_denies_and_ends_at_midnight() -> None:
    """90 units at 100. At 95 the loss is 450 of 500; a low of 94.4 is 504; out at 94 it is 540."""
    messages = run(
        [
            signal(0, "buy", close=100),
            signal(1, close=100),
            signal(2, open=99, close=95),
            signal(3, open=95, low="94.4", close="94.5"),
            signal(4, "buy", open=94, close=94),
            signal(5, close=94),
            signal(1_440, "buy", close=94),
            signal(1_441, close=94),
        ],
        BOLD,
        FREE,
    )
    assert steps(messages) == [
        ("buy", "PLACED", None),
        ("buy", "FILLED", None),
        ("sell", "PLACED", "DAILY_LOSS"),
        ("sell", "FILLED", None),
        ("buy", "DENIED", "DAILY_LOSS"),
        ("buy", "PLACED", None),
        ("buy", "FILLED", None),
    ]
    assert [alert for alert in alerts(messages) if alert[0] == "DAILY_LOSS"] == [
        ("DAILY_LOSS", "WARNING", "450", "500"),
        ("DAILY_LOSS", "CRITICAL", "504", "500"),
    ]
    books = of(Pnl, messages)
    assert [b.trading_state for b in books] == ["ACTIVE"] * 3 + ["DAILY_LOSS"] * 3 + ["ACTIVE"] * 2
    assert books[5].equity == "9460"
    assert (books[5].daily_loss_quote, books[6].daily_loss_quote) == ("540", "0")


def test_total_loss_is_the_end() -> None:
    """A crash past both limits: 90 units from 100 to 88 lose 1,080 of 1,000."""
    crash = [signal(0, "buy"), signal(1), signal(2, close=88), signal(3, close=88)]
    messages = run([*crash, signal(1_440, "buy", close=88), signal(1_441, close=88)], BOLD, FREE)
    assert steps(messages)[2:] == [
        ("sell", "PLACED", "TOTAL_LOSS"),
        ("sell", "FILLED", None),
        ("buy", "DENIED", "TOTAL_LOSS"),
    ]
    assert alerts(messages) == [("DAILY_LOSS", "CRITICAL", "1080", "500"), ("DRAWDOWN", "CRITICAL", "1080", "1000")]
    assert of(Pnl, messages)[-1].trading_state == "TOTAL_LOSS"


def test_a_breach_cancels_the_buy_of_another_pair() -> None:
    two = account("BTC/USD", "ETH/USD", position_pct=45, max_position_pct=100, max_daily_loss_pct=1)
    messages = run(
        [
            signal(0, "buy"),
            signal(0, pair="ETH/USD"),
            signal(1),
            signal(1, "buy", pair="ETH/USD"),
            signal(2, close=95),
            signal(2, pair="ETH/USD", trades=0, quality="empty"),
        ],
        two,
        FREE,
    )
    wish, *told = of(Order, messages)[3:]
    assert (wish.status, wish.cancel_reason) == ("PLACED", "DAILY_LOSS")
    assert steps(told) == [("buy", "CANCELLED", "DAILY_LOSS"), ("sell", "PLACED", "DAILY_LOSS")]


def test_loss_limits_may_be_checked_at_the_close_instead() -> None:
    dip = [signal(0, "buy"), signal(1), signal(2, low=90, close=100)]
    assert of(Pnl, run(dip, BOLD, FREE))[-1].trading_state == "DAILY_LOSS"
    assert of(Pnl, run(dip, BOLD, FREE, Policy(risk_mark="close")))[-1].trading_state == "ACTIVE"


def test_a_position_too_large_is_denied_with_an_alert() -> None:
    messages = run([signal(0, "buy"), signal(1)], account(position_pct=30, max_position_pct=25), FREE)
    assert steps(messages) == [("buy", "DENIED", "POSITION_SIZE")]
    assert alerts(messages) == [("POSITION_SIZE", "WARNING", "3000", "2500")]


def test_orders_in_flight_count_against_the_money_there_is() -> None:
    """Three times 40 %: the third finds 2,000 left for 4,000, though nothing has been paid yet."""
    pairs = ("BTC/USD", "ETH/USD", "SOL/USD")
    greedy = account(*pairs, position_pct=40, max_position_pct=40)
    messages = run([signal(0, "buy", pair=pair) for pair in pairs], greedy, FREE)
    assert [order.status for order in of(Order, messages)] == ["PLACED", "PLACED", "DENIED"]
    assert alerts(messages) == [("EXPOSURE", "WARNING", "4000", "2000")]


def test_the_venue_refuses_what_cannot_be_paid() -> None:
    """Sized at 100, the open jumps to 120: 100 units cost 12,000 of 10,000."""
    all_in = account(position_pct=100, max_position_pct=100, collar_pct=None)
    messages = run([signal(0, "buy", close=100), signal(1, open=120, close=120)], all_in, FREE)
    assert steps(messages) == [("buy", "PLACED", None), ("buy", "REJECTED", "insufficient_funds")]
    assert of(Pnl, messages)[-1].equity == "10000"


def test_money_in_a_pair_that_nobody_can_see_is_reported_once() -> None:
    gaps = [signal(n, trades=0, quality="gap") for n in (2, 3)]
    messages = run([signal(0, "buy"), signal(1), *gaps, signal(4), signal(5, quality="gap")], account(), FREE)
    assert [(a.rule, a.severity, a.pair, a.time_ms) for a in of(RiskAlert, messages)] == [
        ("STALE_DATA", "WARNING", "BTC/USD", minute_ms(3)),
        ("STALE_DATA", "WARNING", "BTC/USD", minute_ms(6)),
    ]


def test_signals_of_others_are_refused_and_change_nothing() -> None:
    with pytest.raises(BadInputError, match=r"signal\.account: expected paper, was 'other'"):
        run([signal(0, account="other")], account(), FREE)
    with pytest.raises(BadInputError, match=r"signal\.pair: expected one of BTC/USD"):
        run([signal(0, pair="ETH/USD")], account(), FREE)


def test_dust_buys_nothing() -> None:
    poor = account(initial_balance_quote=Decimal("0.0000001"))
    assert not of(Order, run([signal(0, "buy", close=100)], poor, FREE))
