"""The same trades in another order, and drawn anew: how deep they could have fallen, and how often lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.engine import Outcome
from contracts.fill import Fill
from results.round_trips import round_trips

Floats = NDArray[np.float64]
_DRAWN = 2_000


@dataclass(frozen=True, slots=True)
class TradeOrder:
    """What the order of trades decides.

    Parameters
    ----------
    trips
        Positions that were closed.
    drawdown_pct
        The deepest fall as they came, from trade to trade.
    drawdown_95_pct
        The fall that 5 of 100 orders exceed.
    lost
        Of as many trades drawn anew from them, the share that ends below its beginning.
    """

    trips: int
    drawdown_pct: float
    drawdown_95_pct: float
    lost: float


def trade_returns(outcome: Outcome) -> Floats:
    """Return what each closed position brought, after fees, as a share of the money before it.

    Returns
    -------
    Floats
        In the order of their ends.
    """
    profits = [
        float(each.profit_quote) for each in round_trips(fill for fill in outcome.messages if isinstance(fill, Fill))
    ]
    before = float(outcome.opened.initial_balance) + np.concatenate([[0.0], np.cumsum(profits)[:-1]])
    found: Floats = np.array(profits) / before[: len(profits)]
    return found


def trade_order(returns: Sequence[float] | Floats, seed: int) -> TradeOrder:
    """Shuffle trades, and draw them anew.

    Parameters
    ----------
    returns
        Of each trade.
    seed
        Of all chance.

    Returns
    -------
    TradeOrder
        Zeros without trades.
    """
    trades = np.asarray(returns, float)
    if not len(trades):
        return TradeOrder(0, 0.0, 0.0, 0.0)
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(np.tile(trades, (_DRAWN, 1)), axis=1)
    anew = rng.choice(trades, (_DRAWN, len(trades)))
    falls = drawdowns_pct(shuffled)
    lost = float((np.log1p(anew).sum(axis=1) < 0).mean())
    return TradeOrder(len(trades), float(drawdowns_pct(trades[None])[0]), float(np.quantile(falls, 0.95)), lost)


def drawdowns_pct(returns: Floats) -> Floats:
    """Return the deepest fall of each row of returns, percent.

    Returns
    -------
    Floats
        Shape (rows,).

    Examples
    --------
    >>> drawdowns_pct(np.array([[0.1, -0.5, 0.2], [-0.5, 0.1, 0.2]])).round(6).tolist()
    [50.0, 50.0]
    """
    curves = np.cumprod(1 + np.concatenate([np.zeros((len(returns), 1)), returns], axis=1), axis=1)
    falls: Floats = 100 * (1 - curves / np.maximum.accumulate(curves, axis=1)).max(axis=1)
    return falls
