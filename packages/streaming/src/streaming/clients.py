"""A log without a topology: create topics, read one to its end, see who is behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from quixstreams.models.topics import TopicConfig

from contracts.topics import TopicSpec, dead_letters_name
from streaming.embedded.partitioner import partition_for
from streaming.log_client import open_client
from streaming.record import Record
from streaming.settings import ServiceSettings
from streaming.topics import topic_config


def create_topics(settings: ServiceSettings, specs: Sequence[TopicSpec]) -> None:
    """Create those topics that do not exist yet."""
    create_named_topics(
        settings, {spec.full_name(settings.environment): topic_config(spec, settings) for spec in specs}
    )


def create_named_topics(settings: ServiceSettings, configs: Mapping[str, TopicConfig]) -> None:
    """Create those topics that do not exist yet, by their full names."""
    with open_client(settings) as client:
        for name, config in configs.items():
            client.create_topic(name, config)


def read_topic(
    settings: ServiceSettings, spec: TopicSpec, from_offsets: Mapping[int, int] | None = None
) -> Iterator[Record]:
    """Yield what is on a topic, up to where it ends now; one partition after the other.

    Needs no consumer group and disturbs none. A topic that does not exist is empty.

    Parameters
    ----------
    settings
        Of the log.
    spec
        The topic.
    from_offsets
        First offset per partition; from the beginning where none is given.

    Returns
    -------
    Iterator[Record]
        With their offsets and headers, undecoded.
    """
    return _read(settings, spec.full_name(settings.environment), spec, from_offsets)


def read_key_since(settings: ServiceSettings, spec: TopicSpec, key: str, since_ms: int) -> Iterator[Record]:
    """Yield a key's messages from the first of the topic on that is of `since_ms` or later, up to where it ends now.

    Parameters
    ----------
    settings
        Of the log.
    spec
        The topic.
    key
        Its partition is read, and nothing of others is yielded.
    since_ms
        By the messages' timestamps, milliseconds.

    Returns
    -------
    Iterator[Record]
        In the order of the log: what follows the first may be of an earlier time.
    """
    topic = spec.full_name(settings.environment)
    with open_client(settings) as client:
        if not (marks := client.watermarks(topic)):
            return
        partition = partition_for(key.encode(), len(marks))
        start = client.offset_at(topic, partition, since_ms)
        if start is None:
            return
        for record in client.read(topic, partition, start, marks[partition][1], spec):
            if record.key == key.encode():
                yield record


def read_dead_letters(
    settings: ServiceSettings, service: str, from_offsets: Mapping[int, int] | None = None
) -> Iterator[Record]:
    """Yield the dead letters of `service`: original bytes, reason and origin in the headers.

    Parameters
    ----------
    settings
        Of the log.
    service
        Whose letters.
    from_offsets
        First offset per partition; from the beginning where none is given.

    Returns
    -------
    Iterator[Record]
        One partition after the other.
    """
    return _read(settings, dead_letters_name(service, settings.environment), None, from_offsets)


def _read(
    settings: ServiceSettings, topic: str, spec: TopicSpec | None, from_offsets: Mapping[int, int] | None
) -> Iterator[Record]:
    with open_client(settings) as client:
        for partition, (low, high) in sorted(client.watermarks(topic).items()):
            start = max((from_offsets or {}).get(partition, low), low)
            yield from client.read(topic, partition, start, high, spec)


def end_offsets(settings: ServiceSettings, spec: TopicSpec) -> dict[int, int]:
    """Return where each partition ends; {} if the topic does not exist.

    Returns
    -------
    dict[int, int]
        The offset that the next message gets, by partition.
    """
    with open_client(settings) as client:
        marks = client.watermarks(spec.full_name(settings.environment))
        return {partition: high for partition, (_, high) in marks.items()}


def committed_offsets(settings: ServiceSettings, group: str, spec: TopicSpec) -> dict[int, int]:
    """Return the offset `group` reads next, per partition on which it has committed one.

    Parameters
    ----------
    settings
        Of the log.
    group
        The consumer group's full name.
    spec
        The topic.

    Returns
    -------
    dict[int, int]
        Offset by partition.
    """
    with open_client(settings) as client:
        topic = spec.full_name(settings.environment)
        return client.committed(group, topic, sorted(client.watermarks(topic)))


def lag(settings: ServiceSettings, group: str, spec: TopicSpec, ends: Mapping[int, int] | None = None) -> int:
    """Return how many messages `group` has not committed yet: 0 once it has drained the topic.

    Parameters
    ----------
    settings
        Of the log.
    group
        The consumer group's full name.
    spec
        The topic.
    ends
        Count only what is before these offsets, per partition; by default all there is.

    Returns
    -------
    int
        Summed over the partitions.
    """
    topic = spec.full_name(settings.environment)
    with open_client(settings) as client:
        marks = client.watermarks(topic)
        committed = client.committed(group, topic, sorted(marks))
        starts = {partition: max(committed.get(partition, low), low) for partition, (low, _) in marks.items()}
        until = {partition: high for partition, (_, high) in marks.items()} if ends is None else ends
        return sum(
            client.unread(topic, partition, start, until[partition])
            for partition, start in starts.items()
            if start < until.get(partition, 0)
        )
