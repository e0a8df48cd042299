"""What a run of an account came to, in few numbers: what searches compare and ledgers keep."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backtest.books import curve_of
from backtest.engine import Outcome
from contracts.fill import Fill
from contracts.units import decimal_string
from modeling.judging.sharpe import SharpeFacts
from results.round_trips import round_trips
from results.statistics import DAYS_PER_YEAR, max_drawdown_pct

Floats = NDArray[np.float64]
_SECONDS_PER_YEAR = DAYS_PER_YEAR * 86_400

Maker = Literal["engine", "kernel", "both"]
ENGINE: Maker = "engine"
KERNEL: Maker = "kernel"
BOTH: Maker = "both"


@dataclass(frozen=True, slots=True)
class Achieved:
    """What an account came to over some bars, after all costs.

    Parameters
    ----------
    bars, interval_s
        How many, and how long each.
    return_pct, max_drawdown_pct
        Of its equity at closes.
    fills, round_trips
        Trades, and positions that were opened and closed.
    fees_quote, final_equity_quote
        Quote currency, exact.
    sharpe, skewness, kurtosis
        Of the returns of its equity from bar to bar.
    ended
        The state of trading at the end, ``ACTIVE`` unless a limit stopped it.
    by
        What made it: the engine; the kernel, in floats; or both, where the kernel did not know what to do on a bar.
    """

    bars: int
    interval_s: int
    return_pct: float
    max_drawdown_pct: float
    fills: int
    round_trips: int
    fees_quote: str
    final_equity_quote: str
    sharpe: float
    skewness: float
    kurtosis: float
    ended: str
    by: Maker = ENGINE

    @property
    def facts(self) -> SharpeFacts:
        """What the error of its Sharpe ratio depends on."""
        return SharpeFacts(self.sharpe, self.bars, self.skewness, self.kurtosis)

    @property
    def sharpe_a_year(self) -> float:
        """The Sharpe ratio of a year of such bars."""
        return self.sharpe * math.sqrt(_SECONDS_PER_YEAR / self.interval_s)

    def as_json(self) -> dict[str, Any]:
        """Return its numbers by name.

        Returns
        -------
        dict[str, Any]
            As `of_json` reads them.
        """
        return asdict(self)

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Achieved:
        """Return what was written as JSON.

        Returns
        -------
        Achieved
            The same numbers.
        """
        return cls(**found)


def achieved(outcome: Outcome, equity: Floats | None = None) -> Achieved:
    """Return what an account came to.

    Parameters
    ----------
    outcome
        Of the engine.
    equity
        Its `equity_of`, where that is known.

    Returns
    -------
    Achieved
        Over all its bars.
    """
    fills = [each for each in outcome.messages if isinstance(each, Fill)]
    return Achieved(
        **of_curve(equity_of(outcome) if equity is None else equity),
        interval_s=outcome.market.pairs[0].bars.interval_s,
        fills=len(fills),
        round_trips=len(round_trips(fills)),
        fees_quote=decimal_string(outcome.portfolio.fees),
        ended=outcome.portfolio.trading_state,
    )


def of_curve(curve: Floats) -> dict[str, Any]:
    """Return what equity alone tells of an account, by the fields of `Achieved`.

    Parameters
    ----------
    curve
        Before the first bar and after each.

    Returns
    -------
    dict[str, Any]
        For `Achieved`.
    """
    facts = SharpeFacts.of(returns_of(curve))
    return {
        "bars": len(curve) - 1,
        "return_pct": float(curve[-1] / curve[0] - 1) * 100,
        "max_drawdown_pct": max_drawdown_pct(curve),
        "final_equity_quote": f"{curve[-1]:.8f}",
        "sharpe": facts.sharpe,
        "skewness": facts.skewness,
        "kurtosis": facts.kurtosis,
    }


def equity_of(outcome: Outcome) -> Floats:
    """Return an account's equity before the first bar and after each.

    Returns
    -------
    Floats
        Shape (bars + 1,), quote currency.
    """
    return np.concatenate([[float(outcome.opened.initial_balance)], curve_of(outcome).equity])


def equity_together(outcomes: Sequence[Outcome]) -> Floats:
    """Return what several accounts were worth together: at first, and after each bar that one of them has.

    Parameters
    ----------
    outcomes
        At least one; all in one currency.

    Returns
    -------
    Floats
        One more than there are such bars.
    """
    starts = [each.market.starts_ms[each.market.first :] for each in outcomes]
    clock = np.unique(np.concatenate(starts))
    # An account without a bar then is worth what it was.
    summed: Floats = np.sum(
        [
            equity_of(each)[np.append(0, own.searchsorted(clock, side="right"))]
            for each, own in zip(outcomes, starts, strict=True)
        ],
        axis=0,
    )
    return summed


def returns_of(curve: Floats) -> Floats:
    """Return the simple returns of a curve.

    Returns
    -------
    Floats
        One fewer than the curve has values.

    Examples
    --------
    >>> returns_of(np.array([100.0, 110.0, 99.0])).round(6)
    array([ 0.1, -0.1])
    """
    found: Floats = np.diff(curve) / curve[:-1]
    return found
