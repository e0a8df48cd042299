"""The bars of an account's pairs on one clock: what the scan reads, and the messages of a bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from backtest.bars import GAP, Bars, clock_of
from backtest.core.scan import Track
from backtest.decided import DECISIONS, Decided
from contracts.account import Account
from contracts.signal import Signal
from contracts.units import MS_PER_SECOND, to_float
from execution.core.account.mark import Mark
from execution.core.policy import Policy


@dataclass(frozen=True)
class Market:
    """An account's pairs, in sorted order.

    Attributes
    ----------
    account
        Whose.
    pairs
        Its decisions on the bars of each pair.
    starts_ms
        When a bar of any pair begins.
    places
        By pair and bar, the place of its last bar that has begun; -1 before its first.
    present
        By pair and bar, whether it has a bar then.
    track
        What the scan reads.
    """

    account: Account
    pairs: Mapping[str, Decided]
    starts_ms: NDArray[np.int64]
    interval_ms: int
    places: NDArray[np.int64]
    present: NDArray[np.bool_]
    track: Track

    def __len__(self) -> int:
        return len(self.starts_ms)

    def end_ms(self, bar: int) -> int:
        """Return when a bar ends."""
        return int(self.starts_ms[bar]) + self.interval_ms

    def signal(self, number: int, bar: int) -> Signal:
        """Return what the pair of this number says on a bar that it has."""
        decided = list(self.pairs.values())[number]
        return decided.signal(self.account.name, int(self.places[number, bar]))

    def mark(self, pair: str, number: int, bar: int) -> Mark:
        """Return the mark of a pair after a bar, as its last signal left it."""
        place = int(self.places[number, bar])
        return self.pairs[pair].mark(self.account.name, place)


def market_of(account: Account, pairs: Mapping[str, Decided], policy: Policy) -> Market:
    """Line up the pairs of an account.

    Returns
    -------
    Market
        With a bar wherever one of them has one.
    """
    ordered = {pair: pairs[pair] for pair in sorted(account.pairs)}
    every = [decided.bars for decided in ordered.values()]
    starts = clock_of(every)
    places = np.array([np.searchsorted(bars.starts_ms, starts, side="right") - 1 for bars in every])
    begun = places >= 0
    at = np.maximum(places, 0)
    present = begun & np.array([bars.starts_ms[row] == starts for bars, row in zip(every, at, strict=True)])
    track = _track(list(ordered.values()), at, begun, present, policy)
    return Market(account, ordered, starts, every[0].interval_s * MS_PER_SECOND, places, present, track)


def _track(
    pairs: list[Decided],
    at: NDArray[np.int64],
    begun: NDArray[np.bool_],
    present: NDArray[np.bool_],
    policy: Policy,
) -> Track:
    def column(name: str) -> NDArray[np.float64]:
        return np.array([each.bars.columns[name][row] for each, row in zip(pairs, at, strict=True)])

    close, low = np.where(begun, column("close"), np.nan), column("low")
    quality = np.array([each.bars.qualities[row] for each, row in zip(pairs, at, strict=True)])
    said = np.array([each.decisions[row] for each, row in zip(pairs, at, strict=True)])
    return Track(
        low=np.where(present, low, np.inf),
        high=np.where(present, column("high"), -np.inf),
        close=close,
        risk=np.where(present, low, close) if policy.risk_mark == "low" else close,
        incomplete=~present | (quality == GAP),
        decision=np.where(present, said, 0).astype(np.int8),
    )
