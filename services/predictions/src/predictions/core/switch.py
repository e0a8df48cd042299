"""Which version speaks for a pair, kept with its state; each change is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from contracts.model_event import ModelEvent
from contracts.prediction import AnyPrediction
from contracts.state import State

_VERSION = "version"


def last_version(state: State) -> int | None:
    """Return the version that spoke for the pair last; None before the first."""
    found: int | None = state.get(_VERSION)
    return found


def switched(
    state: State,
    predictions: Sequence[AnyPrediction],
    alias: str,
    trained_to_ms: Callable[[int], int | None],
    event: Literal["switched", "shadowed"] = "switched",
) -> list[ModelEvent]:
    """Keep who spoke, and return what is to be told: that another version speaks from this window on.

    Parameters
    ----------
    predictions
        Of one row; a change follows from them alone, so that a row that comes again tells the same.
    alias
        What the version is served as.
    trained_to_ms
        Where a version's training data ends; nothing is told of one of which that is not known.
    event
        What a change is called.
    """
    if not predictions or predictions[-1].model_version == (last := last_version(state)):
        return []
    spoke = predictions[-1]
    state.set(_VERSION, spoke.model_version)
    ends_ms = trained_to_ms(spoke.model_version)
    if ends_ms is None:
        return []
    return [
        ModelEvent(
            model_name=spoke.model_name,
            model_version=spoke.model_version,
            event=event,
            alias=alias,
            reason="the pair's first" if last is None else f"after version {last}",
            trained_to_ms=ends_ms,
            exchange=spoke.exchange,
            pair=spoke.pair,
            from_ms=spoke.window_start_ms,
        )
    ]
