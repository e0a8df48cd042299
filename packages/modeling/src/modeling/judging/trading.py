"""What would have been left of a model's forecasts, had they been traded as signals and execution trade them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TradingRule:
    """How forecasts become positions: long where a rise is expected surely enough, flat where a fall is.

    Parameters
    ----------
    minimum_confidence
        Below it a forecast is no reason to buy.
    cooldown_bars
        Bars that end between a fill of a pair and the next that buys; a sale never waits.
    cost_bps
        Fee and slippage of each side, basis points.
    """

    minimum_confidence: float
    cooldown_bars: int
    cost_bps: float


@dataclass(frozen=True, slots=True)
class Traded:
    """What a model's forecasts came to.

    Parameters
    ----------
    gross, net
        Log return of each sample: from the bar after it to the bar after the pair's next sample, without and with
        costs; 0 while flat.
    buys
        How many positions were opened.
    """

    gross: Floats
    net: Floats
    buys: int


def trade(
    times_ms: NDArray[np.int64],
    pairs: NDArray[np.int64],
    next_opens: Floats,
    probabilities: Floats,
    rule: TradingRule,
    interval_ms: int,
) -> Traded:
    """Trade each pair by itself: decide on a final bar, fill at the next bar's open, pay each side.

    A bar that is no sample decides nothing, and neither does one after which no bar opens. A position that is open at
    the end is sold at the last open that is known.

    Parameters
    ----------
    times_ms, pairs
        Window and pair of each sample.
    next_opens
        Open of the bar after it; NaN where there is none.
    probabilities
        Of a rise.
    rule
        The rule.
    interval_ms
        Length of a bar.

    Returns
    -------
    Traded
        In the order of the samples.
    """
    gross, net = np.zeros(len(times_ms)), np.zeros(len(times_ms))
    buys = 0
    for pair in np.unique(pairs):
        own = np.flatnonzero((pairs == pair) & np.isfinite(next_opens))
        own = own[np.argsort(times_ms[own], kind="stable")]
        if len(own) < 2:
            continue
        held, changed = _positions(times_ms[own] // interval_ms, probabilities[own], rule)
        changed[-1], held[-1] = held[-2], False
        moves = np.diff(np.log(next_opens[own]), append=np.log(next_opens[own[-1]]))
        gross[own] = held * moves
        net[own] = gross[own] - changed * rule.cost_bps / 10_000
        buys += int((changed & held).sum())
    return Traded(gross, net, buys)


def _positions(
    bars: NDArray[np.int64], probabilities: Floats, rule: TradingRule
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether the pair is held after each sample, and whether that changed there."""
    held, changed = np.zeros(len(bars), dtype=bool), np.zeros(len(bars), dtype=bool)
    long, decided_at = False, -(10**12)
    for place, (bar, up) in enumerate(zip(bars.tolist(), probabilities.tolist(), strict=True)):
        may_buy = up > 0.5 and up >= rule.minimum_confidence and bar - decided_at >= rule.cooldown_bars
        if (up < 0.5) if long else may_buy:
            long, decided_at, changed[place] = not long, bar, True
        held[place] = long
    return held, changed
