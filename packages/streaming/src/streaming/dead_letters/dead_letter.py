"""One dead letter: how it is written, and how it is read again."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.errors import shorten
from streaming.record import Record

#: On a message that was sent again from the dead letters: which letter it was, ``<service>:<offset>``.
REPLAY_OF = "replay_of"
_OWN = (
    "reason",
    "error",
    "source_topic",
    "source_partition",
    "source_offset",
    "service",
    "dead_lettered_at_us",
)
_MAX_ERROR_CHARACTERS = 1_000
#: Of its own headers those that hold a number: none of them needs more digits, and a time with more is none.
_NUMBERS = ("source_partition", "source_offset", "dead_lettered_at_us")
_NUMBER = re.compile(rb"[0-9]{1,17}")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a letter's bytes came from; without partition and offset it was no topic, but a venue or a file."""

    topic: str
    partition: int | None = None
    offset: int | None = None

    def __str__(self) -> str:
        return self.topic if self.partition is None else f"{self.topic}[{self.partition}] offset {self.offset}"


def dead_letter_headers(
    service: str,
    reason: str,
    error: object,
    source: Source,
    now_us: int,
    original: Iterable[tuple[str, bytes | None]] | None = None,
) -> list[tuple[str, Any]]:
    """Return the headers of a letter: the original ones, then its own.

    Parameters
    ----------
    reason
        One word or two from a small set: it becomes a metric's label.
    error
        What was wrong, for people.
    """
    own = {
        "reason": reason,
        "error": describe(error),
        "source_topic": source.topic,
        "source_partition": source.partition,
        "source_offset": source.offset,
        "service": service,
        "dead_lettered_at_us": now_us,
    }
    headers: list[tuple[str, Any]] = [(name, old) for name, old in original or () if name not in _OWN]
    return headers + [(name, str(new).encode()) for name, new in own.items() if new is not None]


def describe(error: object) -> str:
    """Return what was wrong, cut where it gets long.

    Examples
    --------
    >>> describe(ValueError("bad luck"))
    'ValueError: bad luck'
    """
    text = f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else str(error)
    return text[:_MAX_ERROR_CHARACTERS]


@dataclass(frozen=True)
class DeadLetter:
    """A dead letter as it lies on its topic.

    Attributes
    ----------
    service
        Who set it aside.
    record
        The original bytes, with the reason and where they came from in the headers.
    replayed_at_us
        When it was last sent again, None if it never was.
    """

    service: str
    record: Record
    replayed_at_us: int | None = None

    @property
    def id(self) -> str:
        """Its name: the service and its place on the service's dead-letter topic."""
        return f"{self.service}:{self.record.offset}"

    @property
    def reason(self) -> str:
        return self._header("reason")

    @property
    def error(self) -> str:
        return self._header("error")

    @property
    def set_aside_at_us(self) -> int:
        """When it was set aside, by the wall clock; 0 if its header does not say."""
        return self._number("dead_lettered_at_us") or 0

    @property
    def source(self) -> Source:
        """Where it came from."""
        partition, offset = self._number("source_partition"), self._number("source_offset")
        return Source(self._header("source_topic"), partition, offset or 0)

    @property
    def damage(self) -> str | None:
        """Which of its own headers cannot be read, None if all can."""
        names = [name for name in _NUMBERS if self._header(name) and self._number(name) is None]
        return ", ".join(f"{name} is {shorten(self._header(name))}" for name in names) or None

    @property
    def replay_of(self) -> str | None:
        """The letter it is a failed replay of, if it is one."""
        return self._header(REPLAY_OF) or None

    @property
    def original_headers(self) -> dict[str, bytes | None]:
        """The headers it came with."""
        return {name: value for name, value in self.record.headers.items() if name not in _OWN}

    def cannot_be_replayed(self, partitions: Mapping[str, Collection[int]]) -> str | None:
        """Return why it cannot be sent again, None if it can.

        Parameters
        ----------
        partitions
            Those that exist of each topic of the environment, by its full name.

        Returns
        -------
        str | None
            The obstacle in words.
        """
        topic, partition = self.source.topic, self.source.partition
        if self.damage is not None:
            return f"its header is damaged: {self.damage}"
        if partition is None or topic not in partitions:
            return f"it came from {topic or 'nowhere'}, which is no topic of this environment"
        if not partitions[topic]:
            return f"it came from {topic}, which does not exist on this log"
        if partition not in partitions[topic]:
            return f"it came from partition {partition} of {topic}, which has {len(partitions[topic])} here"
        if self.record.value is None:
            return "it tells of a loss and holds no message"
        return None

    def _header(self, name: str) -> str:
        return (self.record.headers.get(name) or b"").decode(errors="replace")

    def _number(self, name: str) -> int | None:
        text = self.record.headers.get(name) or b""
        return int(text) if _NUMBER.fullmatch(text) else None
