"""A model was registered, promoted or rolled back, or began to speak for a pair."""

from __future__ import annotations

import hashlib
from typing import ClassVar, Final, Literal

from pydantic import Field

from contracts.message import Message
from contracts.units import Pair

#: The alias in the registry of what speaks in shadow, unless settings name another.
CHALLENGER: Final = "challenger"


class ModelEvent(Message):
    """What happened to a version of a model; `trained_to_ms` is where its training data ends (event time).

    ``rolled_back`` is told of the version that is served again, as ``promoted`` is of one that is served, and
    ``nominated`` of one that is to speak in shadow, until it is ``withdrawn``.

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
    by
        The person who decided it; None where training or serving did.
    exchange, pair, from_ms
        Of ``switched``, and of ``shadowed``, the same of a challenger: from which window on (its start, milliseconds)
        the version speaks for which pair.
    """

    schema_name: ClassVar[str] = "model_event"

    model_name: str = Field(min_length=1)
    model_version: int = Field(ge=1)
    event: Literal[
        "registered", "promoted", "refused", "rolled_back", "nominated", "withdrawn", "switched", "shadowed"
    ]
    alias: str | None
    reason: str
    trained_to_ms: int
    by: str | None = None
    exchange: str | None = None
    pair: Pair | None = None
    from_ms: int | None = None

    @property
    def key(self) -> str:
        return self.model_name

    @property
    def event_time_ms(self) -> int:
        return self.trained_to_ms if self.from_ms is None else self.from_ms

    @property
    def message_id(self) -> str:
        said = f"{self.model_name}:{self.model_version}:{self.event}"
        if self.by is not None:  # the same may happen to a version again, for another reason
            said += f":{hashlib.sha256(f'{self.by}:{self.reason}'.encode()).hexdigest()[:12]}"
        return said if self.from_ms is None else f"{said}:{self.exchange}:{self.pair}:{self.from_ms}"
