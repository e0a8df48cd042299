"""Time retention: the expired head of a topic is deleted, by message timestamp, like Kafka does."""

from __future__ import annotations

from streaming.embedded import sqlite
from streaming.embedded.topic_log import TopicLog

_CHUNK_RECORDS = 5_000


def expire(log: TopicLog, now_ms: int) -> int:
    """Delete every partition's head up to the first record younger than the retention; return how many went.

    A backfilled record carries its true event time and expires by it. The write lock is released between chunks.
    """
    if not log.settings.expires:
        return 0
    cutoff_ms = now_ms - log.settings.retention_ms
    return sum(_expire_partition(log, partition, cutoff_ms) for partition in range(log.partitions))


def _expire_partition(log: TopicLog, partition: int, cutoff_ms: int) -> int:
    low, following = log.watermarks(partition)
    retained = log.offset_at(partition, cutoff_ms)
    end = following if retained is None else retained
    for chunk in range(low, end, _CHUNK_RECORDS):
        until = min(chunk + _CHUNK_RECORDS, end)
        with sqlite.write_transaction(log.db, log.path):
            log.db.execute(f"DELETE FROM records_{partition} WHERE offset < ?", (until,))  # noqa: S608
            log.db.execute(
                "UPDATE partitions SET low_offset=? WHERE id=? AND low_offset < ?", (until, partition, until)
            )
    return max(end - low, 0)
