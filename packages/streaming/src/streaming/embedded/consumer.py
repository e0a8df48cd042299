"""A consumer that answers like `confluent_kafka.Consumer`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException, TopicPartition

from streaming.embedded.assignment import Assignment
from streaming.embedded.cluster import cluster_metadata
from streaming.embedded.cursor import is_logical
from streaming.embedded.group import ExclusiveLock, lock_group
from streaming.embedded.link import ClientLink
from streaming.embedded.log import EmbeddedLog
from streaming.embedded.message import EmbeddedMessage

RebalanceCallback = Callable[[Any, list[TopicPartition]], Any]

AUTO_COMMIT_SECONDS = 5.0
#: (idle for up to this many seconds, then look again after this many). Candles close once a minute, so it is the
#: idle pause that each service of the flow adds to a signal; 10 ms instead of 3 would save half a percent of a core.
_PAUSES_SECONDS = ((1.0, 0.001), (float("inf"), 0.003))


class EmbeddedConsumer(Assignment):
    """Reads topics of an embedded log, as the only member of its group.

    Parameters
    ----------
    config
        librdkafka's names: `bootstrap.servers`, `group.id`, `auto.offset.reset`, `enable.auto.commit`,
        `enable.auto.offset.store`, `on_commit`.
    link
        The application this consumer serves.
    """

    def __init__(self, config: Mapping[str, Any], link: ClientLink | None = None) -> None:
        super().__init__(
            EmbeddedLog.at(config["bootstrap.servers"]),
            group=config["group.id"],
            reset=str(config.get("auto.offset.reset", "latest")),
        )
        self._auto_commit = bool(config.get("enable.auto.commit", True))
        self._auto_store = bool(config.get("enable.auto.offset.store", True))
        self._on_commit = config.get("on_commit")
        self._link = link
        self._lock: ExclusiveLock | None = None
        self._callbacks: dict[str, RebalanceCallback | None] = {}
        self._subscribed: list[str] | None = None
        self._stored: dict[tuple[str, int], int] = {}
        self._commit_at_seconds = time.monotonic() + AUTO_COMMIT_SECONDS
        self._data_at_seconds = time.monotonic()
        self._closed = False

    # -- membership

    def subscribe(
        self,
        topics: list[str],
        on_assign: RebalanceCallback | None = None,
        on_revoke: RebalanceCallback | None = None,
        on_lost: RebalanceCallback | None = None,
    ) -> None:
        """Join the group; all partitions of `topics` are assigned by the first poll.

        Raises
        ------
        GroupTakenError
            If the group has a consumer.
        """
        self._require_open()
        if self._lock is None:
            self._lock = lock_group(self._log.folder, self._group)
        self._callbacks = {"assign": on_assign, "revoke": on_revoke, "lost": on_lost}
        self._subscribed = list(topics)

    def unsubscribe(self) -> None:
        self._subscribed = None
        self._revoke()

    def _join(self) -> None:
        """Assign what was subscribed to, through the callback if there is one."""
        topics, self._subscribed = self._subscribed or [], None
        for topic in topics:
            if not self._log.has_topic(topic):
                raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, f"topic {topic!r} does not exist"))
        partitions = [TopicPartition(t, p) for t in topics for p in range(self._log.topic(t).partitions)]
        callback = self._callbacks.get("assign")
        if callback is not None:
            callback(self, partitions)
        if not self._cursors:
            self.assign(partitions)

    def _revoke(self) -> None:
        callback = self._callbacks.get("revoke")
        if self._cursors and callback is not None:
            callback(self, self.assignment())
        self.unassign()

    def memberid(self) -> str:
        return f"{self._group}-only"

    def consumer_group_metadata(self) -> Any:
        """Return what `send_offsets_to_transaction` needs to know of this consumer."""
        return SimpleNamespace(group_id=self._group)

    # -- reading

    def poll(self, timeout: float | None = -1) -> EmbeddedMessage | None:
        """Return the next message, or None if there was none for `timeout` seconds (for ever if negative)."""
        if not self._queue and not self._wait(timeout):
            return None
        message = self._queue.popleft()
        self._note_delivered(message)
        return message

    def consume(self, num_messages: int = 1, timeout: float = -1) -> list[EmbeddedMessage]:
        """Return up to `num_messages`, as soon as there is one."""
        if not self._queue and not self._wait(timeout):
            return []
        messages = [self._queue.popleft() for _ in range(min(num_messages, len(self._queue)))]
        for message in messages:
            self._note_delivered(message)
        return messages

    def _note_delivered(self, message: EmbeddedMessage) -> None:
        tp = message.topic(), message.partition()
        self._cursors[tp].position = message.offset() + 1
        if self._auto_store:
            self._stored[tp] = message.offset() + 1

    def _wait(self, timeout: float | None) -> bool:
        """Wait for messages; return whether there are any."""
        self._require_open()
        if self._subscribed is not None:
            self._join()
        if self._link is not None:
            self._link.batch_exhausted()
        self._commit_stored(time.monotonic())
        deadline = float("inf") if timeout is None or timeout < 0 else time.monotonic() + timeout
        while not self._fetch():
            now = time.monotonic()
            self._commit_stored(now)
            if now >= deadline or self._just_moved:
                # After a seek or resume the first "nothing there" is told at once: recovery waits for it.
                self._just_moved = False
                return False
            time.sleep(min(self._pause_seconds(now), max(deadline - now, 0)))
        self._data_at_seconds = time.monotonic()
        return True

    def _pause_seconds(self, now: float) -> float:
        idle = now - self._data_at_seconds
        return next(pause for limit, pause in _PAUSES_SECONDS if idle < limit)

    def _fetch(self) -> bool:
        """Read every partition that may have something new into the queue."""
        for cursor in self._cursors.values():
            if cursor.paused:
                continue
            topic = cursor.log.name
            version = cursor.log.version()
            if not cursor.stale and cursor.version == version:
                continue
            cursor.version = version
            for offset, timestamp_ms, key, value, headers in cursor.fetch():
                self._queue.append(
                    EmbeddedMessage(topic, cursor.partition, offset, timestamp_ms, key, value, headers)
                )
        return bool(self._queue)

    # -- offsets

    def store_offsets(
        self, message: EmbeddedMessage | None = None, offsets: Iterable[TopicPartition] | None = None
    ) -> None:
        if message is not None:
            self._stored[message.topic(), message.partition()] = message.offset() + 1
        for tp in offsets or ():
            self._stored[tp.topic, tp.partition] = tp.offset

    def commit(
        self,
        message: EmbeddedMessage | None = None,
        offsets: Iterable[TopicPartition] | None = None,
        asynchronous: bool = True,
    ) -> list[TopicPartition] | None:
        """Commit a message, given offsets, or all stored ones; it is done when this returns."""
        if message is not None:
            chosen = {(message.topic(), message.partition()): message.offset() + 1}
        elif offsets is not None:
            chosen = {(tp.topic, tp.partition): tp.offset for tp in offsets if not is_logical(tp.offset)}
        else:
            chosen, self._stored = self._stored, {}
        self._group_offsets().commit(chosen)
        done = [TopicPartition(topic, partition, offset) for (topic, partition), offset in chosen.items()]
        if self._on_commit is not None:
            self._on_commit(None, done)
        if self._link is not None:
            self._link.offsets_committed(chosen)
        return None if asynchronous else done

    def _commit_stored(self, now: float) -> None:
        if self._auto_commit and self._stored and now >= self._commit_at_seconds:
            self._commit_at_seconds = now + AUTO_COMMIT_SECONDS
            self.commit()

    def committed(self, partitions: Sequence[TopicPartition], timeout: float = -1) -> list[TopicPartition]:
        found = self._group_offsets().committed((tp.topic, tp.partition) for tp in partitions)
        return [
            TopicPartition(tp.topic, tp.partition, found.get((tp.topic, tp.partition), OFFSET_INVALID))
            for tp in partitions
        ]

    def get_watermark_offsets(
        self, partition: TopicPartition, timeout: float = -1, cached: bool = False
    ) -> tuple[int, int]:
        """Return (low, high); `cached` gives what the last fetch saw."""
        cursor = self._cursors.get((partition.topic, partition.partition))
        if cached and cursor is not None:
            return cursor.watermarks
        return self._topic(partition.topic).watermarks(partition.partition)

    def offsets_for_times(self, partitions: Sequence[TopicPartition], timeout: float = -1) -> list[TopicPartition]:
        """Return per partition the first offset at or after the time in its `offset` field, -1 if there is none."""
        found = []
        for tp in partitions:
            offset = self._topic(tp.topic).offset_at(tp.partition, tp.offset)
            found.append(TopicPartition(tp.topic, tp.partition, -1 if offset is None else offset))
        return found

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        return cluster_metadata(self._log, topic)

    # -- life

    def _require_open(self) -> None:
        if self._closed:
            raise RuntimeError("Consumer closed")

    def close(self) -> None:
        """Commit stored offsets if auto commit is on, leave the group, let go of the files."""
        if self._closed:
            return
        try:
            self._revoke()
            if self._auto_commit and self._stored:
                self.commit()
        finally:
            self._closed = True
            if self._lock is not None:
                self._lock.release()
            if self._offsets is not None:
                self._offsets.close()
            self._log.close()

    def __bool__(self) -> bool:
        return True
