"""Statistics against numbers worked out by hand."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from tests.execution.signal_stream import account, of, signal

from contracts.fill import Fill
from contracts.pnl import Pnl
from exchanges.paper import PaperBroker
from execution.core.execute import run
from results.round_trips import round_trips
from results.statistics import LEAST_DAYS, max_drawdown_pct, sharpe, sortino, statistics

DAY_MS = 86_400_000


def portfolio(time_ms: int, equity: str) -> Pnl:
    return Pnl(
        account="paper",
        time_ms=time_ms,
        balance=equity,
        equity=equity,
        realised_quote="0",
        unrealised_quote="0",
        fees_quote="1.5",
        exposure_quote="0",
        drawdown_quote="0",
        daily_loss_quote="0",
        trading_state="ACTIVE",
    )


def test_return_and_drawdown() -> None:
    """100 -> 120 -> 90 -> 110: +10 %, and a fall of a quarter from the top."""
    found = statistics([portfolio(n * 60_000, str(e)) for n, e in enumerate((120, 90, 110), 1)], [], Decimal(100))
    assert found.total_return_pct == pytest.approx(10)
    assert found.max_drawdown_pct == pytest.approx(25)
    assert (found.initial_equity_quote, found.final_equity_quote, found.fees_quote) == ("100", "110", "1.5")
    assert (found.fills, found.round_trips, found.win_rate_pct, found.profit_factor) == (0, 0, None, None)
    assert (found.median_holding_minutes, found.buy_and_hold_pct) == (None, None)
    assert (found.start_ms, found.end_ms) == (60_000, 180_000)


def test_sharpe_by_hand() -> None:
    """Returns 10 % and -10 %, 10 %: mean 1/30, deviation sqrt(4/300)."""
    curve = np.array([100.0, 110.0, 99.0, 108.9])
    assert sharpe(curve, 365) == pytest.approx((0.1 / 3) / math.sqrt(4 / 300) * math.sqrt(365))


def test_sortino_by_hand() -> None:
    """Returns 10 %, -10 %, 10 %: mean 1/30, downside deviation sqrt(0.01 / 3)."""
    curve = np.array([100.0, 110.0, 99.0, 108.9])
    assert sortino(curve, 365) == pytest.approx((0.1 / 3) / math.sqrt(0.01 / 3) * math.sqrt(365))


@pytest.mark.parametrize("curve", [[100.0], [100.0, 101.0], [100.0, 100.0, 100.0]])
def test_ratios_are_undefined_without_two_returns_or_variance(curve: list[float]) -> None:
    assert sharpe(np.array(curve), 365) is None
    assert sortino(np.array(curve), 365) is None


def test_daily_returns_take_the_last_equity_of_each_day_and_midnight_ends_a_day() -> None:
    books = [
        portfolio(DAY_MS - 60_000, "500"),
        portfolio(DAY_MS, "110"),
        portfolio(DAY_MS + 60_000, "1"),
        portfolio(2 * DAY_MS, "99"),
    ]
    found = statistics(books, [], Decimal(100))
    assert [(day.date, day.equity_quote, round(day.return_pct, 9), day.fills) for day in found.days] == [
        ("1970-01-01", "110", 10, 0),
        ("1970-01-02", "99", -10, 0),
    ]
    assert (found.sharpe_daily, found.sortino_daily) == (None, None), "two days say nothing"


@pytest.mark.parametrize(("days", "told"), [(LEAST_DAYS - 1, False), (LEAST_DAYS, True)])
def test_ratios_of_a_few_days_are_not_told(days: int, told: bool) -> None:
    equities = [100.0 + (day % 3) - day / 10 for day in range(1, days + 1)]
    books = [portfolio(day * DAY_MS, f"{equity:g}") for day, equity in enumerate(equities, 1)]
    found = statistics(books, [], Decimal(100))
    expected = (sharpe(np.array([100.0, *equities]), 365), sortino(np.array([100.0, *equities]), 365))
    assert (found.sharpe_daily, found.sortino_daily) == (expected if told else (None, None))


def test_drawdown_of_a_rising_curve_is_zero() -> None:
    assert max_drawdown_pct(np.array([1.0, 2.0, 3.0])) == 0


def test_a_round_trip_wins_only_after_the_fees_of_both_sides() -> None:
    """Up 0.32 % before costs on the first, which 2 x 40 bps of fee turn into a loss; up 10 % on the second."""
    account_ = account(cooldown_bars=0)
    messages = run(
        [
            signal(0, "buy", close=50_000),
            signal(1, open=50_010, close=50_010),
            signal(2, "sell", close=50_190),
            signal(3, open=50_190, close=50_190),
            signal(4, "buy", close=50_000),
            signal(5, open=50_000, close=50_000),
            signal(6, "sell", close=55_000),
            signal(7, open=55_000, close=55_000),
        ],
        account_,
        PaperBroker(),
    )
    trips = round_trips(of(Fill, messages))
    profits = [trip.profit_quote for trip in trips]
    assert profits[0] == Decimal("6.3984") - Decimal("16.03199424")
    assert profits[1] > 180
    found = statistics(of(Pnl, messages), of(Fill, messages), Decimal(10_000))
    assert (found.fills, found.round_trips, found.win_rate_pct) == (4, 2, 50)
    assert Decimal(found.final_equity_quote) - 10_000 == sum(profits)
    assert found.profit_factor == pytest.approx(float(profits[1] / -profits[0]))
    assert found.mean_profit_quote == pytest.approx(float(sum(profits) / 2))
    assert (found.median_holding_minutes, found.mean_holding_minutes) == (2, 2)
    assert found.time_in_market_pct == 50
    assert sum(day.fills for day in found.days) == 4


def fill(minute: int, side: str, quantity: str, *, shown: str, paid: str, fee: str = "1", won: str = "0") -> Fill:
    fields: dict[str, Any] = {
        "account": "paper",
        "pair": "BTC/USD",
        "side": side,
        "quantity": quantity,
        "reference_price": shown,
        "price": paid,
        "fee_quote": fee,
        "fee_base": "0",
        "realised_pnl_quote": won,
        "filled_at_ms": minute * 60_000,
    }
    return Fill.model_construct(**fields)


def test_a_position_lasts_from_its_first_fill_to_its_last() -> None:
    fills = [
        fill(1, "buy", "2", shown="100", paid="101"),
        fill(2, "buy", "1", shown="100", paid="101"),
        fill(5, "sell", "1", shown="110", paid="109", won="8"),
        fill(9, "sell", "2", shown="90", paid="90", won="-22"),
        fill(11, "buy", "1", shown="90", paid="90"),
    ]
    (trip,) = round_trips(fills)
    assert (trip.opened_at_ms, trip.closed_at_ms, trip.profit_quote) == (60_000, 540_000, Decimal(8 - 22 - 4))
    books = [portfolio(minute * 60_000, "980") for minute in range(1, 12)]
    found = statistics(books, fills, Decimal(1_000), held=[(100.0, 90.0), (50.0, 60.0)])
    assert found.slippage_quote == "4", "2 + 1 + 1 paid worse than the market showed"
    assert found.gross_pnl_quote == "-14.5", "-20, without 1.5 of fees and 4 of slippage"
    assert found.buy_and_hold_pct == pytest.approx(5), "-10 % and +20 %, in equal parts"
    assert found.profit_factor == 0
