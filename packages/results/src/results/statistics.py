"""What an account has achieved, from its P&L and fills.

Formulas: Sharpe 1994 with ``ddof = 1`` and Sortino and van der Meer 1991 with a target of 0, both from daily returns
and N = 365 days for a market that never closes; maximum drawdown ``max over t of 1 - equity_t / running maximum``.
A ratio of few days says nothing, so below `LEAST_DAYS` there is none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean, median
from typing import Any

import numpy as np

from contracts.fill import Fill
from contracts.pnl import Pnl
from contracts.timestamps import iso_utc
from contracts.units import MS_PER_DAY, MS_PER_MINUTE, US_PER_MS, decimal_string, to_float
from results.round_trips import RoundTrip, round_trips

DAYS_PER_YEAR = 365
#: With so many daily returns the standard error of a yearly ratio is still about 3.5.
LEAST_DAYS = 30
_DATE = slice(0, 10)


@dataclass(frozen=True, slots=True)
class Day:
    """One UTC day of an account: its last equity, and the return on the equity before it."""

    date: str
    equity_quote: str
    return_pct: float
    fills: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """None is what is undefined: a ratio of too few days or without variance, anything of no closed position.

    Attributes
    ----------
    start_ms, end_ms
        Event time of the first and last minute.
    initial_equity_quote, final_equity_quote
        Before the first minute, after the last.
    total_return_pct
        After all costs.
    gross_pnl_quote
        What it would have been without fees and slippage.
    fees_quote, slippage_quote
        The costs. Slippage is the difference between the price that was paid and the one the market showed.
    buy_and_hold_pct
        What the account's pairs would have brought, bought in equal parts in its first minute, without costs.
    max_drawdown_pct
        The deepest fall below the highest equity.
    sharpe_daily, sortino_daily
        Annualised.
    time_in_market_pct, mean_exposure_pct
        Share of minutes with a position; what was held in percent of equity, over all minutes.
    fills, round_trips
        Trades, and positions that were opened and closed.
    win_rate_pct, profit_factor
        Share of round trips that gained after fees; what they gained divided by what the others lost.
    mean_profit_quote
        Of a round trip, after fees.
    median_holding_minutes, mean_holding_minutes
        Of round trips.
    days
        One by one, UTC.
    """

    start_ms: int
    end_ms: int
    initial_equity_quote: str
    final_equity_quote: str
    total_return_pct: float
    gross_pnl_quote: str
    fees_quote: str
    slippage_quote: str
    buy_and_hold_pct: float | None
    max_drawdown_pct: float
    sharpe_daily: float | None
    sortino_daily: float | None
    time_in_market_pct: float
    mean_exposure_pct: float
    fills: int
    round_trips: int
    win_rate_pct: float | None
    profit_factor: float | None
    mean_profit_quote: float | None
    median_holding_minutes: float | None
    mean_holding_minutes: float | None
    days: tuple[Day, ...]


def statistics(
    pnls: Sequence[Pnl],
    fills: Sequence[Fill],
    initial_balance_quote: Decimal,
    held: Sequence[tuple[float, float]] = (),
) -> Statistics:
    """Return the account's record.

    Parameters
    ----------
    pnls
        One per minute, in order of time; at least one.
    fills
        In order of time.
    initial_balance_quote
        What the account began with: the equity before the first minute.
    held
        First and last close of each of the account's pairs.

    Returns
    -------
    Statistics
        Of the whole time.
    """
    first, last = pnls[0], pnls[-1]
    curve = np.array([float(initial_balance_quote), *(to_float(p.equity) for p in pnls)])
    exposure = np.array([to_float(p.exposure_quote) for p in pnls])
    days = _days(pnls, fills, initial_balance_quote)
    daily = np.array([float(initial_balance_quote), *(float(day.equity_quote) for day in days)])
    slippage = sum((_slippage(fill) for fill in fills), Decimal(0))
    net = Decimal(last.equity) - initial_balance_quote
    return Statistics(
        start_ms=first.time_ms,
        end_ms=last.time_ms,
        initial_equity_quote=decimal_string(initial_balance_quote),
        final_equity_quote=last.equity,
        total_return_pct=float(curve[-1] / curve[0] - 1) * 100,
        gross_pnl_quote=decimal_string(net + Decimal(last.fees_quote) + slippage),
        fees_quote=last.fees_quote,
        slippage_quote=decimal_string(slippage),
        buy_and_hold_pct=100 * mean(end / start - 1 for start, end in held) if held else None,
        max_drawdown_pct=max_drawdown_pct(curve),
        sharpe_daily=sharpe(daily, DAYS_PER_YEAR) if len(days) >= LEAST_DAYS else None,
        sortino_daily=sortino(daily, DAYS_PER_YEAR) if len(days) >= LEAST_DAYS else None,
        time_in_market_pct=100 * float(np.mean(exposure > 0)),
        mean_exposure_pct=100 * float(np.mean(exposure / curve[1:])),
        fills=len(fills),
        days=days,
        **_of_round_trips(round_trips(fills)),
    )


def _of_round_trips(trips: Sequence[RoundTrip]) -> dict[str, Any]:
    profits = [trip.profit_quote for trip in trips]
    minutes = [(trip.closed_at_ms - trip.opened_at_ms) / MS_PER_MINUTE for trip in trips]
    return {
        "round_trips": len(trips),
        "win_rate_pct": 100 * sum(profit > 0 for profit in profits) / len(trips) if trips else None,
        "profit_factor": profit_factor(profits),
        "mean_profit_quote": float(sum(profits)) / len(trips) if trips else None,
        "median_holding_minutes": median(minutes) if trips else None,
        "mean_holding_minutes": mean(minutes) if trips else None,
    }


def profit_factor(profits: Sequence[Decimal]) -> float | None:
    """Return what gains are in all, divided by what losses are; None where nothing was lost.

    Examples
    --------
    >>> profit_factor([Decimal(3), Decimal(-2)])
    1.5
    """
    lost = -sum(profit for profit in profits if profit < 0)
    return float(sum(profit for profit in profits if profit > 0) / lost) if lost else None


def _slippage(fill: Fill) -> Decimal:
    worse = Decimal(fill.price) - Decimal(fill.reference_price)
    return (worse if fill.side == "buy" else -worse) * Decimal(fill.quantity)


def max_drawdown_pct(curve: np.ndarray) -> float:
    """Return the deepest fall below the highest equity so far, percent.

    Returns
    -------
    float
        At least 0.

    Examples
    --------
    >>> max_drawdown_pct(np.array([100.0, 120.0, 90.0, 130.0]))
    25.0
    """
    return float(np.max(1 - curve / np.maximum.accumulate(curve))) * 100


def sharpe(curve: np.ndarray, periods_per_year: int) -> float | None:
    """Return the annualised Sharpe ratio of a curve's simple returns over a risk-free rate of 0.

    ``mean(r) / std(r, ddof=1) * sqrt(periods_per_year)``; None for fewer than two returns or no variance.
    """
    returns = np.diff(curve) / curve[:-1]
    return _ratio(returns, float(np.std(returns, ddof=1)) if len(returns) > 1 else 0.0, periods_per_year)


def sortino(curve: np.ndarray, periods_per_year: int) -> float | None:
    """Return the annualised Sortino ratio of a curve's simple returns over a target of 0.

    ``mean(r) / sqrt(mean(min(r, 0)^2)) * sqrt(periods_per_year)``; None for fewer than two returns or none below 0.
    """
    returns = np.diff(curve) / curve[:-1]
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0) ** 2))) if len(returns) > 1 else 0.0
    return _ratio(returns, downside, periods_per_year)


def _ratio(returns: np.ndarray, deviation: float, periods_per_year: int) -> float | None:
    return float(np.mean(returns)) / deviation * math.sqrt(periods_per_year) if deviation else None


def _days(pnls: Sequence[Pnl], fills: Sequence[Fill], initial: Decimal) -> tuple[Day, ...]:
    """Return each UTC day, the first and the last cut short."""
    ends = {_day(pnl.time_ms): pnl.equity for pnl in pnls}
    traded = Counter(_day(fill.filled_at_ms) for fill in fills)
    before, days = initial, []
    for day, equity in ends.items():
        date = iso_utc(day * MS_PER_DAY * US_PER_MS)[_DATE]
        change = 100 * float(Decimal(equity) / before - 1) if before else 0.0
        days.append(Day(date, equity, change, traded[day]))
        before = Decimal(equity)
    return tuple(days)


def _day(time_ms: int) -> int:
    """Return the day of a minute's end: one that ends at midnight is the last of its day."""
    return (time_ms - 1) // MS_PER_DAY
