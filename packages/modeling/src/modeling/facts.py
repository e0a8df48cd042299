"""What the fold of predictions must know of a model."""

from __future__ import annotations

from dataclasses import dataclass

from modeling.input_list import InputList


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
    """

    name: str
    version: int
    inputs: InputList
    sequence_length: int
    horizon_bars: int
    interval_s: int
    trained_to_ms: int
    unproven: bool = True
