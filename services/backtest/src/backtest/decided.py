"""What a strategy says on the bars of a pair, as columns; as messages where they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from backtest.bars import GAP, Bars
from contracts.candle import QUALITIES
from contracts.signal import DECISION_OF, SAID, SHORT, Decision, Signal, SignalReason, Target
from contracts.strategy_setting import Switch
from contracts.trusted import changed
from contracts.units import MS_PER_SECOND
from features.blocks import Floats
from strategies.formulas import formulas_of
from strategies.running import Rows, targets
from strategies.strategy import Strategy

#: What a signal decides, by its number in columns.
DECISIONS: tuple[Decision, ...] = ("none", "buy", "sell")
#: What a signal copies from a prediction, and what it says where there is none.
NOTHING_SAID: Mapping[str, Any] = dict.fromkeys((*SAID, "prediction_id"))
#: To a scan a sell of what is to be held short is a decision of its own.
SHORT_SELL = len(DECISIONS)
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
    warm
        Whether there were as many bars without a hole as the strategy waits for.
    expiry_seconds
        For how long an entry may wait.
    undecided
        The reason to give where all is known and nothing is decided.
    exits
        When a position ends whatever the targets say, as `strategies.Exits` has it.
    switch
        Whether operators let the strategy decide.
    """

    bars: Bars
    strategy: str
    strategy_hash: str
    targets: NDArray[np.int8]
    decisions: NDArray[np.int8]
    warm: NDArray[np.bool_]
    expiry_seconds: int
    undecided: SignalReason = "undecided"
    exits: Mapping[str, Any] = field(default_factory=dict)
    switch: Switch = "on"
    _made: dict[str, Signal] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __getitem__(self, part: slice) -> Decided:
        """Return the same of some of the bars."""
        return replace(
            self,
            bars=self.bars[part],
            targets=self.targets[part],
            decisions=self.decisions[part],
            warm=self.warm[part],
        )

    def reason(self, place: int) -> SignalReason:
        """Return why a bar's signal says what it says."""
        if self.switch == "on" and self.targets.item(place) != _UNKNOWN:
            return "confident"
        if self.switch != "on":
            return "off"
        if self.bars.qualities[place] == GAP:
            return "gap"
        if self.bars.said:
            spoke: str | None = self.bars.said["reason"][place]
            if spoke is None:
                return "no_prediction"
            if spoke != "ok":
                return cast(SignalReason, spoke)
            if self.bars.said["direction"][place] == 0:
                return "no_direction"
        if not self.warm[place]:
            return "not_warm"
        return self.undecided

    def said(self, place: int) -> dict[str, Any]:
        """Return what a bar's signal copies from a prediction."""
        said = self.bars.said
        return {name: said[name][place] for name in NOTHING_SAID} if said else dict(NOTHING_SAID)

    @property
    def scanned(self) -> NDArray[np.int8]:
        """What the scan sees: places in `DECISIONS`, or `SHORT_SELL`."""
        return np.where(self.targets == SHORT, SHORT_SELL, self.decisions).astype(np.int8)

    def switched(self, switch: Switch) -> Decided:
        """Return the same bars with the strategy switched off, or on as it is."""
        if switch == "on":
            return self
        found = np.full(len(self.bars), 0.0 if switch == "sell" else np.nan)
        whole, decisions = columns_of(found, self.bars)
        return replace(self, targets=whole, decisions=decisions, switch=switch)

    def signal(self, account: str, place: int) -> Signal:
        """Return what is said to an account after a bar."""
        bars, texts, target = self.bars, self.bars.texts, self.targets.item(place)
        start_ms, known = bars.starts_ms.item(place), self._made.get(account)
        decided = self.switch == "on" and target != _UNKNOWN
        return changed(
            known or self._alike(account),
            target=None if target == _UNKNOWN else target,
            window_start_ms=start_ms,
            decision=DECISIONS[self.decisions.item(place)],
            reason="confident" if decided else self.reason(place),
            expires_at_ms=start_ms + (bars.interval_s + self.expiry_seconds) * MS_PER_SECOND,
            **(self.said(place) if bars.said else {}),  # those that they have in common are null
            mark_open=texts["open"][place],
            mark_high=texts["high"][place],
            mark_low=texts["low"][place],
            mark_close=texts["close"][place],
            mark_volume=texts["volume"][place],
            mark_trade_count=bars.trade_counts.item(place),
            mark_quality=QUALITIES[bars.qualities.item(place)],
        )

    def _alike(self, account: str) -> Signal:
        """Return what all signals to an account have in common, checked once."""
        if account not in self._made:
            bars = self.bars
            self._made[account] = Signal(
                account=account,
                strategy=self.strategy,
                strategy_hash=self.strategy_hash,
                exchange=bars.exchange,
                pair=bars.pair,
                interval_s=bars.interval_s,
                window_start_ms=0,
                decision="none",
                reason=self.undecided,
                expires_at_ms=0,
                **NOTHING_SAID,
                mark_open="1",
                mark_high="1",
                mark_low="1",
                mark_close="1",
                mark_trade_count=0,
                mark_quality="complete",
                **self.exits,
            )
        return self._made[account]


def decide(strategy: Strategy, name: str, digest: str, bars: Bars, expiry_seconds: int) -> Decided:
    """Return what a strategy says on bars, all at once; of a gap, whose prices are no market's, nothing.

    Parameters
    ----------
    strategy, name, digest
        With its parameters; its name, and the hash of its file and parameters.
    bars
        Of one pair, with what the strategy asks for.
    expiry_seconds
        For how long an entry may wait.

    Returns
    -------
    Decided
        One target for each bar.
    """
    rows = Rows(bars.starts_ms, bars.columns, bars.given, bars.interval_s)
    whole, decisions = columns_of(targets(strategy, rows), bars)
    warm = _consecutive(bars) >= formulas_of(strategy, bars.interval_s).warm_up_bars
    return Decided(bars, name, digest, whole, decisions, warm, expiry_seconds, exits=strategy.exits.as_json())


def columns_of(found: Floats, bars: Bars) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return what was found to hold as columns: targets, and the same as places in `DECISIONS`.

    Parameters
    ----------
    found
        1, 0, -1, or NaN for no decision.
    bars
        Of a gap, whose prices are no market's, nothing is decided.

    Returns
    -------
    tuple[NDArray[np.int8], NDArray[np.int8]]
        As `Decided` has them.
    """
    unknown = np.isnan(found) | (bars.qualities == GAP)
    whole = np.where(unknown, _UNKNOWN, found).astype(np.int8)
    decisions = np.zeros(len(bars), np.int8)
    for target, decision in DECISION_OF.items():
        decisions[whole == (_UNKNOWN if target is None else target)] = DECISIONS.index(decision)
    return whole, decisions


def _consecutive(bars: Bars) -> NDArray[np.int64]:
    """Return how many bars, each itself included, there were since the last hole."""
    places = np.arange(len(bars))
    begins = np.diff(bars.starts_ms, prepend=bars.starts_ms[:1]) != bars.interval_s * MS_PER_SECOND
    first: NDArray[np.int64] = np.maximum.accumulate(np.where(begins, places, 0))
    return places - first + 1


def target_of(number: int) -> Target | None:
    """Return the target that a number of `Decided.targets` stands for.

    Returns
    -------
    Target | None
        None: no decision.
    """
    return None if number == _UNKNOWN else cast(Target, number)
