"""A consumer group: its committed offsets in one SQLite file, its single member by a lock the OS releases."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from streaming.embedded import sqlite
from streaming.embedded.errors import EmbeddedLogError, GroupTakenError

GROUPS_FOLDER = "_groups"

Offsets = Mapping[tuple[str, int], int]


def safe_file_name(kind: str, name: str) -> str:
    """Return `name` if it can be a file's name.

    Raises
    ------
    EmbeddedLogError
        Otherwise.
    """
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,200}", name) or name.startswith("."):
        raise EmbeddedLogError(f"{kind}: expected 1 to 200 letters, digits, '.', '_' or '-', was {name!r}")
    return name


class GroupOffsets:
    """The committed offsets of a group.

    Parameters
    ----------
    folder
        The log's folder.
    group
        The consumer group's full name.
    create
        Whether to create the group if it has never committed.
    """

    def __init__(self, folder: Path, group: str, *, create: bool = True) -> None:
        self.path = folder / GROUPS_FOLDER / f"{safe_file_name('consumer group', group)}.offsets"
        self._db = None
        if create or self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite.connect(self.path, create=True)
            with sqlite.write_transaction(self._db, self.path):
                self._create_schema()

    def _create_schema(self) -> None:
        assert self._db is not None
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS offsets (topic TEXT, partition INTEGER, next_offset INTEGER NOT NULL,"
            " PRIMARY KEY (topic, partition)) WITHOUT ROWID"
        )
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS transactions (id TEXT PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID"
        )

    def commit(self, offsets: Offsets, transaction: tuple[str, int] | None = None) -> None:
        """Store the next offset to read per (topic, partition); a transaction applied before changes nothing.

        Raises
        ------
        EmbeddedLogError
            If the group was opened for reading only, or the file cannot be written.
        """
        if self._db is None:
            raise EmbeddedLogError(f"{self.path}: expected a group opened for writing, was opened for reading")
        with sqlite.write_transaction(self._db, self.path):
            if transaction is not None:
                newer = self._db.execute(
                    "INSERT INTO transactions VALUES (?,?) ON CONFLICT (id) DO UPDATE SET sequence=excluded.sequence"
                    " WHERE excluded.sequence > sequence",
                    transaction,
                ).rowcount
                if not newer:
                    return
            self._db.executemany(
                "INSERT OR REPLACE INTO offsets VALUES (?,?,?)",
                [(topic, partition, offset) for (topic, partition), offset in offsets.items()],
            )

    def committed(self, partitions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Return the committed offsets of those `partitions` that have one.

        Returns
        -------
        dict[tuple[str, int], int]
            Offset by topic and partition.
        """
        if self._db is None:
            return {}
        found = {}
        with sqlite.translated(self.path):
            for topic, partition in partitions:
                row = self._db.execute(
                    "SELECT next_offset FROM offsets WHERE topic=? AND partition=?", (topic, partition)
                ).fetchone()
                if row is not None:
                    found[topic, partition] = row[0]
        return found

    def close(self) -> None:
        if self._db is not None:
            self._db.close()


class ExclusiveLock:
    """A file lock that ends with its process, SIGKILL included.

    Raises
    ------
    GroupTakenError
        With `taken` as its message, if another client holds it.
    """

    def __init__(self, path: Path, taken: str) -> None:
        with sqlite.translated(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise GroupTakenError(taken) from None

    def release(self) -> None:
        os.close(self._fd)


def lock_group(folder: Path, group: str) -> ExclusiveLock:
    """Become the only consumer of `group` on this log.

    Raises
    ------
    GroupTakenError
        If there is one already.
    """
    return ExclusiveLock(
        folder / GROUPS_FOLDER / f"{safe_file_name('consumer group', group)}.lock",
        f"consumer group {group!r} in the embedded log {folder} already has its one consumer: stop the other "
        "process, or run several replicas over Kafka by setting TRADESTREAM_BROKER_ADDRESS=host:9092",
    )
