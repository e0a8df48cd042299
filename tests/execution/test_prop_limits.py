"""Loss limits as firms word them, and limits on activity: stories with numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from tests.execution.signal_stream import FREE, account, minute_ms, of, signal

from contracts.order import Order
from contracts.pnl import Pnl
from contracts.risk_alert import RiskAlert
from execution.core.execute import run
from execution.core.policy import Policy
from execution.core.steps.trading_day import trading_day

BOLD: dict[str, Any] = {"position_pct": 100, "max_position_pct": 100, "cooldown_bars": 0}
#: When the days begin on which Prague's clocks go on and back, in minutes after the stream's midnight.
CHANGES = {"on": 25 * 1_440 - 60, "back": 235 * 1_440 - 120}


def states(messages: list[Any]) -> list[str]:
    return [books.trading_state for books in of(Pnl, messages)]


@pytest.mark.parametrize(("begins", "hours"), [(CHANGES["on"], 23), (CHANGES["back"], 25)], ids=CHANGES)
@pytest.mark.parametrize(("low", "state"), [("95.1551", "ACTIVE"), ("95.1550", "DAILY_LOSS")])
def test_100_000_and_103_200_give_98_200_on_days_of_23_and_25_hours(
    begins: int, hours: int, low: str, state: str
) -> None:
    """The day before, 1,000 units go from 100 to 103.2. On the day itself all of it buys 1,032 units at 100.

    1,032 x 95.1551 is 98,200.0632 and 1,032 x 95.155 is 98,199.96: around the floor, in the day's last minute.
    """
    who = account(**BOLD, initial_balance_quote=100_000, max_daily_loss_pct=5, max_total_loss_pct=50)
    before = [signal(begins - 30, "buy"), signal(begins - 29), signal(begins - 28, "sell", close="103.2")]
    sold = signal(begins - 27, close="103.2")
    last = signal(begins + hours * 60 - 1, open=100, low=low, close=99)
    day = [signal(begins, "buy"), signal(begins + 1), last]
    messages = run([*before, sold, *day], who, FREE, Policy("Europe/Prague"))
    books = of(Pnl, messages)
    assert (books[3].balance, books[-1].trading_state) == ("103200", state)
    (first, final) = (trading_day(minute_ms(n), "Europe/Prague") for n in (begins, begins + hours * 60 - 1))
    assert first == final != trading_day(minute_ms(begins - 1), "Europe/Prague")
    assert final != trading_day(minute_ms(begins + hours * 60), "Europe/Prague")


def test_a_loss_that_floats_over_midnight_counts_against_the_new_day_or_not() -> None:
    """100 units from 100 to 96 before midnight, 95 after it: of the balance 500 are lost, of the equity 100."""
    stream = [
        signal(1_437, "buy"),
        signal(1_438),
        signal(1_439, close=96),
        signal(1_440, close=95),
        signal(1_441, close=94.9),
    ]
    limits = {"max_daily_loss_pct": 5, "max_total_loss_pct": 50}
    assert states(run(stream, account(**BOLD, **limits), FREE))[-1] == "DAILY_LOSS"
    assert states(run(stream, account(**BOLD, **limits, daily_loss_basis="equity"), FREE))[-1] == "ACTIVE"
    assert states(run(stream, account(**BOLD, **limits, daily_loss_basis="higher"), FREE))[-1] == "DAILY_LOSS"


def test_the_higher_of_balance_and_equity_is_the_gain_that_floats_over_midnight() -> None:
    """100 units from 100 to 104 before midnight, then 98.9: 110 of the balance are lost, 510 of the equity."""
    stream = [signal(1_437, "buy"), signal(1_438), signal(1_439, close=104), signal(1_440, close=98.9)]
    limits = {"max_daily_loss_pct": 5, "max_total_loss_pct": 50}
    assert states(run(stream, account(**BOLD, **limits), FREE))[-1] == "ACTIVE"
    assert states(run(stream, account(**BOLD, **limits, daily_loss_basis="higher"), FREE))[-1] == "DAILY_LOSS"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("static", ["ACTIVE"] * 6),
        ("end_of_day", ["ACTIVE"] * 6),
        ("intraday", [*["ACTIVE"] * 3, *["TOTAL_LOSS"] * 3]),
    ],
)
def test_a_floor_that_trails_every_close(mode: str, expected: list[str]) -> None:
    """From 10,000 to 10,800 and back to 9,700: 1,100 below the peak, of 1,000 allowed; the balance never rose."""
    stream = [signal(0, "buy"), signal(1), signal(2, close=108), *(signal(n, close=97) for n in (3, 4, 5))]
    who = account(**BOLD, max_daily_loss_pct=100, total_loss_mode=mode)
    assert states(run(stream, who, FREE)) == expected


@pytest.mark.parametrize(
    ("mode", "state"), [("static", "ACTIVE"), ("end_of_day", "TOTAL_LOSS"), ("intraday", "TOTAL_LOSS")]
)
def test_a_floor_that_trails_what_days_begin_with(mode: str, state: str) -> None:
    """800 are earned and taken before midnight: 9,720 is 1,080 below 10,800, and 280 below the initial balance."""
    earned = [signal(1_430, "buy"), signal(1_431), signal(1_432, "sell", close=108), signal(1_433, close=108)]
    later = [signal(1_440, "buy", close=100), signal(1_441), signal(1_442, close=90)]
    who = account(**BOLD, max_daily_loss_pct=100, total_loss_mode=mode)
    messages = run([*earned, *later], who, FREE)
    assert (of(Pnl, messages)[-1].equity, states(messages)[-1]) == ("9720", state)
    assert {alert.rule for alert in of(RiskAlert, messages) if alert.severity == "CRITICAL"} == (
        set() if state == "ACTIVE" else {"DRAWDOWN"}
    )


def denials(messages: list[Any]) -> list[str]:
    return [order.reason for order in of(Order, messages) if order.status == "DENIED"]


def test_after_two_stops_there_are_no_entries_until_midnight() -> None:
    """Bought at 100 and stopped at 98, twice; the third try is denied, and the first of the next day is not."""
    tries = [
        each
        for n in (0, 3, 6)
        for each in (
            signal(n, "buy", stop_pct=2),
            signal(n + 1, open=100, close=100),
            signal(n + 2, open=99, low=90, close=100),
        )
    ]
    who = account(cooldown_bars=0, max_stops_per_day=2, max_daily_loss_pct=50)
    messages = run([*tries, signal(1_440, "buy")], who, FREE)
    assert denials(messages) == ["STOP_GUARD"]
    assert of(Order, messages)[-1].status == "PLACED"


def test_a_pair_that_has_lost_enough_today_is_left_alone() -> None:
    """20 units lose 5 each: 100 of 10,000 is 1 %."""
    stream = [
        signal(0, "buy"),
        signal(1),
        signal(2, "sell"),
        signal(3, "buy", open=95, close=95),
        signal(4, close=95),
    ]
    who = account(cooldown_bars=0, max_pair_loss_pct=1)
    assert denials(run(stream, who, FREE)) == ["LOSING_PAIR"]
    assert denials(run(stream, account(cooldown_bars=0, max_pair_loss_pct=2), FREE)) == []


def test_no_more_pairs_and_no_more_entries_than_allowed() -> None:
    pairs = ("BTC/USD", "ETH/USD", "SOL/USD")
    together = [signal(0, "buy", pair=pair) for pair in pairs]
    assert denials(run(together, account(*pairs, max_open_positions=2), FREE)) == ["OPEN_POSITIONS"]
    again = [signal(n, "sell" if n % 4 == 2 else "buy") for n in range(0, 12, 2)]
    assert denials(run(again, account(cooldown_bars=0, max_entries_per_day=2), FREE)) == ["ENTRIES_PER_DAY"]
