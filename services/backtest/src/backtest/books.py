"""The books of an account bar by bar: columns of floats, and exact rows where they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backtest.engine import Outcome
from backtest.standing import Standing
from contracts.pnl import Pnl
from contracts.units import EXACT, decimal_string
from execution.core.account.valuation import equity

Floats = NDArray[np.float64]
_ZERO = Decimal(0)


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
    spans = list(_spans(outcome))
    lengths = [end - begin for begin, end, _ in spans]
    with localcontext(EXACT):
        money = np.repeat([float(standing.balance) for *_, standing in spans], lengths)
        cost = np.repeat([float(standing.cost) for *_, standing in spans], lengths)
    exposure = np.zeros(len(market) - market.first)
    for pair, number in market.numbers.items():
        held = [standing.holdings.get(pair) for *_, standing in spans]
        quantity = np.repeat([0.0 if each is None else float(each.quantity) for each in held], lengths)
        exposure += np.where(quantity != 0, quantity * market.track.close[number, market.first :], 0.0)
    worth = money + exposure - cost
    highest = np.maximum.accumulate(np.maximum(worth, float(outcome.opened.initial_balance)))
    return Curve(money, worth, exposure, highest - worth)


def exact_books(outcome: Outcome) -> dict[str, list[Any]]:
    """Return the P&L of each bar exactly as execution would have told it, a list for each field of `contracts.pnl`.

    Returns
    -------
    dict[str, list[Any]]
        One value for each bar.
    """
    rows: list[tuple[Any, ...]] = []
    highest = outcome.opened.highest_equity
    with localcontext(EXACT):
        for begin, end, standing in _spans(outcome):
            highest = max(highest, standing.highest_equity)
            bars = range(begin, end)
            if standing.holdings:
                span, highest = _held(outcome, bars, standing, highest)
                rows += span
            else:
                rows += [_row(standing, highest, _ZERO)] * len(bars)
    market = outcome.market
    ends = (market.starts_ms[market.first :] + market.interval_ms).tolist()
    names = tuple(Pnl.model_fields)
    told = {name: list(column) for name, column in zip(names[2:], zip(*rows, strict=True), strict=True)}
    return {"account": [market.account.name] * len(ends), "time_ms": ends, **told}


def equity_at_end(outcome: Outcome) -> Decimal:
    """Return what an account is worth at the last close, which it may have slept through.

    Returns
    -------
    Decimal
        Quote currency, exact.
    """
    market, portfolio = outcome.market, outcome.portfolio
    with localcontext(EXACT):
        return equity(portfolio, market.closes(portfolio.holdings, len(market) - 1))


def _held(
    outcome: Outcome, bars: range, standing: Standing, highest: Decimal
) -> tuple[list[tuple[Any, ...]], Decimal]:
    """Return rows of bars on which something is held, and the highest equity after them."""
    rows, fixed = [], standing.balance - standing.cost
    for bar in bars:
        exposure = standing.exposure(outcome.market.closes(standing.holdings, bar))
        highest = max(highest, fixed + exposure)
        rows.append(_row(standing, highest, exposure))
    return rows, highest


def _row(standing: Standing, highest: Decimal, exposure: Decimal) -> tuple[Any, ...]:
    """Return the fields of a P&L from `balance` on."""
    floating = exposure - standing.cost
    now = standing.balance + floating
    amounts = (
        standing.balance,
        now,
        standing.realised,
        floating,
        standing.fees,
        exposure,
        max(_ZERO, highest - now),
        max(_ZERO, standing.day_start_balance - now),
    )
    return (*map(decimal_string, amounts), standing.state)


def _spans(outcome: Outcome) -> Iterator[tuple[int, int, Standing]]:
    """Yield [begin, end) of bars with how the account stood at their end."""
    begin = outcome.market.first
    standing = Standing.of(begin, outcome.opened)
    for after in outcome.standings:
        if after.bar > begin:
            yield begin, after.bar, standing
        begin, standing = after.bar, after
    if begin < len(outcome.market):
        yield begin, len(outcome.market), standing
