"""SQLite: a file of its own, written by several services, read by anybody."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from featurestore.dialect import Columns, Rows, upsert, values
from featurestore.errors import StoreBusyError, StoreError, StoreFullError
from featurestore.schema import make_schema
from featurestore.tables import Kind, Table

#: How long a writer waits for another; each holds the lock for one batch.
BUSY_TIMEOUT_SECONDS = 5.0


class SqliteDialect:
    """A store in one file, or ``:memory:``.

    Exact decimals are TEXT: SQLite's own NUMERIC would turn them into floats. They read back digit for digit and add
    up as numbers; to compare or order by one, write ``CAST(close AS REAL)``.

    Parameters
    ----------
    path
        Of the file; its folder is made if it is missing.
    """

    types: ClassVar[Mapping[Kind, str]] = {
        "integer": "BIGINT",
        "float": "DOUBLE PRECISION",
        "decimal": "TEXT",
        "text": "VARCHAR",
    }
    placeholder: ClassVar[str] = "?"
    writable: ClassVar[bool] = True
    keeps_views: ClassVar[bool] = False

    def __init__(self, path: str) -> None:
        self._path = path

    def connect(self) -> sqlite3.Connection:
        """Open the file; readers never wait for a writer (write-ahead log)."""
        if self._path != ":memory:":
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
        with _store_errors(self._path):
            connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
        connection.create_function("to_timestamp", 1, to_timestamp, deterministic=True)
        return connection

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Make the tables and views."""
        make_schema(connection, self)

    @contextmanager
    def transaction(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Hold the write lock from the first statement on: a lock taken half-way could only fail."""
        with _store_errors(self._path):
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self, connection: sqlite3.Connection) -> Iterator[None]:
        """See one moment of the store, and refuse to change it."""
        with _store_errors(self._path):
            connection.execute("PRAGMA query_only = ON")
            try:
                yield
            finally:
                connection.execute("PRAGMA query_only = OFF")

    def lock_schema(self, connection: sqlite3.Connection) -> None:
        """A transaction has the write lock already."""

    def columns_of(self, connection: sqlite3.Connection, table: str) -> set[str]:
        """Return the columns that the file has of a table."""
        return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}

    def put(self, cursor: sqlite3.Cursor, tables: Sequence[Table], columns: Columns, rows: Rows) -> None:
        """Write rows into each of `tables`."""
        for table in tables:
            cursor.executemany(upsert(table, columns, values(columns, self)), rows)


def to_timestamp(epoch_seconds: float | None) -> str | None:
    """Return what PostgreSQL's function of this name shows, so a query runs on both.

    Examples
    --------
    >>> to_timestamp(1670889600)
    '2022-12-13 00:00:00+00:00'
    """
    if epoch_seconds is None:
        return None
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(sep=" ")


@contextmanager
def _store_errors(path: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreBusyError(f"{path}: locked by another process for {BUSY_TIMEOUT_SECONDS:g} s") from error
        if code == sqlite3.SQLITE_FULL:
            raise StoreFullError(f"{path}: the disk is full; nothing of this batch was written") from error
        raise StoreError(f"{path}: {error}") from error
