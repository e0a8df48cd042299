"""Whether a log without a prediction should have some: then they are lost, and not a run without a model."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from contracts.model_event import CHALLENGER, ModelEvent
from contracts.topics import MODEL_EVENTS, TECHNICAL_INDICATORS
from streaming.clients import committed_offsets
from verify.log import Log

#: What happens to a version that is served from then on, in words.
_IS_SERVED = {"promoted": "was promoted", "rolled_back": "was put back"}


def why_predictions_are_due(source: Log) -> str | None:
    """Return what shows that a model was there to predict; None if nothing does."""
    return _promoted(source) or _read(source) or _registered(source)


def _promoted(source: Log) -> str | None:
    for record in source.read(MODEL_EVENTS):
        event = record.readable_message()
        if isinstance(event, ModelEvent) and event.event in _IS_SERVED:
            happened = _IS_SERVED[event.event]
            return f"{MODEL_EVENTS.name} says: version {event.model_version} of {event.model_name} {happened}"
    return None


def _read(source: Log) -> str | None:
    """Predictions start with a model only: what they have read they had one for."""
    group = source.settings.group_for("predictions")
    read = sum(committed_offsets(source.settings, group, TECHNICAL_INDICATORS).values())
    return f"{group} has read {TECHNICAL_INDICATORS.name} with a model" if read else None


def _registered(source: Log) -> str | None:
    """Look into the run's own registry, a database of MLflow's; another's models say nothing of this log."""
    file = source.registry
    if file is None:
        return None
    try:
        row = _alias(file)
    except sqlite3.Error as error:
        return f"the registry {file} cannot be read ({error})"
    return f"the registry {file} has version {row[1]} of {row[0]} promoted" if row else None


def _alias(file: Path) -> tuple[str, int] | None:
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as db:
        found: tuple[str, int] | None = db.execute(
            "SELECT name, version FROM registered_model_aliases WHERE alias != ?", [CHALLENGER]
        ).fetchone()
        return found
