"""What a strategy says on the bars of a pair, as columns; as messages where they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from backtest.bars import GAP, Bars
from contracts.candle import QUALITIES
from contracts.signal import Decision, Signal, SignalReason, Target
from contracts.units import MS_PER_SECOND
from execution.core.account.mark import Mark
from strategies.running import Rows, targets
from strategies.strategy import Strategy

#: What a signal decides, by its number in columns.
DECISIONS: tuple[Decision, ...] = ("none", "buy", "sell")
_NONE, _BUY, _SELL = range(3)
#: Stands for no decision where targets are whole numbers.
_UNKNOWN = 9


@dataclass(frozen=True)
class Decided:
    """The bars of a pair, and what a strategy says after each.

    Attributes
    ----------
    bars
        Of the pair.
    strategy, strategy_hash
        Whose targets.
    targets
        After each bar: 1, 0, -1, or 9 for no decision.
    decisions
        The same as places in `DECISIONS`.
    expiry_seconds
        For how long an entry may wait.
    """

    bars: Bars
    strategy: str
    strategy_hash: str
    targets: NDArray[np.int8]
    decisions: NDArray[np.int8]
    expiry_seconds: int
