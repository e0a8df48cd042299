"""The partitions a consumer reads, where it stands in each, and what it has read ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException, TopicPartition

from streaming.embedded.cursor import Cursor, resolve_start
from streaming.embedded.group import GroupOffsets
from streaming.embedded.message import EmbeddedMessage
from streaming.embedded.topic_log import TopicLog

if TYPE_CHECKING:
    from streaming.embedded.log import EmbeddedLog


class Assignment:
    """The half of a consumer that knows its place.

    Parameters
    ----------
    group
        Whose committed offsets say where to begin.
    reset
        `auto.offset.reset`.
    """

    def __init__(self, log: EmbeddedLog, *, group: str, reset: str) -> None:
        self._log = log
        self._group = group
        self._reset = reset
        self._offsets: GroupOffsets | None = None
        self._cursors: dict[tuple[str, int], Cursor] = {}
        self._queue: deque[EmbeddedMessage] = deque()
        self._just_moved = False

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        self.unassign()
        self.incremental_assign(partitions)

    def incremental_assign(self, partitions: Iterable[TopicPartition]) -> None:
        wanted = list(partitions)
        committed = self._group_offsets().committed((tp.topic, tp.partition) for tp in wanted)
        for tp in wanted:
            log = self._topic(tp.topic)
            start = resolve_start(log, tp.partition, tp.offset, committed.get((tp.topic, tp.partition)), self._reset)
            self._cursors[tp.topic, tp.partition] = Cursor(log, tp.partition, start, self._reset)

    def incremental_unassign(self, partitions: Iterable[TopicPartition]) -> None:
        for tp in partitions:
            self._cursors.pop((tp.topic, tp.partition), None)
        self._queue = deque(m for m in self._queue if (m.topic(), m.partition()) in self._cursors)

    def unassign(self) -> None:
        self._cursors.clear()
        self._queue.clear()

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(topic, partition) for topic, partition in self._cursors]

    def seek(self, partition: TopicPartition) -> None:
        """Continue at `partition.offset`, which may be logical (beginning, end)."""
        cursor = self._cursor(partition)
        self._drop_queued(partition)
        committed = self._group_offsets().committed([(partition.topic, partition.partition)])
        cursor.move(
            resolve_start(
                cursor.log,
                cursor.partition,
                partition.offset,
                committed.get((partition.topic, partition.partition)),
                self._reset,
            )
        )
        self._just_moved = True

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        for tp in partitions:
            cursor = self._cursor(tp)
            cursor.paused = True
            self._drop_queued(tp)
            cursor.move(cursor.position)

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        for tp in partitions:
            cursor = self._cursor(tp)
            cursor.paused = False
            cursor.stale = True
        self._just_moved = True

    def position(self, partitions: Iterable[TopicPartition]) -> list[TopicPartition]:
        """Return the offset of the next message to be delivered, per partition."""
        found = ((tp, self._cursors.get((tp.topic, tp.partition))) for tp in partitions)
        return [
            TopicPartition(tp.topic, tp.partition, OFFSET_INVALID if cursor is None else self._delivered_to(cursor))
            for tp, cursor in found
        ]

    def _delivered_to(self, cursor: Cursor) -> int:
        """Return the cursor's position; with nothing queued, it is where fetching continues (past holes)."""
        queued = any(m.topic() == cursor.log.name and m.partition() == cursor.partition for m in self._queue)
        return cursor.position if queued else cursor.fetch_from

    def _cursor(self, tp: TopicPartition) -> Cursor:
        cursor = self._cursors.get((tp.topic, tp.partition))
        if cursor is None:
            raise KafkaException(KafkaError(KafkaError._STATE, f"{tp.topic}[{tp.partition}] is not assigned"))
        return cursor

    def _drop_queued(self, tp: TopicPartition) -> None:
        if self._queue:
            self._queue = deque(m for m in self._queue if m.topic() != tp.topic or m.partition() != tp.partition)

    def _topic(self, name: str) -> TopicLog:
        if not self._log.has_topic(name):
            raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, f"topic {name!r} does not exist"))
        return self._log.topic(name)

    def _group_offsets(self) -> GroupOffsets:
        if self._offsets is None:
            self._offsets = GroupOffsets(self._log.folder, self._group)
        return self._offsets
