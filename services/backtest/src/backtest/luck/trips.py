"""An account's positions as bars: when each begins and ends, and what prices did meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from backtest.engine import Outcome
from backtest.market import Market
from contracts.fill import Fill

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Trips:
    """The positions of one pair, one after the other.

    Parameters
    ----------
    begins, ends
        Bars of the first and the last fill; what is held at the end ends with the last bar.
    opens
        Logarithm of each bar's open.
    """

    begins: Integers
    ends: Integers
    opens: Floats

    def __len__(self) -> int:
        return len(self.begins)

    @property
    def gained(self) -> float:
        """Sum of log returns from the open at which each began to that at which it ended."""
        return float((self.opens[self.ends] - self.opens[self.begins]).sum())


def trips_of(outcome: Outcome) -> list[Trips]:
    """Return the positions of each pair.

    Parameters
    ----------
    outcome
        Of the engine.

    Returns
    -------
    list[Trips]
        In the order of the market's pairs; empty ones for pairs that were never held.
    """
    market = outcome.market
    spans: list[list[tuple[int, int]]] = [[] for _ in market.pairs]
    held: dict[str, tuple[Decimal, int]] = {}
    for fill in (each for each in outcome.messages if isinstance(each, Fill)):
        bar = min(int(np.searchsorted(market.starts_ms, fill.filled_at_ms, side="right")) - 1, len(market) - 1)
        before, begun = held.get(fill.pair, (Decimal(0), bar))
        moved = Decimal(fill.quantity) if fill.side == "buy" else -Decimal(fill.quantity)
        after = before + moved - Decimal(fill.fee_base)
        if fill.side == "sell" and after <= 0:
            spans[market.numbers[fill.pair]].append((begun, bar))
            held.pop(fill.pair, None)
        else:
            held[fill.pair] = (after, begun)
    for pair, (_, begun) in held.items():
        spans[market.numbers[pair]].append((begun, len(market) - 1))
    return [_trips(market, number, each) for number, each in enumerate(spans)]


def _trips(market: Market, number: int, spans: list[tuple[int, int]]) -> Trips:
    begins, ends = np.array(spans, np.int64).reshape(-1, 2).T
    bars, places = market.pairs[number].bars, np.maximum(market.places[number], 0)
    # Where a pair has no bar its last close is what is known.
    prices = np.where(market.present[number], bars.columns["open"][places], bars.columns["close"][places])
    return Trips(begins, ends, np.log(prices))
