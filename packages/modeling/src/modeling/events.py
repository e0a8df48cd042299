"""What the topic of model events is told about a registered version."""

from __future__ import annotations

from contracts.model_event import ModelEvent
from modeling.model_card import ModelCard


def event_of(
    card: ModelCard, version: int, event: str, alias: str | None, reason: str, by: str | None = None
) -> ModelEvent:
    """Return the message that says what happened to a version.

    Parameters
    ----------
    card
        The version's card.
    version
        Its number in the registry.
    event
        What happened, in the words of `ModelEvent`.
    alias
        The alias that it has now, or None.
    reason
        Why, for people.
    by
        The person who decided it, if one did.

    Returns
    -------
    ModelEvent
        For the topic of model events.
    """
    return ModelEvent.model_validate(
        {
            "model_name": card.model_name,
            "model_version": version,
            "event": event,
            "alias": alias,
            "reason": reason,
            "by": by,
            "trained_to_ms": card.trained_to_ms,
        }
    )
