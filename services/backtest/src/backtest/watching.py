"""What the parts of a step say of their wakes, put together for the scan: exact levels to floats, towards waking."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache, reduce
from operator import or_

import numpy as np

from backtest.core.scan import QUANTITY, Watch
from backtest.decided import DECISIONS, SHORT_SELL
from backtest.market import KINDS, SCANNED, Market
from contracts.signal import Decision
from contracts.wakes import Wakes
from execution.core.account.portfolio import Portfolio
from execution.core.account.valuation import balance

#: A bit for each kind of bar, as `Market.track` numbers them: what was decided, with a complete candle and without.
_BOTH = 1 | 1 << SCANNED
_SHORTS = _BOTH << SHORT_SELL
_INCOMPLETE = (1 << KINDS) - (1 << SCANNED)
_BITS = {decision: _BOTH << number for number, decision in enumerate(DECISIONS)}
_BITS["sell"] |= _SHORTS  # which a short is too
#: Wider than what one conversion to a float can be off.
_OUTWARDS = 1e-14


@cache
def _bits(decisions: frozenset[Decision]) -> int:
    return reduce(or_, map(_BITS.__getitem__, decisions), 0)


def watch_of(market: Market, portfolio: Portfolio, every: Iterable[Wakes]) -> Watch:
    """Return what the scan looks out for; bounds on equity become bounds on what all holdings are worth.

    Returns
    -------
    Watch
        Arrays in the order of the market's pairs.
    """
    numbers = market.numbers
    pairs = len(numbers)
    quantity, low, high, acts = [0.0] * pairs, [-math.inf] * pairs, [math.inf] * pairs, [0] * pairs
    least, most = -math.inf, math.inf
    fixed = fixed_of(portfolio)
    for pair, holding in portfolio.holdings.items():
        quantity[numbers[pair]] = float(holding.quantity)
    for wakes in every:
        least, most = _bounds(wakes, fixed, least, most)
        for pair, level in wakes.low_at_most.items():
            low[numbers[pair]] = max(low[numbers[pair]], float(level))
        for pair, level in wakes.high_at_least.items():
            high[numbers[pair]] = min(high[numbers[pair]], float(level))
        for pair in wakes.incomplete:
            acts[numbers[pair]] |= _INCOMPLETE
        for pair, decisions in wakes.decisions.items():
            acts[numbers[pair]] |= _bits(decisions)
        for pair in wakes.shorts:
            acts[numbers[pair]] |= _SHORTS
    levels = np.array(quantity + low + high).reshape(3, pairs)
    return Watch(levels, np.array(acts, np.int64), float(fixed), least, most)


def watch_of_sum(watches: Sequence[Watch], portfolios: Iterable[Portfolio], every: Iterable[Wakes]) -> Watch:
    """Return what is looked out for over all accounts of an owner: what they hold together, and its worth alone.

    Returns
    -------
    Watch
        Arrays in the order of `watches`.
    """
    quantity = np.concatenate([each.levels[QUANTITY] for each in watches])
    fixed, least, most = sum(map(fixed_of, portfolios), Decimal(0)), -math.inf, math.inf
    for wakes in every:
        least, most = _bounds(wakes, fixed, least, most)
    never = np.full_like(quantity, math.inf)
    levels = np.array([quantity, -never, never])
    return Watch(levels, np.zeros(len(quantity), np.int64), float(fixed), least, most)


def fixed_of(portfolio: Portfolio) -> Decimal:
    """Return what equity is beyond the worth of all holdings: it stays as it is while an account sleeps.

    Returns
    -------
    Decimal
        Quote currency.
    """
    return balance(portfolio) - sum((each.cost_quote for each in portfolio.holdings.values()), Decimal(0))


def _bounds(wakes: Wakes, fixed: Decimal, least: float, most: float) -> tuple[float, float]:
    """Return bounds on what all holdings are worth, the nearer of those known and those that follow from equity's."""
    if wakes.equity_at_most is not None:
        least = max(least, _outwards(wakes.equity_at_most - fixed, 1))
    if wakes.equity_at_least is not None:
        most = min(most, _outwards(wakes.equity_at_least - fixed, -1))
    return least, most


def stop_of(market: Market, begin: int, every: Iterable[Wakes]) -> int:
    """Return the first bar from `begin` on that time alone wakes at; the number of bars if none does.

    Returns
    -------
    int
        Of an account that `begin` is the next bar of.
    """
    stop = len(market)
    for wakes in every:
        if wakes.always:
            return begin
        if wakes.new_day:
            stop = min(stop, market.next_day(begin))
        if wakes.from_ms is not None:
            first_ms = wakes.from_ms - market.interval_ms
            stop = min(stop, max(begin, int(np.searchsorted(market.starts_ms, first_ms))))
    return stop


def _outwards(level: Decimal, sign: int) -> float:
    number = float(level)
    return number + sign * _OUTWARDS * abs(number)
