"""One decision of one strategy for one account, pair and final candle: 'none' and its reason included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from contracts.candle_mark import CandleMark
from contracts.mark import MarkedWindow
from contracts.prediction import Direction
from contracts.units import FiniteFloat

Decision = Literal["buy", "sell", "none"]
SignalReason = Literal[
    "confident",
    "below_confidence",
    "undecided",
    "not_warm",
    "gap",
    "unfamiliar",
    "cooldown",
    "no_direction",
    "no_prediction",
    "no_feature",
    "failed",
    "off",
    "refused",
]
Target = Literal[-1, 0, 1]
SHORT: Target = -1
#: What a target decides. Nothing is sold short yet: what says so holds nothing, and execution refuses it by name.
DECISION_OF: Mapping[Target | None, Decision] = {1: "buy", 0: "sell", SHORT: "sell", None: "none"}
#: How many parts `contracts.window.WindowMessage.window_id` has.
_OF_WINDOW = 4
#: What a signal copies from the prediction it was made of, beside its id.
SAID = ("direction", "probability_up", "confidence", "horizon_bars", "model_name", "model_version")


class Signal(MarkedWindow):
    """What a strategy has decided: each pair sends each account that follows it exactly one per final candle.

    `buy` asks to hold the pair, `sell` to hold none of it. The decision expires at `expires_at_ms` (event time).
    The `mark_*` fields carry the candle the decision was made on.

    Attributes
    ----------
    type
        Tells the messages of the topic apart.
    account
        Whose decision.
    strategy, strategy_hash
        What decided, and a hash of its file and parameters; null where that was written before there were strategies.
    target
        What it says to hold: 1 long, 0 nothing, -1 short; null is no decision.
    decision, reason
        What to do, and why.
    stop_pct, target_pct, trailing_pct, maximum_bars
        When a position that it opens ends whatever the target says, as `strategies.Exits` has it.
    direction, probability_up, confidence
        The prediction's; null where the strategy asks for none, or none came in time.
    horizon_bars
        The bars it speaks for: the prediction's horizon; null where the strategy names none.
    model_name, model_version, prediction_id
        Whose prediction, and which; null where there is none: it goes back to the feature row of its window then.
    """

    schema_name: ClassVar[str] = "signal"

    type: Literal["decision"] = "decision"
    account: str = Field(min_length=1)
    decision: Decision
    reason: SignalReason
    direction: Direction | None
    probability_up: FiniteFloat | None = Field(ge=0, le=1)
    confidence: FiniteFloat | None = Field(ge=0, le=1)
    expires_at_ms: int
    model_name: str | None = Field(min_length=1)
    model_version: int | None = Field(ge=1)
    prediction_id: str | None
    strategy: str | None = Field(None, min_length=1)
    strategy_hash: str | None = None
    target: Target | None = None
    stop_pct: FiniteFloat | None = Field(None, gt=0, lt=100)
    target_pct: FiniteFloat | None = Field(None, gt=0)
    trailing_pct: FiniteFloat | None = Field(None, gt=0, lt=100)
    maximum_bars: int | None = Field(None, ge=1)
    horizon_bars: int | None = Field(None, ge=1)

    @property
    def key(self) -> str:
        return self.account

    @property
    def decided_by(self) -> str | None:
        """What held when it was decided: the hash, and whether the strategy was switched off on the pair.

        Null where that was written before there were strategies. Two signals of one window that differ in it were
        decided under other settings.
        """
        return None if self.strategy_hash is None else decided_by(self.strategy_hash, self.reason, self.decision)

    @property
    def message_id(self) -> str:
        whose = self.account if self.strategy is None else f"{self.account}:{self.strategy}"
        return f"{whose}:{self.window_id}"


def decided_by(strategy_hash: str, reason: SignalReason, decision: Decision) -> str:
    """Return what held for a decision, from what its signal says.

    Parameters
    ----------
    strategy_hash, reason, decision
        Of the signal.

    Returns
    -------
    str
        The hash; behind it how the strategy was switched off, if it was.

    Examples
    --------
    >>> decided_by("5f", "confident", "sell"), decided_by("5f", "off", "none"), decided_by("5f", "off", "sell")
    ('5f', '5f off', '5f sell')
    """
    if reason != "off":
        return strategy_hash
    return f"{strategy_hash} {'sell' if decision == 'sell' else 'off'}"


def strategy_in(signal_id: str) -> str | None:
    """Return the strategy that an id names, as `Signal.message_id` writes it; None if it names none.

    That of a candle's mark does not, nor one from before there were strategies.

    Parameters
    ----------
    signal_id
        Of a signal or a mark: what an order and a fill go back to.

    Returns
    -------
    str | None
        The strategy's name.

    Examples
    --------
    >>> strategy_in("paper:sma_cross:kraken:BTC/USD:60:0"), strategy_in("paper:mark:kraken:BTC/USD:60:0")
    ('sma_cross', None)
    >>> strategy_in("paper:kraken:BTC/USD:60:0") is None
    True
    """
    _, *whose = signal_id.split(":")[:-_OF_WINDOW]
    return whose[0] if whose and whose[0] != CandleMark.model_fields["type"].default else None
