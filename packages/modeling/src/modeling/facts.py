"""What the fold of predictions must know of a model, and what a model answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from modeling.input_list import InputList
from modeling.stability import Spread

#: Digits of a novelty that are compared and published: the rest differs between processors.
NOVELTY_DIGITS = 4


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A registered model.

    Parameters
    ----------
    name, version
        Registered name and version number, never an alias.
    inputs
        What it sees of a bar.
    sequence_length, horizon_bars
        Bars it sees and bars it looks ahead.
    interval_s
        Length of its bars; rows of other intervals are not its business.
    trained_to_ms
        End of its training data, exclusive: what begins before it was seen in training and is never predicted.
    unproven
        Whether its recipe has not passed the gate.
    novelty_threshold
        Novelty above which it does not speak; None of a version that does not know how far it is.
    stability
        How each of its inputs, and at last what it says, was spread in training; empty if it does not know.
    """

    name: str
    version: int
    inputs: InputList
    sequence_length: int
    horizon_bars: int
    interval_s: int
    trained_to_ms: int
    unproven: bool = True
    novelty_threshold: float | None = None
    stability: tuple[Spread, ...] = ()


class Answer(NamedTuple):
    """What a model says of a sequence.

    Attributes
    ----------
    probability_up
        Probability of a higher close at the horizon.
    novelty
        How far the sequence is from what it was trained on, 1 for as far as training rows are on average; None of a
        model that does not say.
    """

    probability_up: float
    novelty: float | None = None
