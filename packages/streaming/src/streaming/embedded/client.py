"""Topics of the embedded log without a consumer group: bulk reads straight from the files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from quixstreams.models.topics import TopicConfig

from contracts.topics import TopicSpec
from streaming.embedded.errors import LogDamagedError
from streaming.embedded.group import GroupOffsets
from streaming.embedded.headers import decode
from streaming.embedded.log import EmbeddedLog
from streaming.embedded.topic_log import TopicSettings
from streaming.record import Record

if TYPE_CHECKING:
    from streaming.settings import ServiceSettings

_CHUNK_RECORDS = 2_000


class EmbeddedClient:
    """One short-lived look at the log."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._log = EmbeddedLog.at(settings.broker_address)

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

    def topic_id(self, topic: str) -> str | None:
        """Return what tells `topic` from another of its name; None if that is not known."""
        return self._log.topic(topic).id if self._log.has_topic(topic) else None

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

    def offset_at(self, topic: str, partition: int, timestamp_ms: int) -> int | None:
        """Return the first offset whose message is of `timestamp_ms` or later; None if there is none."""
        return self._log.topic(topic).offset_at(partition, timestamp_ms)

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

    def close(self) -> None:
        self._log.close()

    def __enter__(self) -> EmbeddedClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
