"""Statistics against numbers worked out by hand."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from tests.execution.signal_stream import account, of, signal

from contracts.fill import Fill
from contracts.pnl import Pnl
from exchanges.paper import PaperBroker
from execution.core.execute import run
from results.statistics import max_drawdown_pct, round_trip_profits, sharpe, statistics

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
    assert (found.fills, found.round_trips, found.win_rate_pct) == (0, 0, None)
    assert (found.start_ms, found.end_ms) == (60_000, 180_000)


def test_sharpe_by_hand() -> None:
    """Returns 10 % and -10 %, 10 %: mean 1/30, deviation sqrt(4/300)."""
    curve = np.array([100.0, 110.0, 99.0, 108.9])
    assert sharpe(curve, 365) == pytest.approx((0.1 / 3) / math.sqrt(4 / 300) * math.sqrt(365))


@pytest.mark.parametrize("curve", [[100.0], [100.0, 101.0], [100.0, 100.0, 100.0]])
def test_sharpe_is_undefined_without_two_returns_or_variance(curve: list[float]) -> None:
    assert sharpe(np.array(curve), 365) is None


def test_daily_sharpe_takes_the_last_equity_of_each_day_and_midnight_ends_a_day() -> None:
    books = [
        portfolio(DAY_MS - 60_000, "500"),
        portfolio(DAY_MS, "110"),
        portfolio(DAY_MS + 60_000, "1"),
        portfolio(2 * DAY_MS, "99"),
    ]
    found = statistics(books, [], Decimal(100))
    assert found.sharpe_daily == pytest.approx(sharpe(np.array([100.0, 110.0, 99.0]), 365))


def test_drawdown_of_a_rising_curve_is_zero() -> None:
    assert max_drawdown_pct(np.array([1.0, 2.0, 3.0])) == 0


def test_a_round_trip_wins_only_after_the_fees_of_both_sides() -> None:
    """Up 0.32 % before costs on the first, which 2 x 26 bps of fee turn into a loss; up 10 % on the second."""
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
    profits = round_trip_profits(of(Fill, messages))
    assert profits[0] == Decimal("6.3984") - Decimal("10.42079626")
    assert profits[1] > 180
    found = statistics(of(Pnl, messages), of(Fill, messages), Decimal(10_000))
    assert (found.fills, found.round_trips, found.win_rate_pct) == (4, 2, 50)
    assert Decimal(found.final_equity_quote) - 10_000 == sum(profits)
