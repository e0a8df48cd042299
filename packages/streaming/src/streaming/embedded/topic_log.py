"""One topic: one SQLite file with a table per partition."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from streaming.embedded import sqlite
from streaming.embedded.errors import EmbeddedLogError

SUFFIX = ".topic"
_MAX_NAME_LENGTH = 200
_FOREVER = -1

#: partition, timestamp_ms, key, value, headers in stored form
Draft = tuple[int, int, bytes | None, bytes | None, bytes | None]
#: offset, timestamp_ms, key, value, headers in stored form
Row = tuple[int, int, bytes | None, bytes | None, bytes | None]


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """What a topic is created with; Kafka's names and meanings."""

    partitions: int = 1
    retention_ms: int = _FOREVER
    cleanup_policy: str = "delete"

    @property
    def compacted(self) -> bool:
        return "compact" in self.cleanup_policy

    @property
    def expires(self) -> bool:
        return self.retention_ms >= 0 and "delete" in self.cleanup_policy

    def as_kafka_config(self) -> dict[str, str]:
        return {
            "retention.ms": str(self.retention_ms),
            "retention.bytes": str(_FOREVER),
            "cleanup.policy": self.cleanup_policy,
        }


def topic_path(folder: Path, name: str) -> Path:
    """Return the file of topic `name`.

    Raises
    ------
    EmbeddedLogError
        If Kafka would not accept the name either, or it is too long for a file name.
    """
    legal = name and all(c.isalnum() or c in "._-" for c in name) and name not in (".", "..")
    if not legal or len(name) > _MAX_NAME_LENGTH:
        raise EmbeddedLogError(
            f"topic name: expected 1 to {_MAX_NAME_LENGTH} letters, digits, '.', '_' or '-', was {name!r}"
        )
    return folder / f"{name}{SUFFIX}"


def create_topic_file(folder: Path, name: str, settings: TopicSettings) -> bool:
    """Create the topic's file; return False if it is there already.

    The file is built under another name and linked into place, so no other process ever sees half of it.
    """
    path = topic_path(folder, name)
    if path.exists():
        return False
    draft = folder / f".{name}.{os.getpid()}.draft"
    draft.unlink(missing_ok=True)
    db = sqlite.connect(draft, create=True)
    try:
        with sqlite.write_transaction(db, draft):
            _create_schema(db, settings)
    finally:
        db.close()
    try:
        with sqlite.translated(path):
            os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        for leftover in (draft, *(Path(f"{draft}{tail}") for tail in ("-wal", "-shm"))):
            leftover.unlink(missing_ok=True)
    return True


def _create_schema(db: sqlite3.Connection, settings: TopicSettings) -> None:
    db.execute("CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    db.executemany(
        "INSERT INTO settings VALUES (?, ?)",
        [
            ("retention_ms", str(settings.retention_ms)),
            ("cleanup_policy", settings.cleanup_policy),
            ("id", uuid.uuid4().hex),
        ],
    )
    db.execute(
        "CREATE TABLE partitions (id INTEGER PRIMARY KEY, low_offset INTEGER NOT NULL DEFAULT 0,"
        " next_offset INTEGER NOT NULL DEFAULT 0, compacted_offset INTEGER NOT NULL DEFAULT 0)"
    )
    # The last transaction applied per transactional id: rolling the same one forward again changes nothing.
    db.execute(
        "CREATE TABLE transactions (id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, first_offsets TEXT NOT NULL)"
        " WITHOUT ROWID"
    )
    for partition in range(settings.partitions):
        db.execute("INSERT INTO partitions (id) VALUES (?)", (partition,))
        db.execute(
            f"CREATE TABLE records_{partition} (offset INTEGER PRIMARY KEY, timestamp_ms INTEGER NOT NULL,"
            " key BLOB, value BLOB, headers BLOB)"
        )


