"""SQLite: a file of its own, written by several services, read by anybody."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

from contracts.columns import Column, Kind
from contracts.write_ahead import enter_write_ahead_mode
from featurestore.dialect import Columns, Rows, upsert, values
from featurestore.errors import StoreBusyError, StoreError, StoreFullError
from featurestore.functions import add_functions
from featurestore.schema import make_schema, missing_columns, present_columns
from featurestore.tables import STORED, Table, digits_of, quoted
from featurestore.views import VIEWS

#: How long a writer waits for another; each holds the lock for one batch.
BUSY_TIMEOUT_SECONDS = 5.0

_MEMORY = ":memory:"
#: All that a query may do, and the pragmas that only tell. So it attaches no file, ends and begins no transaction.
_READS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_TELLING_PRAGMAS = frozenset({"table_info", "table_xinfo", "table_list"})


class SqliteDialect:
    """A store in one file, or ``:memory:``.

    SQLite has no exact decimals. The digits of one are stored as text, in ``close_text``; ``close`` is computed from
    them as a float when it is asked for, so that it compares, sorts and adds up as a number.

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
        "boolean": "BOOLEAN",
        "json": "VARCHAR",
    }
    placeholder: ClassVar[str] = "?"
    of_narrow_tables: ClassVar[str] = " WITHOUT ROWID"
    writable: ClassVar[bool] = True
    keeps_views: ClassVar[bool] = False

    def __init__(self, path: str) -> None:
        self._path = path
        self._memory = f"file:{uuid4().hex}?mode=memory&cache=shared" if path == _MEMORY else None

    @property
    def where(self) -> str:
        """The file."""
        return self._path

    def definitions(self, column: Column) -> dict[str, str]:
        """Return a column; of an exact decimal the digits are stored, and the number follows from them."""
        null = "" if column.nullable else " NOT NULL"
        if column.kind != "decimal":
            return {column.name: f"{self.types[column.kind]}{null}"}
        digits = digits_of(column).name
        number = f"{self.types['float']} GENERATED ALWAYS AS (CAST({quoted(digits)} AS REAL)) VIRTUAL"
        return {column.name: number, digits: f"{self.types['decimal']}{null}"}

    def stored_name(self, column: Column) -> str:
        """Return the name of the digits, if it is an exact decimal."""
        return digits_of(column).name if column.kind == "decimal" else column.name

    def upgrade(self, connection: sqlite3.Connection, table: Table, present: set[str]) -> set[str]:
        """Rename decimals that an older version kept as text under the number's name; no row is written anew."""
        found = set(present)
        for column in table.columns:
            stored = self.stored_name(column)
            if column.name in found and stored not in found:
                connection.execute(
                    f"ALTER TABLE {table.name} RENAME COLUMN {quoted(column.name)} TO {quoted(stored)}"
                )
                found = found - {column.name} | {stored}
        return found

    def demanded(self, connection: sqlite3.Connection, table: str) -> set[str]:
        """Return the columns of a table that may not be null."""
        return {row[1] for row in connection.execute(f"PRAGMA table_xinfo({table})") if row[3]}

    def release(self, connection: sqlite3.Connection, table: Table, columns: Sequence[str]) -> bool:
        """Change nothing: SQLite cannot."""
        return False

    def require_answer(self) -> None:
        """Ask nobody: the file is made when it is needed."""

    def connect(self) -> sqlite3.Connection:
        """Open the file to write it, and make it where it is missing."""
        if not self._memory:
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
        return self._open("rwc")

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Make the tables and views; from then on readers never wait for a writer (write-ahead log)."""
        with _store_errors(self._path):
            present_columns(connection, self)  # somebody else's file is left as it is
            enter_write_ahead_mode(connection, BUSY_TIMEOUT_SECONDS)
        make_schema(connection, self)

    def connect_to_read(self) -> sqlite3.Connection:
        """Open the file for queries alone.

        What a file of an older version lacks reads as null: views of this connection stand before its tables.
        """
        if not self._memory and not Path(self._path).is_file():
            raise StoreError(f"{self._path}: the store does not exist yet: the first write creates it")
        connection = self._open("rw")
        try:
            with _store_errors(self._path):
                connection.execute("BEGIN")  # one moment, also while another process makes the tables
                missing = missing_columns(connection, self)
                connection.execute("COMMIT")
                if missing:
                    _show_as_of_this_version(connection, self, missing)
                connection.execute("PRAGMA query_only = ON")
            connection.set_authorizer(_only_reads)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open(self, mode: str) -> sqlite3.Connection:
        address = self._memory or f"{Path(self._path).absolute().as_uri()}?mode={mode}"
        with _store_errors(self._path):
            connection = sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
        connection.create_function("to_timestamp", 1, to_timestamp, deterministic=True)
        add_functions(connection)
        return connection

    def in_own_words(self, query: str) -> str:
        """Return it as it is: a connection is given what SQLite lacks."""
        return query

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
        """See one moment of the store; the connection itself refuses to change it."""
        with _store_errors(self._path):
            yield

    def lock_schema(self, connection: sqlite3.Connection) -> None:
        """A transaction has the write lock already."""

    def columns_of(self, connection: sqlite3.Connection, table: str) -> set[str]:
        """Return the columns that the file has of a table."""
        return {row[1] for row in connection.execute(f"PRAGMA table_xinfo({table})")}

    def put(self, cursor: sqlite3.Cursor, tables: Sequence[Table], columns: Columns, rows: Rows) -> None:
        """Write rows into each of `tables`."""
        for table in tables:
            cursor.executemany(upsert(table, columns, values(columns, self), self), rows)


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


def _only_reads(action: int, name: str | None, *_rest: str | None) -> int:
    reads = action in _READS or (action == sqlite3.SQLITE_PRAGMA and name in _TELLING_PRAGMAS)
    return sqlite3.SQLITE_OK if reads else sqlite3.SQLITE_DENY


def _show_as_of_this_version(
    connection: sqlite3.Connection, dialect: SqliteDialect, missing: Mapping[str, Sequence[str]]
) -> None:
    """Put views of this connection before the tables that lack columns, and all our views over them."""
    for table in STORED:
        if table.name in missing:
            known = dialect.columns_of(connection, table.name)
            columns = ", ".join(shown for column in table.columns for shown in _as_now(column, known))
            source = f"FROM main.{table.name}" if known else "WHERE 0"
            connection.execute(f"CREATE TEMP VIEW {table.name} AS SELECT {columns} {source}")
    for view in VIEWS:
        connection.execute(f"CREATE TEMP VIEW {view.name} AS\n{view.query}")


def _as_now(column: Column, known: set[str]) -> Iterator[str]:
    """Yield how the columns of a value are selected from a table that has those that are `known`."""
    name, digits = quoted(column.name), quoted(digits_of(column).name)
    if column.kind != "decimal":
        yield name if column.name in known else f"NULL AS {name}"
    elif column.name in known and digits_of(column).name not in known:  # the digits, under the number's name
        yield f"CAST({name} AS REAL) AS {name}"
        yield f"{name} AS {digits}"
    else:
        yield from (name, digits) if column.name in known else (f"NULL AS {name}", f"NULL AS {digits}")


@contextmanager
def _store_errors(path: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreBusyError(f"{path}: locked by another process for {BUSY_TIMEOUT_SECONDS:g} s") from error
        if code == sqlite3.SQLITE_FULL:
            raise StoreFullError(f"{path}: the disk is full; nothing in this batch was written") from error
        what = f"expected one query that only reads ({error})" if code == sqlite3.SQLITE_AUTH else error
        raise StoreError(f"{path}: {what}") from error
    except (OverflowError, UnicodeError) as error:
        raise StoreError(f"{path}: {error}") from error
