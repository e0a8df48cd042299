"""Whether what a model sees and says is still spread as in training: counts by bin, in the pair's state."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from contracts.prediction import AnyPrediction
from modeling.facts import ModelFacts
from modeling.sequence import Run
from modeling.stability import SAID, Spread

_DIGITS = 6

#: Of each spread, how many values came in each of its bins.
Bins = list[list[int]]


class Seen(NamedTuple):
    """What a model saw of a row and said of it.

    Attributes
    ----------
    spreads
        How they were spread in training: inputs, then what is said.
    values
        As many, or one fewer where it did not speak.
    """

    spreads: Sequence[Spread]
    values: Sequence[float]


def seen_of(run: Run, facts: ModelFacts | None, predictions: Sequence[AnyPrediction]) -> Seen | None:
    """Return what the model of the last prediction saw on the last bar, and said.

    None where it could see nothing, or does not know how it was in training.

    Parameters
    ----------
    run
        With the row as its last bar.
    facts
        Of the version that spoke; None if it is not to be had.
    predictions
        Of the row.
    """
    if facts is None or not facts.stability or not predictions or predictions[-1].reason not in ("ok", "unfamiliar"):
        return None
    values = run.bars[-1].inputs(facts.inputs) if run.bars else None
    if values is None:
        return None
    up = predictions[-1].probability_up
    return Seen(facts.stability, values if up is None else [*values, up])


def counted(bins: Bins | None, seen: Seen) -> Bins:
    """Return the counts with those of a row added."""
    counts = bins or [[0] * len(spread.shares) for spread in seen.spreads]
    for spread, value, of_spread in zip(seen.spreads, seen.values, counts, strict=False):
        of_spread[spread.bin_of(value)] += 1
    return counts


def shift(spreads: Sequence[Spread], before: Bins, now: Bins, least: int) -> dict[str, Any]:
    """Return what `ModelQuality` has of two windows.

    Parameters
    ----------
    spreads
        Of training.
    before, now
        Counts of a window and the one before it.
    least
        Values without which there is no index of a number.
    """
    indices: dict[str, float] = {}
    excesses: dict[str, float] = {}
    for spread, first, second in zip(spreads, before, now, strict=True):
        together = [one + other for one, other in zip(first, second, strict=True)]
        if sum(together) >= least:
            indices[spread.name] = spread.index(together)
            if spread.name != SAID:  # which is told and no alarm: trees say other things of what they have learned
                excesses[spread.name] = indices[spread.name] / spread.limit
    if not excesses:
        return {}
    most = max(excesses, key=lambda name: excesses[name])
    inputs = {name: index for name, index in indices.items() if name != SAID}
    return {
        "input_psi": json.dumps(inputs),
        "prediction_psi": indices.get(SAID),
        "psi_excess": round(excesses[most], _DIGITS),
        "psi_most": most,
    }
