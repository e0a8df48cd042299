"""What decides for an account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from contracts.account import Account
from contracts.prediction import Prediction
from contracts.signal import SignalReason, Target


@dataclass(frozen=True, slots=True)
class Decider:
    """An account and its strategy.

    Attributes
    ----------
    account
        For whom.
    strategy, strategy_hash
        The strategy's name, and the hash of its file and parameters.
    target
        What to hold by a prediction; None is no decision.
    undecided
        The reason to give where the model spoke and the strategy decides nothing.
    exits
        When what it opens ends whatever the target says, as `strategies.Exits` has it.
    """

    account: Account
    strategy: str
    strategy_hash: str
    target: Callable[[Prediction], Target | None]
    undecided: SignalReason
    exits: Mapping[str, float] = field(default_factory=dict)
