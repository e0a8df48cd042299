"""Connections to the log's SQLite files, and what their errors mean."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from contracts.write_ahead import enter_write_ahead_mode
from streaming.embedded.errors import EmbeddedLogError, LogBusyError, LogDamagedError, LogFullError

#: How long a writer waits for another process to finish its write transaction.
BUSY_TIMEOUT_MS = 30_000
#: A write-ahead log that grew during a burst is cut back to this size.
_JOURNAL_LIMIT_BYTES = 16 * 1024 * 1024


def connect(path: Path, *, create: bool = False) -> sqlite3.Connection:
    """Open `path` in WAL mode with manual transactions.

    `synchronous=NORMAL` survives the death of every process; the last commits before a power cut may be lost, never
    torn or reordered.

    Raises
    ------
    EmbeddedLogError
        If the file is missing (unless `create`), damaged or cannot be opened.
    """
    if not create and not path.exists():
        raise EmbeddedLogError(f"{path}: expected an existing file of the embedded log, was missing")
    with translated(path):
        db = sqlite3.connect(
            path,
            timeout=BUSY_TIMEOUT_MS / 1_000,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        enter_write_ahead_mode(db, BUSY_TIMEOUT_MS / 1_000)
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute(f"PRAGMA journal_size_limit={_JOURNAL_LIMIT_BYTES}")
    return db


@contextmanager
def write_transaction(db: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Run a block under the file's write lock; all of it is committed, or none.

    Raises
    ------
    EmbeddedLogError
        If the disk is full, the lock is not to be had, or the file is damaged.
    """
    with translated(path):
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # a full disk has already rolled back by itself
                db.execute("ROLLBACK")
            raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's and the file system's errors into errors that name the folder and the way out."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(error, path) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise _full(path, str(error)) from error


def _explain(error: sqlite3.Error, path: Path) -> EmbeddedLogError:
    name = getattr(error, "sqlite_errorname", None) or ""
    text = str(error)
    if name.startswith("SQLITE_FULL") or "disk is full" in text or name in _NO_SPACE:
        return _full(path, text)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LogBusyError(f"{path}: another process held the write lock for over {BUSY_TIMEOUT_MS} ms ({text})")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or (
        isinstance(error, sqlite3.DatabaseError) and not name
    ):
        return LogDamagedError(f"{path}: expected a file of the embedded log, was damaged ({text})")
    return EmbeddedLogError(f"{path}: {text} ({name or type(error).__name__})")


def _full(path: Path, text: str) -> LogFullError:
    return LogFullError(
        f"embedded log folder {path.parent}: no space left while using {path.name} ({text}). Nothing was "
        "half-written; free some space and start again."
    )


#: I/O errors that mean "no space" where the shared-memory or journal file could not grow.
_NO_SPACE = frozenset({"SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_TRUNCATE"})
