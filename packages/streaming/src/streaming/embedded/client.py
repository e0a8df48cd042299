"""Topics of the embedded log without a consumer group: bulk reads straight from the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from quixstreams.models.topics import TopicConfig

from contracts.topics import TopicSpec
from streaming.embedded.errors import LogDamagedError
from streaming.embedded.group import GroupOffsets, lock_group
from streaming.embedded.headers import decode
from streaming.embedded.log import EmbeddedLog
from streaming.embedded.producer import EmbeddedProducer
from streaming.embedded.topic_log import TopicSettings
from streaming.record import Record

if TYPE_CHECKING:
    from streaming.settings import ServiceSettings

_CHUNK_RECORDS = 2_000


class EmbeddedClient:
    """One short-lived look at the log, or the home of a producer."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._address = settings.broker_address
        self._log = EmbeddedLog.at(self._address)
        self._producer: EmbeddedProducer | None = None

    def producer(self, patience_seconds: float | None = None) -> EmbeddedProducer:
        """Return the producer; a log of files takes a message at once or not at all, whatever the patience."""
        self._producer = EmbeddedProducer({"bootstrap.servers": self._address})
        return self._producer

    def create_topic(self, name: str, config: TopicConfig) -> None:
        retention_ms = int(config.extra_config["retention.ms"])
        settings = TopicSettings(config.num_partitions or 1, retention_ms, config.extra_config["cleanup.policy"])
        self._log.create_topic(name, settings)

    def watermarks(self, topic: str) -> dict[int, tuple[int, int]]:
        """Return (first retained, next) offset per partition; {} if the topic does not exist."""
        if not self._log.has_topic(topic):
            return {}
        log = self._log.topic(topic)
        return {partition: log.watermarks(partition) for partition in range(log.partitions)}

    def read(self, topic: str, partition: int, start: int, end: int, spec: TopicSpec | None) -> Iterator[Record]:
        log = self._log.topic(topic)
        while start < end:
            rows, following = log.read(partition, start, min(_CHUNK_RECORDS, end - start))
            for offset, timestamp_ms, key, value, headers in rows:
                if offset >= end:
                    return
                try:
                    named = dict(decode(headers) or ())
                except LogDamagedError as error:
                    raise LogDamagedError(f"{topic}[{partition}] offset {offset}: {error}") from error
                yield Record(topic, partition, offset, key, value, named, timestamp_ms, spec)
            start = rows[-1][0] + 1 if rows else following

    def unread(self, topic: str, partition: int, start: int, end: int) -> int:
        """Return how many messages there are at `start` <= offset < `end`."""
        return max(0, end - start)

    def committed(self, group: str, topic: str, partitions: Sequence[int]) -> dict[int, int]:
        store = GroupOffsets(self._log.folder, group, create=False)
        try:
            found = store.committed((topic, partition) for partition in partitions)
        finally:
            store.close()
        return {partition: offset for (_, partition), offset in found.items()}

    def commit(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        lock = lock_group(self._log.folder, group)
        try:
            store = GroupOffsets(self._log.folder, group)
            store.commit({(topic, partition): offset for partition, offset in offsets.items()})
            store.close()
        finally:
            lock.release()

    def close(self) -> None:
        if self._producer is not None:
            self._producer.close()
        self._log.close()

    def __enter__(self) -> EmbeddedClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
