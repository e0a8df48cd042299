"""Fills of a venue held against paper: prices, shares, delays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.divergence.lives import Executed, Life
from backtest.market import Market
from contracts.signal import Signal
from exchanges.paper import PaperBroker
from execution.core.beside_paper import worse_bps

Floats = NDArray[np.float64]
#: Of the bootstrap: as many samples, and the percentiles of their means between which 95 in 100 lie.
_SAMPLES, _OUTER_PCT, _SEED = 1_000, (2.5, 97.5), 7


@dataclass(frozen=True, slots=True)
class PriceError:
    """How much worse a venue's prices are for the trader than those of paper, basis points; better where negative.

    Attributes
    ----------
    fills
        Those of which paper has a price in their bar.
    without
        Those of which it has none: it would not have filled them there.
    mean_bps, low_bps, high_bps
        The mean, and its interval of 95 %, by bootstrap; None without fills.
    median_bps
        Half of them are worse.
    """

    fills: int
    without: int
    mean_bps: float | None
    low_bps: float | None
    high_bps: float | None
    median_bps: float | None


@dataclass(frozen=True, slots=True)
class Filled:
    """How much of the orders was filled, and how fast.

    Attributes
    ----------
    orders
        That were sent on both sides, without those that rest on positions.
    venue_share, paper_share
        Of them, on average; None without orders.
    other
        Those that were filled to another share.
    delay_seconds, longest_seconds
        From a decision to its first fill at the venue, the median and the longest; None without fills.
    late
        Those that were filled in a later bar than on paper.
    """

    orders: int
    venue_share: float | None
    paper_share: float | None
    other: int
    delay_seconds: float | None
    longest_seconds: float | None
    late: int


def price_error(theirs: Iterable[Life], market: Market, paper: PaperBroker) -> PriceError:
    """Hold each execution against what paper takes in its bar.

    Parameters
    ----------
    theirs
        The venue's orders.
    market
        The bars.
    paper
        How paper fills.

    Returns
    -------
    PriceError
        Of all of them.
    """
    executions = [each for life in theirs for each in life.executions]
    errors = [error for each in executions if (error := _error_bps(each, market, paper)) is not None]
    of_all, without = np.array(errors), len(executions) - len(errors)
    if not errors:
        return PriceError(0, without, None, None, None, None)
    low, high = mean_interval(of_all)
    return PriceError(len(errors), without, float(of_all.mean()), low, high, float(np.median(of_all)))


def _error_bps(executed: Executed, market: Market, paper: PaperBroker) -> float | None:
    mark = _bar_of(executed, market)
    taken = None if mark is None else paper.taken_at(executed.order, mark)
    return None if taken is None else worse_bps(executed.order.side, executed.price, taken[0])


def _bar_of(executed: Executed, market: Market) -> Signal | None:
    """Return the bar in which an execution was, None where the pair has none then."""
    of, at_ms = market.pairs[market.numbers[executed.order.pair]], executed.fill.filled_at_ms
    place = int(np.searchsorted(of.bars.starts_ms, at_ms, side="right")) - 1
    if place < 0 or at_ms >= int(of.bars.starts_ms[place]) + market.interval_ms:
        return None
    return of.signal(market.account.name, place)


def mean_interval(values: Floats) -> tuple[float, float]:
    """Return where 95 in 100 means of as many values drawn from `values` lie: a bootstrap's percentiles.

    Parameters
    ----------
    values
        Shape (n,), at least one.

    Returns
    -------
    tuple[float, float]
        The same for the same values.

    Examples
    --------
    >>> mean_interval(np.array([3.0, 3.0]))
    (3.0, 3.0)
    """
    rng = np.random.default_rng(_SEED)
    means = [values[rng.integers(len(values), size=len(values))].mean() for _ in range(_SAMPLES)]
    low, high = np.percentile(means, _OUTER_PCT)
    return float(low), float(high)


def filled(theirs: Mapping[str, Life], ours: Mapping[str, Life], interval_ms: int) -> Filled:
    """Compare shares and delays of the orders that both sides have sent.

    Parameters
    ----------
    theirs, ours
        By id, at the venue and on paper.
    interval_ms
        How long a bar is.

    Returns
    -------
    Filled
        Of all of them.
    """
    both = [(theirs[name], ours[name]) for name in theirs if name in ours and _was_sent(theirs[name], ours[name])]
    if not both:
        return Filled(0, None, None, 0, None, None, 0)
    shares = [(float(one.share_filled), float(other.share_filled)) for one, other in both]
    waits = [_waited_ms(life) for life, _ in both if life.executions]
    seconds = np.array(waits) / 1_000
    venue_share, paper_share = (sum(of) / len(shares) for of in zip(*shares, strict=True))
    return Filled(
        orders=len(both),
        venue_share=venue_share,
        paper_share=paper_share,
        other=sum(one != other for one, other in shares),
        delay_seconds=float(np.median(seconds)) if waits else None,
        longest_seconds=float(seconds.max()) if waits else None,
        late=sum(_bars_apart(pair, interval_ms) > 0 for pair in both if all(each.executions for each in pair)),
    )


def _was_sent(*lives: Life) -> bool:
    return all(life.first.purpose != "protect" and life.first.status == "PLACED" for life in lives)


def _waited_ms(life: Life) -> int:
    return life.executions[0].fill.filled_at_ms - life.first.decided_at_ms


def _bars_apart(lives: Sequence[Life], interval_ms: int) -> int:
    """Return how many bars later the first of two was filled whole than the other."""
    bars = [each.executions[-1].fill.filled_at_ms // interval_ms for each in lives]
    return bars[0] - bars[1]
