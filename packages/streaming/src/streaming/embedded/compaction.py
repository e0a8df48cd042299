"""Compaction: of each key only the newest record stays, as in a compacted Kafka topic.

A QuixStreams changelog needs one rule more. Recovery skips an entry whose header says that it belongs to source
offsets which were never committed; if such an entry had displaced its predecessor, the state would be lost. So in a
changelog an entry displaces older ones only once its source offsets are committed: it is *settled*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from streaming.embedded import sqlite
from streaming.embedded.headers import decode
from streaming.embedded.topic_log import TopicLog
from streaming.quix.changelog import CHANGELOG_PREFIX, OFFSETS_HEADER, STORE_HEADER

#: A partition is compacted when this many records, and as many as it holds, came since the last time.
DIRTY_RECORDS = 10_000
_CHUNK_RECORDS = 2_000

#: Source offsets committed by the owner of a changelog: {(topic, partition): offset}
Committed = Mapping[tuple[str, int], int]
#: (key, headers in stored form) -> (identity, settled)
Judge = Callable[[bytes, bytes | None], tuple[object, bool]]


def compact(log: TopicLog, committed: Committed | None = None, dirty_records: int = DIRTY_RECORDS) -> int:
    """Compact every partition that has become dirty enough; return how many records went.

    Parameters
    ----------
    committed
        For changelogs: what the owning group has committed.
    dirty_records
        How dirty is enough; 0 compacts always.
    """
    if not log.settings.compacted:
        return 0
    return sum(
        _compact_partition(log, partition, _judge(log, partition, committed), dirty_records)
        for partition in range(log.partitions)
    )


def _compact_partition(log: TopicLog, partition: int, judge: Judge, dirty_records: int) -> int:
    with sqlite.translated(log.path):
        horizon, following, held = log.db.execute(
            "SELECT compacted_offset, next_offset,"  # noqa: S608
            f" (SELECT count(*) FROM records_{partition}) FROM partitions WHERE id=?",
            (partition,),
        ).fetchone()
        dirty = following - horizon
        if dirty_records and (dirty < dirty_records or 2 * dirty < held):
            return 0
        doomed = _superseded(log, partition, judge, horizon)
    for start in range(0, len(doomed), _CHUNK_RECORDS):
        with sqlite.write_transaction(log.db, log.path):
            chunk = [(offset,) for offset in doomed[start : start + _CHUNK_RECORDS]]
            log.db.executemany(f"DELETE FROM records_{partition} WHERE offset=?", chunk)  # noqa: S608
    with sqlite.write_transaction(log.db, log.path):
        log.db.execute("UPDATE partitions SET compacted_offset=? WHERE id=?", (following, partition))
    return len(doomed)


def _superseded(log: TopicLog, partition: int, judge: Judge, horizon: int) -> list[int]:
    """Return the offsets that a settled, newer record of the same key has made superfluous.

    A deletion marker stays until the next compaction after the one that saw it first (`horizon`): by then every local
    store has read it.
    """
    doomed: list[int] = []
    seen: set[object] = set()
    displaced: set[object] = set()
    rows = log.db.execute(
        f"SELECT offset, key, value IS NULL, headers FROM records_{partition} ORDER BY offset DESC"  # noqa: S608
    )
    for offset, key, deleted, headers in rows:
        if key is None:
            continue
        identity, settled = judge(key, headers)
        newest = identity not in seen
        seen.add(identity)
        if identity in displaced:
            doomed.append(offset)
        elif settled:
            displaced.add(identity)
            if deleted and newest and offset < horizon:
                doomed.append(offset)
    return doomed


def _judge(log: TopicLog, partition: int, committed: Committed | None) -> Judge:
    if not log.name.startswith(CHANGELOG_PREFIX):
        return lambda key, headers: (key, True)
    known = committed or {}

    def judge(key: bytes, stored: bytes | None) -> tuple[object, bool]:
        headers = dict(decode(stored) or ())
        processed = orjson.loads(headers.get(OFFSETS_HEADER) or b"null")
        settled = processed is None or all(
            offset < known.get((topic, partition), 0) for topic, offset in processed.items()
        )
        return (headers.get(STORE_HEADER), key), settled

    return judge
