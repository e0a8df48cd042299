"""A whole topic as one stream, up to a point that was noted before."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping

from contracts.topics import TopicSpec
from streaming.log_client import open_client
from streaming.record import Record
from streaming.settings import ServiceSettings


def read_merged(
    settings: ServiceSettings, spec: TopicSpec, until_offsets: Mapping[int, int] | None = None
) -> Iterator[Record]:
    """Yield what is on a topic, its partitions merged by message timestamp; within one the order stays.

    A topic that does not exist is empty.

    Parameters
    ----------
    settings
        Of the log.
    spec
        The topic.
    until_offsets
        First offset per partition that is left out; where none is given, all that is there now.

    Returns
    -------
    Iterator[Record]
        Undecoded.
    """
    topic = spec.full_name(settings.environment)
    with open_client(settings) as client:
        ends = {partition: high for partition, (_, high) in client.watermarks(topic).items()}
    ends |= {partition: end for partition, end in (until_offsets or {}).items() if partition in ends}
    streams = [_partition(settings, spec, partition, end) for partition, end in sorted(ends.items())]
    return heapq.merge(*streams, key=lambda record: record.timestamp_ms)


def _partition(settings: ServiceSettings, spec: TopicSpec, partition: int, end: int) -> Iterator[Record]:
    topic = spec.full_name(settings.environment)
    with open_client(settings) as client:
        low, _ = client.watermarks(topic)[partition]
        yield from client.read(topic, partition, low, end, spec)
