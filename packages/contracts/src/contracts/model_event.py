"""A model was registered, promoted or rolled back."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.message import Message


class ModelEvent(Message):
    """What happened to a version of a model; `trained_to_ms` is where its training data ends (event time).

    Attributes
    ----------
    model_name, model_version
        Which version of which model.
    event
        What happened to it.
    alias
        The alias in the registry that it has now, or None.
    reason
        Why, for people.
    """

    schema_name: ClassVar[str] = "model_event"

    model_name: str = Field(min_length=1)
    model_version: int = Field(ge=1)
    event: Literal["registered", "promoted", "refused", "rolled_back"]
    alias: str | None
    reason: str
    trained_to_ms: int

    @property
    def key(self) -> str:
        return self.model_name

    @property
    def event_time_ms(self) -> int:
        return self.trained_to_ms

    @property
    def message_id(self) -> str:
        return f"{self.model_name}:{self.model_version}:{self.event}"
