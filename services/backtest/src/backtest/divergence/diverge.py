"""An account at a venue held against the same decisions on paper."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from backtest.achieved import equity_of
from backtest.again import Again
from backtest.books import equity_at_end
from backtest.divergence.attribution import Attribution, attribute
from backtest.divergence.curves import correlation, warped_apart_pct
from backtest.divergence.decisions import Decisions, compare_decisions
from backtest.divergence.fills import Filled, PriceError, filled, price_error
from backtest.divergence.lives import Life, lives_of
from backtest.divergence.score import Score, score_of
from backtest.engine import Outcome

_BPS, _PERCENT = 10_000, 100


@dataclass(frozen=True)
class Divergence:
    """How far an account at a venue is from itself on paper.

    Attributes
    ----------
    account, currency
        Whose, and what its amounts are in.
    score
        In a word.
    decisions, price_error, filled
        What was decided, at what price it was filled, and how much of it.
    return_correlation
        Of the bar returns of both equity curves; None where one does not move.
    warped_apart_pct
        How far the curves are apart with time warped (DTW), percent of the initial balance.
    traded_quote
        The money that changed hands at the venue.
    venue_equity_quote, paper_equity_quote
        At the last close.
    difference
        How much more there is at the venue, and of what.
    curves
        Equity before the first bar and after each: at the venue, on paper.
    """

    account: str
    currency: str
    score: Score
    decisions: Decisions
    price_error: PriceError
    filled: Filled
    return_correlation: float | None
    warped_apart_pct: float
    traded_quote: Decimal
    venue_equity_quote: Decimal
    paper_equity_quote: Decimal
    difference: Attribution
    curves: tuple[NDArray[np.float64], NDArray[np.float64]] = field(repr=False)


def diverge(again: Again, at_venue: Outcome) -> Divergence:
    """Trade an account's decisions on paper, and say how far its own fills are from that.

    Parameters
    ----------
    again
        The account.
    at_venue
        What became of it with the reports that it had.

    Returns
    -------
    Divergence
        All of it 0 for an account that was on paper.
    """
    paper = again.terms.broker
    on_paper = again.outcome(broker=paper) if again.is_at_venue else at_venue
    lives = lives_of(at_venue.messages), lives_of(on_paper.messages)
    decisions = compare_decisions(*lives)
    errors = price_error(lives[0].values(), at_venue.market, paper)
    shares = filled(*lives, at_venue.market.interval_ms)
    curves = equity_of(at_venue), equity_of(on_paper)
    likeness, traded = correlation(*curves), _traded(lives[0].values())
    worth = equity_at_end(at_venue), equity_at_end(on_paper)
    return Divergence(
        account=again.account.name,
        currency=again.account.currency,
        score=score_of(
            {
                "decisions": _PERCENT * decisions.rate,
                "price": None if errors.mean_bps is None else abs(errors.mean_bps),
                "filled": _PERCENT * shares.other / shares.orders if shares.orders else None,
                "returns": None if likeness is None else 1 - likeness,
                "equity": float(_BPS * abs(worth[0] - worth[1]) / traded) if traded else None,
            }
        ),
        decisions=decisions,
        price_error=errors,
        filled=shares,
        return_correlation=likeness,
        warped_apart_pct=warped_apart_pct(*curves, float(again.account.initial_balance_quote)),
        traded_quote=traded,
        venue_equity_quote=worth[0],
        paper_equity_quote=worth[1],
        difference=attribute(again, paper, (at_venue, on_paper), lives),
        curves=curves,
    )


def _traded(lives: Iterable[Life]) -> Decimal:
    executions = (each for life in lives for each in life.executions)
    return sum((each.quantity * each.price for each in executions), Decimal(0))