class TopicLog:
    """An open topic. Offsets are given inside the write transaction, so they are gapless and in commit order.

    Parameters
    ----------
    folder, name
        The topic must exist.

    Attributes
    ----------
    id
        Tells it from an earlier or later topic of its name; None of one that an older version made.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.path = topic_path(folder, name)
        self.db = sqlite.connect(self.path)
        with sqlite.translated(self.path):
            values = dict(self.db.execute("SELECT name, value FROM settings"))
            self.partitions: int = self.db.execute("SELECT count(*) FROM partitions").fetchone()[0]
        self.id: str | None = values.get("id")
        self.settings = TopicSettings(self.partitions, int(values["retention_ms"]), values["cleanup_policy"])

    def append(self, drafts: Sequence[Draft], transaction: tuple[str, int] | None = None) -> list[int]:
        """Write `drafts` in one transaction and return their offsets, in the order given.

        Parameters
        ----------
        transaction
            (transactional id, sequence): a transaction that was applied before is not applied again.

        Raises
        ------
        EmbeddedLogError
            If nothing was written.
        """
        with sqlite.write_transaction(self.db, self.path):
            if transaction is not None and (applied := self._applied(*transaction)) is not None:
                return _number(drafts, applied)
            first = dict(self.db.execute("SELECT id, next_offset FROM partitions"))
            rows: dict[int, list[Row]] = defaultdict(list)
            following = dict(first)
            offsets = []
            for partition, timestamp_ms, key, value, headers in drafts:
                offset = following[partition]
                following[partition] = offset + 1
                rows[partition].append((offset, timestamp_ms, key, value, headers))
                offsets.append(offset)
            for partition, batch in rows.items():
                self.db.executemany(f"INSERT INTO records_{partition} VALUES (?,?,?,?,?)", batch)  # noqa: S608
                self.db.execute("UPDATE partitions SET next_offset=? WHERE id=?", (following[partition], partition))
            if transaction is not None:
                self._mark_applied(*transaction, first)
        return offsets

    def _applied(self, transactional_id: str, sequence: int) -> dict[int, int] | None:
        """Return the first offset per partition if that transaction is in the log already."""
        found = self.db.execute(
            "SELECT sequence, first_offsets FROM transactions WHERE id=?", (transactional_id,)
        ).fetchone()
        if found is None or found[0] < sequence:
            return None
        return {int(partition): offset for partition, offset in orjson.loads(found[1]).items()}

    def _mark_applied(self, transactional_id: str, sequence: int, first: Mapping[int, int]) -> None:
        text = orjson.dumps({str(partition): offset for partition, offset in first.items()}).decode()
        self.db.execute("INSERT OR REPLACE INTO transactions VALUES (?,?,?)", (transactional_id, sequence, text))

    def read(self, partition: int, offset: int, limit: int) -> tuple[list[Row], int]:
        """Return up to `limit` records from `offset` on, and the partition's next offset.

        Every record below the next offset is committed, so after fewer than `limit` records a reader may continue at
        the next offset: what lies between was compacted or expired.
        """
        with sqlite.translated(self.path):
            following = self.watermarks(partition)[1]
            rows = self.db.execute(
                f"SELECT offset, timestamp_ms, key, value, headers FROM records_{partition}"  # noqa: S608
                " WHERE offset >= ? AND offset < ? ORDER BY offset LIMIT ?",
                (offset, following, limit),
            ).fetchall()
        return rows, following

    def watermarks(self, partition: int) -> tuple[int, int]:
        """Return (first retained offset, next offset)."""
        with sqlite.translated(self.path):
            found = self.db.execute(
                "SELECT low_offset, next_offset FROM partitions WHERE id=?", (partition,)
            ).fetchone()
        if found is None:
            raise EmbeddedLogError(
                f"topic {self.name}: expected partition 0 to {self.partitions - 1}, was {partition}"
            )
        return found[0], found[1]

    def offset_at(self, partition: int, timestamp_ms: int) -> int | None:
        """Return the first offset whose record has `timestamp_ms` or later; None if there is none."""
        with sqlite.translated(self.path):
            found = self.db.execute(
                f"SELECT offset FROM records_{partition} WHERE timestamp_ms >= ? ORDER BY offset LIMIT 1",  # noqa: S608
                (timestamp_ms,),
            ).fetchone()
        return found[0] if found else None

    def version(self) -> int:
        """Return a number that changes when another connection commits to this topic."""
        version: int = self.db.execute("PRAGMA data_version").fetchone()[0]
        return version

    def close(self) -> None:
        with suppress(sqlite3.Error):  # the last connection checkpoints on closing, which a full disk may refuse
            self.db.close()


def _number(drafts: Iterable[Draft], first: Mapping[int, int]) -> list[int]:
    """Return the offsets that `drafts` got when they were applied from `first` on."""
    following: dict[int, Any] = dict(first)
    offsets = []
    for partition, *_ in drafts:
        offsets.append(following[partition])
        following[partition] += 1
    return offsets
