"""PostgreSQL: a store written by services, read by anybody."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, ClassVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from contracts.columns import Column, Kind
from contracts.errors import BadSettingError
from featurestore.dialect import POSTGRES_TYPES, Columns, Rows, upsert, values
from featurestore.errors import StoreBusyError, StoreError, StoreFullError
from featurestore.functions import in_standard_words
from featurestore.schema import make_schema, missing_columns
from featurestore.tables import Table, digits_of, quoted, quoted_names

#: One number for "the tables of this project", as PostgreSQL's advisory locks want it.
_SCHEMA_LOCK = 0x7261_6465
#: What a server says of a login that no waiting will cure.
_WRONG_LOGIN = ("authentication failed", "no password supplied", "no pg_hba.conf entry", "does not exist")
#: A server that has never answered may still be starting; after so long its address is wrong.
_FIRST_ANSWER_SECONDS = 60.0
#: Fewer rows are written one by one.
_ROWS_WORTH_A_COPY = 100
_INCOMING = "incoming_rows"


class PostgresDialect:
    """A store in a PostgreSQL database.

    Parameters
    ----------
    url
        ``postgresql://user:password@host:port/database``, or any other that psycopg takes.

    Raises
    ------
    BadSettingError
        If it cannot be read.
    """

    types: ClassVar[Mapping[Kind, str]] = POSTGRES_TYPES
    placeholder: ClassVar[str] = "%s"
    of_narrow_tables: ClassVar[str] = ""
    writable: ClassVar[bool] = True
    keeps_views: ClassVar[bool] = False

    def __init__(self, url: str) -> None:
        self._url = url
        self._server = _server(url)
        self._answered = False
        self._asked_first: float | None = None

    @property
    def where(self) -> str:
        """Which of the databases it is."""
        return "PostgreSQL"

    def definitions(self, column: Column) -> dict[str, str]:
        """Return a column; an exact decimal is a NUMERIC, and its digits follow from it."""
        found = {column.name: f"{self.types[column.kind]}{'' if column.nullable else ' NOT NULL'}"}
        if column.kind == "decimal":
            digits = f"VARCHAR GENERATED ALWAYS AS (CAST({quoted(column.name)} AS VARCHAR)) STORED"
            found[digits_of(column).name] = digits
        return found

    def stored_name(self, column: Column) -> str:
        """Return the column's own name."""
        return column.name

    def upgrade(self, connection: psycopg.Connection[Any], table: Table, present: set[str]) -> set[str]:
        """Leave what there is: no column has another name in older versions."""
        return present

    def demanded(self, connection: psycopg.Connection[Any], table: str) -> set[str]:
        """Return the columns of a table that may not be null."""
        query = (
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_name = %s AND table_schema = current_schema() AND is_nullable = 'NO'"
        )
        return {row[0] for row in connection.execute(query, (table,))}

    def release(self, connection: psycopg.Connection[Any], table: Table, columns: Sequence[str]) -> bool:
        """Let `columns` of a table be null."""
        for name in columns:
            connection.execute(f"ALTER TABLE {table.name} ALTER COLUMN {quoted(name)} DROP NOT NULL")
        return True

    def require_answer(self) -> None:
        """Connect once; RisingWave answers in the same way."""
        self.open().close()

    def connect(self) -> psycopg.Connection[Any]:
        """Connect; every transaction is opened by hand."""
        return self.open(autocommit=True)

    def open(self, **options: Any) -> psycopg.Connection[Any]:
        """Connect to the server; one that does not answer is waited for, unless it never answered for a minute."""
        self._asked_first = self._asked_first or time.monotonic()
        try:
            with store_errors(self.where):
                connection: psycopg.Connection[Any] = psycopg.connect(self._url, **options)
        except StoreBusyError as error:
            waited = time.monotonic() - self._asked_first
            never = not self._answered and waited >= _FIRST_ANSWER_SECONDS
            if any(words in str(error) for words in _WRONG_LOGIN):
                raise StoreError(f"TRADESTREAM_STORE_URL: expected a login of {self._server}: {error}") from error
            if never:
                expected = f"TRADESTREAM_STORE_URL: expected a server at {self._server}, none answered for"
                raise StoreError(f"{expected} {waited:.0f} s: {error}") from error
            raise
        self._answered = True
        return connection

    def prepare(self, connection: psycopg.Connection[Any]) -> None:
        """Make the tables and views."""
        make_schema(connection, self)

    def connect_to_read(self) -> psycopg.Connection[Any]:
        """Connect for queries alone; every transaction is read only, whatever the session was told."""
        connection = self.open(autocommit=True, prepare_threshold=None)
        with store_errors(self.where):
            try:
                connection.execute("SET default_transaction_read_only = on")
                connection.execute("SET TIME ZONE 'UTC'")  # days are UTC days, whatever the server is set to
                missing_columns(connection, self)
            except BaseException:
                connection.close()
                raise
            return connection

    def in_own_words(self, query: str) -> str:
        """Return it in standard SQL."""
        return in_standard_words(query)

    @contextmanager
    def transaction(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """Commit what happens inside, or none of it."""
        with store_errors("PostgreSQL"), connection.transaction():
            yield

    @contextmanager
    def reading(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """See one moment of the store, and refuse to change it; what a query set for the session is undone."""
        try:
            with store_errors(self.where), connection.transaction(force_rollback=True):
                # After a first query the transaction cannot be made one that writes.
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT 1")
                with one_statement(connection):
                    yield
        except StoreError as error:
            if isinstance(error.__cause__, psycopg.errors.UndefinedColumn | psycopg.errors.UndefinedTable):
                with store_errors(self.where):
                    missing = missing_columns(connection, self)
                if missing:
                    lacking = ", ".join(f"{table} lacks {', '.join(names)}" for table, names in missing.items())
                    raise StoreError(
                        f"{error}; an older version wrote this store, and the next write upgrades it: {lacking}"
                    ) from error
            raise

    def lock_schema(self, connection: psycopg.Connection[Any]) -> None:
        """Two processes that make the same table at once would both fail half-way."""
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))

    def columns_of(self, connection: psycopg.Connection[Any], table: str) -> set[str]:
        """Return the columns that the database has of a table."""
        query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND table_schema = %s"
        schema = connection.execute("SELECT current_schema()").fetchone()
        return {row[0] for row in connection.execute(query, (table, schema[0] if schema else "public"))}

    def put(self, cursor: psycopg.Cursor[Any], tables: Sequence[Table], columns: Columns, rows: Rows) -> None:
        """Write rows into each of `tables`: many of them go over in one copy, which is twice as fast."""
        if len(rows) < _ROWS_WORTH_A_COPY or not all(_one_row_a_key(table, columns, rows) for table in tables):
            for table in tables:
                cursor.executemany(upsert(table, columns, values(columns, self), self), rows)
            return
        names = quoted_names(columns)
        cursor.execute(f"CREATE TEMPORARY TABLE {_INCOMING} (LIKE {tables[0].name}) ON COMMIT DROP")
        with cursor.copy(f"COPY {_INCOMING} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        for table in tables:
            cursor.execute(upsert(table, columns, f"SELECT {names} FROM {_INCOMING}", self))  # noqa: S608 - our own names
        cursor.execute(f"DROP TABLE {_INCOMING}")


def _server(url: str) -> str:
    """Return host and database of an address, which may hold a password."""
    expected = "an address of PostgreSQL, postgresql://user:password@host:port/database with %xx for :, /, @ in it"
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # what libpq says of it can quote the password
        raise BadSettingError("store_url", expected, url) from None
    host, port = str(parts.get("host", "this machine")), str(parts.get("port", 5432))
    if "@" in host or not port.replace(",", "").isdigit():  # libpq would look for a host or port that is half of it
        raise BadSettingError("store_url", expected, url)
    return f"{host}:{port}/{parts.get('dbname', '')}"


def _one_row_a_key(table: Table, columns: Columns, rows: Rows) -> bool:
    """Return whether no two rows would meet in the table, which one statement may not let them do."""
    key = itemgetter(*(n for n, column in enumerate(columns) if column in table.key))
    return len(set(map(key, rows))) == len(rows)


@contextmanager
def one_statement(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Let a query be one statement: in a pipeline psycopg sends it so that the server takes no second one with it."""
    with connection.pipeline():
        yield


@contextmanager
def store_errors(database: str) -> Iterator[None]:
    """Raise what psycopg says of `database` as the store's own errors."""
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise StoreFullError(f"{database}'s disk is full; nothing in this batch was written") from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreBusyError(f"{database}: {error}") from error
    except psycopg.Error as error:
        raise StoreError(f"{database}: {error}") from error
    except (OverflowError, UnicodeError) as error:
        raise StoreError(f"{database}: {error}") from error
