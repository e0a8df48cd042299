"""What does not follow from the trades, such as commands and reports: taken as it is, at its recorded place.

Messages of one source, a pair's marks or a pair's decisions, come in one order in every run. How the sources of an
account came between one another is chance, and changes nothing; but a command acts on what came before it. So the
replayed messages are laid out as the recorded ones were, and what was given is put between them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from contracts.topics import TopicSpec
from streaming.record import Record

#: A key, a pair and a kind of message: what comes in one order in every run.
_Source = tuple[bytes | None, str, str, str]


def is_given(spec: TopicSpec, record: Record) -> bool:
    """Return whether what is on a topic does not follow from the trades.

    Returns
    -------
    bool
        True of a command or a report.
    """
    return _schema(record) in {cls.schema_name for cls in spec.given}


def follows(spec: TopicSpec, records: Iterable[Record]) -> Iterator[Record]:
    """Yield what follows from the trades."""
    return (record for record in records if not spec.given or not is_given(spec, record))


def interleaved(spec: TopicSpec, recorded: Iterable[Record], replayed: Iterable[Record]) -> Iterator[Record]:
    """Yield the replayed messages in the order in which they were recorded, and what was given at its place.

    A replayed message that was not recorded comes before the next one of its source; a recorded one that was not
    replayed is left out. The comparison of the topic names both.

    Parameters
    ----------
    spec
        The topic.
    recorded, replayed
        What is on it in the run, and in the replay.
    """
    queues: dict[_Source, deque[tuple[str, Record]]] = {}
    waiting: dict[str, _Source] = {}
    for record in replayed:
        name, source = _name(record), _source(record)
        if name not in waiting:
            waiting[name] = source
            queues.setdefault(source, deque()).append((name, record))
    for record in recorded:
        if is_given(spec, record):
            yield record
        elif (name := _name(record)) in waiting:
            yield from _up_to(name, queues[waiting[name]], waiting)
    for queue in queues.values():
        yield from (record for _, record in queue)


def _up_to(name: str, queue: deque[tuple[str, Record]], waiting: dict[str, _Source]) -> Iterator[Record]:
    while name in waiting:
        first, record = queue.popleft()
        del waiting[first]
        yield record


def _name(record: Record) -> str:
    message = record.readable_message()
    return "" if message is None else message.message_id


def _source(record: Record) -> _Source:
    message = record.readable_message()
    # All accounts of an owner are told under one key.
    return record.key, str(getattr(message, "account", "")), str(getattr(message, "pair", "")), _schema(record)


def _schema(record: Record) -> str:
    """Return what kind of message it is, as its header says: that costs no decoding."""
    if header := record.headers.get("schema"):
        return header.decode(errors="replace")
    message = record.readable_message()
    return "" if message is None else message.schema_name
