"""PostgreSQL, and what speaks its protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import psycopg

from featurestore.errors import StoreBusyError, StoreError, StoreFullError
from featurestore.tables import Kind

#: One number for "the tables of this project", as PostgreSQL's advisory locks want it.
_SCHEMA_LOCK = 0x7261_6465


class PostgresDialect:
    """A store in a PostgreSQL database.

    Parameters
    ----------
    url
        ``postgresql://user:password@host:port/database``, or any other that psycopg takes.
    """

    types: ClassVar[Mapping[Kind, str]] = {
        "integer": "BIGINT",
        "float": "DOUBLE PRECISION",
        "decimal": "NUMERIC",
        "text": "VARCHAR",
    }
    placeholder = "%s"

    def __init__(self, url: str) -> None:
        self._url = url

    def connect(self) -> psycopg.Connection[Any]:
        """Connect; every transaction is opened by hand."""
        with _store_errors():
            return psycopg.connect(self._url, autocommit=True)

    @contextmanager
    def transaction(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """Commit what happens inside, or none of it."""
        with _store_errors(), connection.transaction():
            yield

    @contextmanager
    def reading(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """See one moment of the store, and refuse to change it."""
        with _store_errors(), connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield

    def lock_schema(self, connection: psycopg.Connection[Any]) -> None:
        """Two processes that make the same table at once would both fail half-way."""
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))

    def columns_of(self, connection: psycopg.Connection[Any], table: str) -> set[str]:
        """Return the columns that the database has of a table."""
        query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND table_schema = %s"
        schema = connection.execute("SELECT current_schema()").fetchone()
        return {row[0] for row in connection.execute(query, (table, schema[0] if schema else "public"))}


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise StoreFullError("PostgreSQL's disk is full; nothing of this batch was written") from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreBusyError(f"PostgreSQL: {error}") from error
    except psycopg.Error as error:
        raise StoreError(f"PostgreSQL: {error}") from error
