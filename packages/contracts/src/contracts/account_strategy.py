"""A strategy of an account: what decides, for which of its pairs, with which parameters."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from contracts.units import Pair

PREDICTION = "prediction"


class AccountStrategy(BaseModel):
    """What decides for some pairs of an account; within an account each pair has one strategy.

    Attributes
    ----------
    strategy, parameters
        The name of a strategy that comes along, or the path of a file; and its parameters.
    pairs
        For which it decides.
    minimum_confidence
        Predictions below it are no reason to trade, for the strategy ``prediction``; None: as the account says.
    source
        The text of the file, where that travels with the account: `strategy` only names it then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: str = Field(min_length=1, description="a strategy's name, or a path ending in .py")
    pairs: tuple[Pair, ...] = Field(min_length=1)
    parameters: dict[str, int | float] = Field(default_factory=dict, description="of the strategy")
    minimum_confidence: float | None = Field(default=None, ge=0.5, le=1)
    source: str | None = Field(default=None, description="text of the file; by default it is read from its path")
