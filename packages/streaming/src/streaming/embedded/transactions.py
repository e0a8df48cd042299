"""Exactly-once over several files: a redo journal per transactional id.

A transaction is buffered in memory and committed by one write to its journal: that is the moment it exists. Then it
is applied to each topic and to the group's offsets, each file in a transaction of its own that also notes the
sequence number, and the journal is cleared. Whoever finds a journal that is not clear applies it again; what was
applied already is recognised by the number. So a crash at any point leaves all of the transaction or none, and no
write lock is ever held while another is waited for.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from streaming.embedded import sqlite
from streaming.embedded.group import ExclusiveLock, GroupOffsets, Offsets, safe_file_name
from streaming.embedded.topic_log import Draft

if TYPE_CHECKING:
    from streaming.embedded.log import EmbeddedLog

TRANSACTIONS_FOLDER = "_transactions"
_SUFFIX = ".journal"


class TransactionJournal:
    """The journal of one transactional id, held by one process at a time.

    Raises
    ------
    GroupTakenError
        If another process uses this id.
    """

    def __init__(self, log: EmbeddedLog, transactional_id: str) -> None:
        self.id = safe_file_name("transactional.id", transactional_id)
        self._log = log
        folder = log.folder / TRANSACTIONS_FOLDER
        self._lock = ExclusiveLock(
            folder / f"{self.id}.lock",
            f"transactional.id {self.id!r} in the embedded log {log.folder} is in use by another process",
        )
        self._path = folder / f"{self.id}{_SUFFIX}"
        self._db = _open_journal(self._path)
        roll_forward(log)

    def commit(self, drafts: Sequence[tuple[str, Draft]], group: str | None, offsets: Offsets) -> list[int]:
        """Commit the transaction, apply it, and return the offsets of `drafts` in the order given.

        Raises
        ------
        EmbeddedLogError
            If the journal could not be written: nothing of the transaction exists. If applying failed: all of it
            exists and is applied at the next start.
        """
        with sqlite.write_transaction(self._db, self._path):
            sequence = self._db.execute("UPDATE counter SET sequence=sequence+1 RETURNING sequence").fetchall()[0][0]
            self._db.executemany(
                "INSERT INTO records VALUES (?,?,?,?,?,?,?)",
                [(index, topic, *draft) for index, (topic, draft) in enumerate(drafts)],
            )
            self._db.executemany(
                "INSERT INTO offsets VALUES (?,?,?,?)",
                [(group, topic, partition, offset) for (topic, partition), offset in offsets.items()],
            )
        numbers = _apply(self._log, (self.id, sequence), drafts, group, offsets)
        _clear(self._db, self._path, sequence)
        return numbers

    def close(self) -> None:
        self._db.close()
        self._lock.release()


def roll_forward(log: EmbeddedLog) -> None:
    """Finish every transaction that a dead process committed but did not apply to the end."""
    for path in sorted((log.folder / TRANSACTIONS_FOLDER).glob(f"*{_SUFFIX}")):
        db = _open_journal(path)
        try:
            _finish(log, db, path)
        finally:
            db.close()


def _finish(log: EmbeddedLog, db: sqlite3.Connection, path: Path) -> None:
    with sqlite.translated(path):
        db.execute("BEGIN")
        sequence = db.execute("SELECT sequence FROM counter").fetchone()[0]
        records = db.execute(
            "SELECT topic, partition, timestamp_ms, key, value, headers FROM records ORDER BY position"
        ).fetchall()
        committed = db.execute("SELECT group_id, topic, partition, next_offset FROM offsets").fetchall()
        db.execute("COMMIT")
    if not records and not committed:
        return
    drafts = [(topic, draft) for topic, *fields in records for draft in (tuple(fields),)]
    group = committed[0][0] if committed else None
    offsets = {(topic, partition): offset for _, topic, partition, offset in committed}
    _apply(log, (path.name.removesuffix(_SUFFIX), sequence), drafts, group, offsets)
    _clear(db, path, sequence)


def _apply(
    log: EmbeddedLog,
    transaction: tuple[str, int],
    drafts: Sequence[tuple[str, Draft]],
    group: str | None,
    offsets: Offsets,
) -> list[int]:
    by_topic: dict[str, list[int]] = defaultdict(list)
    for index, (topic, _) in enumerate(drafts):
        by_topic[topic].append(index)
    numbers = [0] * len(drafts)
    for topic, indices in by_topic.items():
        given = log.topic(topic).append([drafts[index][1] for index in indices], transaction)
        for index, offset in zip(indices, given, strict=True):
            numbers[index] = offset
    if group is not None and offsets:
        store = GroupOffsets(log.folder, group)
        store.commit(offsets, transaction)
        store.close()
    return numbers


def _open_journal(path: Path) -> sqlite3.Connection:
    db = sqlite.connect(path, create=True)
    with sqlite.write_transaction(db, path):
        db.execute(
            "CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY CHECK (id=1), sequence INTEGER NOT NULL)"
        )
        db.execute("INSERT OR IGNORE INTO counter VALUES (1, 0)")
        db.execute(
            "CREATE TABLE IF NOT EXISTS records (position INTEGER PRIMARY KEY, topic TEXT, partition INTEGER,"
            " timestamp_ms INTEGER, key BLOB, value BLOB, headers BLOB)"
        )
        db.execute(
            "CREATE TABLE IF NOT EXISTS offsets (group_id TEXT, topic TEXT, partition INTEGER, next_offset INTEGER)"
        )
    return db


def _clear(db: sqlite3.Connection, path: Path, sequence: int) -> None:
    """Empty the journal, unless its owner has begun the next transaction meanwhile."""
    with sqlite.write_transaction(db, path):
        if db.execute("SELECT sequence FROM counter").fetchone()[0] == sequence:
            db.execute("DELETE FROM records")
            db.execute("DELETE FROM offsets")
