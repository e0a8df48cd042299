"""What an account has achieved, from its P&L and fills.

Formulas: Sharpe 1994 with ``ddof = 1`` and N = 365 days for a market that never closes; maximum drawdown
``max over t of 1 - equity_t / running maximum``. Intraday returns are serially correlated, which biases an annualised
ratio, so the Sharpe ratio is taken from daily returns; the one from minutes stands beside it under its own name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from contracts.fill import Fill
from contracts.pnl import Pnl
from contracts.units import MS_PER_DAY, decimal_string, to_float

DAYS_PER_YEAR = 365
MINUTES_PER_YEAR = 525_600
_MINIMUM_RETURNS = 2


@dataclass(frozen=True, slots=True)
class Statistics:
    """Ratios are None where they are undefined: fewer than two returns, no variance, no closed position."""

    start_ms: int
    end_ms: int
    initial_equity_quote: str
    final_equity_quote: str
    total_return_pct: float
    max_drawdown_pct: float
    sharpe_daily: float | None
    sharpe_minute: float | None
    fills: int
    round_trips: int
    win_rate_pct: float | None
    fees_quote: str


def statistics(pnls: Sequence[Pnl], fills: Sequence[Fill], initial_balance_quote: Decimal) -> Statistics:
    """Return the account's record.

    Parameters
    ----------
    pnls
        One per minute, in order of time; at least one.
    fills
        In order of time.
    initial_balance_quote
        What the account began with: the equity before the first minute.
    """
    first, last = pnls[0], pnls[-1]
    curve = np.array([float(initial_balance_quote), *(to_float(p.equity) for p in pnls)])
    profits = round_trip_profits(fills)
    return Statistics(
        start_ms=first.time_ms,
        end_ms=last.time_ms,
        initial_equity_quote=decimal_string(initial_balance_quote),
        final_equity_quote=last.equity,
        total_return_pct=float(curve[-1] / curve[0] - 1) * 100,
        max_drawdown_pct=max_drawdown_pct(curve),
        sharpe_daily=sharpe(_daily(pnls, float(initial_balance_quote)), DAYS_PER_YEAR),
        sharpe_minute=sharpe(curve, MINUTES_PER_YEAR),
        fills=len(fills),
        round_trips=len(profits),
        win_rate_pct=100 * sum(p > 0 for p in profits) / len(profits) if profits else None,
        fees_quote=last.fees_quote,
    )


def max_drawdown_pct(curve: np.ndarray) -> float:
    """Return the deepest fall below the highest equity so far, percent.

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
    if len(returns) < _MINIMUM_RETURNS:
        return None
    deviation = float(np.std(returns, ddof=1))
    if deviation == 0:
        return None
    return float(np.mean(returns)) / deviation * math.sqrt(periods_per_year)


def round_trip_profits(fills: Iterable[Fill]) -> list[Decimal]:
    """Return the profit of each position that was opened and closed, fees of both sides taken off."""
    fees: dict[str, Decimal] = {}
    profits: list[Decimal] = []
    for fill in fills:
        fees[fill.pair] = fees.get(fill.pair, Decimal(0)) + Decimal(fill.fee_quote)
        if fill.side == "sell":
            profits.append(Decimal(fill.realised_pnl_quote) - fees.pop(fill.pair))
    return profits


def _daily(pnls: Sequence[Pnl], initial: float) -> np.ndarray:
    """Return the equity at the end of each UTC day, the last one cut short, after the initial equity."""
    # A minute that ends at midnight is the last of its day.
    ends = {(p.time_ms - 1) // MS_PER_DAY: to_float(p.equity) for p in pnls}
    return np.array([initial, *ends.values()])
