"""A message as it lies on a topic."""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.errors import BadMessageError
from contracts.message import Message
from contracts.topics import TopicSpec


@dataclass(frozen=True, slots=True)
class Record:
    """What a topic holds at one offset, undecoded.

    Attributes
    ----------
    topic, partition, offset
        Where it lies; the topic's full name.
    key, value, headers
        As they were written.
    timestamp_ms
        The message's: event time, milliseconds since the epoch.
    spec
        The topic, or None of dead letters.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes | None]
    timestamp_ms: int
    spec: TopicSpec | None = field(default=None, repr=False, compare=False)

    def message(self) -> Message:
        """Return the decoded value.

        Returns
        -------
        Message
            One of the topic's classes.

        Raises
        ------
        contracts.errors.BadMessageError
            If it is no message of this topic, or has no value.
        ValueError
            If its topic has no schema (dead letters).
        """
        if self.spec is None:
            raise ValueError(f"{self.topic}: expected a topic with a schema")
        if self.value is None:
            raise BadMessageError(f"{self.topic}[{self.partition}] offset {self.offset}", "a value", None)
        return self.spec.decode(self.value)

    def readable_message(self) -> Message | None:
        """Return the decoded value, None where it is no message: for those who only look.

        Returns
        -------
        Message | None
            One of the topic's classes.
        """
        try:
            return self.message()
        except BadMessageError:
            return None
