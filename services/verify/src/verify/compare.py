"""Two sets of messages, held against each other by id, byte by byte."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from contracts.errors import BadMessageError
from contracts.message import Message
from streaming.record import Record

ABSENT = "(absent)"

Kind = Literal["mismatched", "missing", "unexpected", "two values", "unreadable", "cut"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it should be; `published` and `replayed` are values of `field`, or whole messages."""

    topic: str
    id: str
    kind: Kind
    field: str
    published: Any
    replayed: Any


@dataclass
class Comparison:
    """What was found on one topic, in messages with an id of their own.

    Attributes
    ----------
    missing
        Replayed, and not published.
    unexpected
        Published, and not replayed.
    mismatched
        Published with other bytes, another key or another time.
    two_values
        Ids under which different bytes were published.
    unreadable
        Published, and no message of this topic.
    pending
        Replayed, and not published yet: their service was still at work.
    repeated
        Published again with the same bytes: what at-least-once costs.
    """

    topic: str
    published: int = 0
    replayed: int = 0
    equal: int = 0
    missing: int = 0
    unexpected: int = 0
    mismatched: int = 0
    two_values: int = 0
    unreadable: int = 0
    pending: int = 0
    repeated: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        """How many messages are not as they should be."""
        return self.missing + self.unexpected + self.mismatched + self.two_values + self.unreadable


class Index:
    """Records by message id; the first under an id counts."""

    def __init__(self) -> None:
        self.first: dict[str, Record] = {}
        self.others: dict[str, list[Record]] = {}
        self.unreadable: list[tuple[Record, str]] = []
        self.repeated = 0

    @classmethod
    def of(cls, records: Iterable[Record], decode: Callable[[bytes], Message], known: Index | None = None) -> Index:
        """Return the index of `records`.

        Parameters
        ----------
        known
            An index of what are mostly the same bytes: those need no second decoding.
        """
        index = cls()
        ids = {record.value: name for name, record in known.first.items()} if known is not None else {}
        for record in records:
            try:
                name = ids.get(record.value) or decode(record.value or b"").message_id
            except BadMessageError as error:
                index.unreadable.append((record, str(error)))
                continue
            index.add(name, record)
        return index

    def add(self, name: str, record: Record) -> None:
        """Take in a record under the id `name`."""
        first = self.first.get(name)
        if first is None:
            self.first[name] = record
        elif not _differs(first, record):
            self.repeated += 1
        elif all(_differs(other, record) for other in self.others.get(name, ())):
            self.others.setdefault(name, []).append(record)


def compare(topic: str, published: Index, replayed: Index, *, settled: bool = True) -> Comparison:
    """Return how `published` compares with `replayed`.

    Parameters
    ----------
    settled
        False if the writer was still at work: then what comes after a key's last published message is pending.
    """
    result = Comparison(topic, len(published.first), len(replayed.first), repeated=published.repeated)
    _unreadable(result, published)
    in_doubt = published.others | replayed.others
    for name, others in in_doubt.items():
        _two_values(result, name, published.first.get(name) or replayed.first[name], others)
    for name, record in published.first.items():
        if name not in in_doubt:
            _hold(result, name, record, replayed.first.get(name))
    late = set() if settled else _after_the_last(published, replayed)
    for name, record in replayed.first.items():
        if name in late:
            result.pending += 1
        elif name not in published.first and name not in in_doubt:
            result.missing += 1
            result.faults.append(Fault(topic, name, "missing", "(message)", ABSENT, _text(record)))
    return result


def _unreadable(result: Comparison, published: Index) -> None:
    for record, why in published.unreadable:
        place = f"{record.topic}[{record.partition}] offset {record.offset}"
        result.unreadable += 1
        result.faults.append(Fault(result.topic, place, "unreadable", "(message)", _text(record), why))


def _two_values(result: Comparison, name: str, first: Record, others: list[Record]) -> None:
    result.two_values += 1
    for other in others:
        for what, one, two in differing_fields(first, other):
            result.faults.append(Fault(result.topic, name, "two values", what, f"{one} and {two}", ABSENT))


def _hold(result: Comparison, name: str, record: Record, again: Record | None) -> None:
    """Hold a published message against the replayed one of its id."""
    if again is None:
        result.unexpected += 1
        result.faults.append(Fault(result.topic, name, "unexpected", "(message)", _text(record), ABSENT))
    elif _differs(record, again):
        result.mismatched += 1
        fields = differing_fields(record, again)
        result.faults.extend(Fault(result.topic, name, "mismatched", *difference) for difference in fields)
    else:
        result.equal += 1


def _after_the_last(published: Index, replayed: Index) -> set[str]:
    """Return the ids that come, in the replay's order, after the last one of their key that was published."""
    after: dict[bytes | None, list[str]] = {}
    for name, record in replayed.first.items():
        if name in published.first:
            after[record.key] = []
        else:
            after.setdefault(record.key, []).append(name)
    return {name for names in after.values() for name in names}


def _differs(one: Record, two: Record) -> bool:
    return one.value != two.value or one.key != two.key or one.timestamp_ms != two.timestamp_ms


def differing_fields(published: Record, replayed: Record) -> Iterator[tuple[str, Any, Any]]:
    """Yield (field, published, replayed) for each field that differs; key and time of a record count as fields."""
    one, two = _fields(published), _fields(replayed)
    names = [name for name in {**one, **two} if one.get(name, ABSENT) != two.get(name, ABSENT)]
    for name in names:
        yield name, one.get(name, ABSENT), two.get(name, ABSENT)
    if not names:  # the same fields in another order or notation
        yield "(bytes)", _text(published), _text(replayed)


def _fields(record: Record) -> dict[str, Any]:
    value = json.loads(record.value or b"{}")
    return {**value, "(key)": (record.key or b"").decode(errors="replace"), "(timestamp_ms)": record.timestamp_ms}


def _text(record: Record) -> str:
    return (record.value or b"").decode(errors="replace")
