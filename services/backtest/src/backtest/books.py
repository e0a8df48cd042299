"""The books of an account bar by bar: columns of floats, and exact rows where they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from backtest.engine import Outcome
from contracts.pnl import Pnl
from contracts.units import EXACT
from execution.core.account.portfolio import Portfolio
from execution.core.account.valuation import balance, equity, pnl

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """An account's books at the end of each bar, quote currency.

    Attributes
    ----------
    balance, equity, exposure
        As of `contracts.pnl`.
    drawdown
        How far equity is below its highest so far.
    """

    balance: Floats
    equity: Floats
    exposure: Floats
    drawdown: Floats


def curve_of(outcome: Outcome) -> Curve:
    """Return the books as columns: between two wakes quantities stand still, so prices alone tell what changes.

    Returns
    -------
    Curve
        Floats, off by a few units in their last place.
    """
    market = outcome.market
    spans = [(begin, end, portfolio) for begin, end, portfolio in _spans(outcome)]
    lengths = [end - begin for begin, end, _ in spans]
    with localcontext(EXACT):
        money = np.repeat([float(balance(portfolio)) for *_, portfolio in spans], lengths)
        cost = np.repeat([float(_cost(portfolio)) for *_, portfolio in spans], lengths)
    exposure = np.zeros(len(market))
    for pair, number in market.numbers.items():
        held = [portfolio.holdings.get(pair) for *_, portfolio in spans]
        quantity = np.repeat([0.0 if each is None else float(each.quantity) for each in held], lengths)
        exposure += np.where(quantity != 0, quantity * market.track.close[number], 0.0)
    worth = money + exposure - cost
    highest = np.maximum.accumulate(np.maximum(worth, float(outcome.opened.initial_balance)))
    return Curve(money, worth, exposure, highest - worth)


def exact_books(outcome: Outcome) -> Iterator[Pnl]:
    """Yield the P&L of each bar as execution would have told it.

    Yields
    ------
    Pnl
        One for each bar.
    """
    market = outcome.market
    highest = outcome.opened.highest_equity
    for begin, end, portfolio in _spans(outcome):
        for bar in range(begin, end):
            with localcontext(EXACT):
                closes = market.closes(portfolio.holdings, bar)
                marks = {pair: replace(portfolio.marks[pair], close=close) for pair, close in closes.items()}
                highest = max(highest, equity(portfolio, closes), portfolio.highest_equity)
                marked = replace(portfolio, marks=marks, highest_equity=highest)
                told = pnl(marked, market.account.name, market.end_ms(bar))
            yield told


def _spans(outcome: Outcome) -> Iterator[tuple[int, int, Portfolio]]:
    """Yield [begin, end) of bars with the portfolio that was held at their end."""
    begin, portfolio = 0, outcome.opened
    for bar, after in zip(outcome.awake, outcome.portfolios, strict=True):
        if bar > begin:
            yield begin, bar, portfolio
        begin, portfolio = bar, after
    if begin < len(outcome.market):
        yield begin, len(outcome.market), portfolio


def _cost(portfolio: Portfolio) -> Decimal:
    return sum((each.cost_quote for each in portfolio.holdings.values()), Decimal(0))
