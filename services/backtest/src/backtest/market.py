"""The bars of an account's pairs on one clock: what the scan reads, and the messages of a bar."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from backtest.bars import GAP, clock_of
from backtest.core.scan import Track
from backtest.days import day_numbers
from backtest.decided import SHORT_SELL, Decided
from contracts.account import Account
from contracts.signal import Signal
from contracts.units import MS_PER_SECOND
from execution.core.account.closes import Closes
from execution.core.policy import Policy

#: Of bars: what was decided, with a complete candle and without.
SCANNED = SHORT_SELL + 1
KINDS = 2 * SCANNED


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
    day_starts
        The bars that begin a trading day.
    track
        What the scan reads.
    first
        The first bar that is traded; those before it are there for what looks back to them.
    """

    account: Account
    pairs: tuple[Decided, ...]
    starts_ms: NDArray[np.int64]
    interval_ms: int
    places: NDArray[np.int64]
    present: NDArray[np.bool_]
    day_starts: list[int]
    track: Track
    first: int = 0

    def between(self, since_ms: int, until_ms: int) -> Market:
        """Return the same with only bars that begin in ``since_ms <= time < until_ms`` traded.

        Returns
        -------
        Market
            With those before as what has been, and without those after.
        """
        first, end = self.starts_ms.searchsorted([since_ms, until_ms]).tolist()
        if end == len(self):
            return replace(self, first=first)
        return replace(
            self,
            starts_ms=self.starts_ms[:end],
            places=self.places[:, :end],
            present=self.present[:, :end],
            track=self.track.until(end),
            first=first,
        )

    def __len__(self) -> int:
        return len(self.starts_ms)

    def end_ms(self, bar: int) -> int:
        """Return when a bar ends."""
        return int(self.starts_ms[bar]) + self.interval_ms

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each pair."""
        return {each.bars.pair: number for number, each in enumerate(self.pairs)}

    def next_day(self, bar: int) -> int:
        """Return the first bar from `bar` on that is of another day than the bar before it."""
        place = bisect_left(self.day_starts, bar)
        return self.day_starts[place] if place < len(self.day_starts) else len(self)

    def closes(self, pairs: Iterable[str], bar: int) -> dict[str, Decimal]:
        """Return the last known closes of pairs after a bar."""
        return {pair: Decimal(self._close(self.numbers[pair], bar)) for pair in pairs}

    def _close(self, number: int, bar: int) -> str:
        return self.pairs[number].bars.texts["close"][int(self.places[number, bar])]

    def closes_before(self, number: int, bar: int, most: int) -> Closes:
        """Return the pair's last closes before a bar that it has, as an account that was awake remembers them."""
        bars, quoted = self.pairs[number].bars, self._quoted[number]
        before = int(np.searchsorted(quoted, self.places[number, bar]))
        places = quoted[max(before - most, 0) : before].tolist()
        return Closes(
            tuple(
                (int(bars.starts_ms[place]) + self.interval_ms, Decimal(bars.texts["close"][place]))
                for place in places
            )
        )

    @cached_property
    def _quoted(self) -> list[NDArray[np.int64]]:
        """By pair, the places of bars that are no gap."""
        return [np.flatnonzero(each.bars.qualities != GAP) for each in self.pairs]

    def signal(self, number: int, bar: int) -> Signal:
        """Return the last signal of the pair of this number, up to a bar."""
        return self.pairs[number].signal(self.account.name, int(self.places[number, bar]))


def market_of(
    account: Account, pairs: Mapping[str, Decided], policy: Policy, clock: NDArray[np.int64] | None = None
) -> Market:
    """Line up the pairs of an account.

    Parameters
    ----------
    account
        Whose.
    pairs
        By pair, its bars and what is said on them.
    policy
        When days begin, and what loss limits look at.
    clock
        When bars begin; None: wherever one of its pairs has one.

    Returns
    -------
    Market
        With a bar for each of the clock.
    """
    ordered = tuple(pairs[pair] for pair in sorted(account.pairs))
    every = [decided.bars for decided in ordered]
    starts = clock_of(every) if clock is None else clock
    places = np.array([np.searchsorted(bars.starts_ms, starts, side="right") - 1 for bars in every])
    begun = places >= 0
    at = np.maximum(places, 0)
    present = begun & np.array([bars.starts_ms[row] == starts for bars, row in zip(every, at, strict=True)])
    track = _track(ordered, at, begun, present, policy)
    # Of the bars that it has itself: others may have one at midnight that it has not.
    own = np.flatnonzero(present.any(axis=0))
    days = day_numbers(starts[own], policy.day_timezone)
    day_starts = own[np.flatnonzero(np.diff(days, prepend=days[:1] - 1))].tolist()
    return Market(account, ordered, starts, every[0].interval_s * MS_PER_SECOND, places, present, day_starts, track)


def _track(
    pairs: tuple[Decided, ...],
    at: NDArray[np.int64],
    begun: NDArray[np.bool_],
    present: NDArray[np.bool_],
    policy: Policy,
) -> Track:
    def column(name: str) -> NDArray[np.float64]:
        return np.array([each.bars.columns[name][row] for each, row in zip(pairs, at, strict=True)])

    close, low = np.where(begun, column("close"), np.nan), column("low")
    quality = np.array([each.bars.qualities[row] for each, row in zip(pairs, at, strict=True)])
    said = np.array([each.scanned[row] for each, row in zip(pairs, at, strict=True)])
    decision = np.where(present, said, 0).astype(np.int8)
    prices = (
        np.where(present, low, np.inf),
        np.where(present, column("high"), -np.inf),
        close,
        np.where(present, low, close) if policy.risk_mark == "low" else close,
    )
    incomplete = ~present | (quality == GAP)
    return Track(np.array(prices), decision, (decision + SCANNED * incomplete).astype(np.int8))
