"""Messages of one kind among records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from contracts.message import Message
from streaming.record import Record

_Kind = TypeVar("_Kind", bound=Message)


def messages_of(records: Iterable[Record], kind: type[_Kind]) -> Iterator[_Kind]:
    """Yield those that are of `kind`; what cannot be read is left to the comparison, which names it.

    Yields
    ------
    Message
        In the order of the records.
    """
    for record in records:
        message = record.readable_message()
        if isinstance(message, kind):
            yield message
