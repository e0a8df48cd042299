"""What differs between databases, and the statements that do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol

from featurestore.tables import Column, Kind, Table, quoted, quoted_names

#: SQL types of PostgreSQL, and of RisingWave, which has its types from there.
POSTGRES_TYPES: Mapping[Kind, str] = {
    "integer": "BIGINT",
    "float": "DOUBLE PRECISION",
    "decimal": "NUMERIC",
    "text": "VARCHAR",
}


class Dialect(Protocol):
    """One database behind the store.

    Attributes
    ----------
    types
        SQL type for each kind of column.
    placeholder
        How a statement marks a parameter.
    writable
        False where the database reads the topics itself.
    keeps_views
        The database keeps views up to date, so that reading one computes nothing.
    """

    types: ClassVar[Mapping[Kind, str]]
    placeholder: ClassVar[str]
    writable: ClassVar[bool]
    keeps_views: ClassVar[bool]

    def connect(self) -> Any:
        """Return a DB-API connection that commits only where `transaction` says so."""

    def prepare(self, connection: Any) -> None:
        """Make the tables and views, or see that they are there."""

    def transaction(self, connection: Any) -> AbstractContextManager[None]:
        """Commit what happens inside, or none of it; raise the store's errors."""

    def reading(self, connection: Any) -> AbstractContextManager[None]:
        """Refuse what would change anything inside; raise the store's errors."""

    def put(self, cursor: Any, tables: Sequence[Table], rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows into each of `tables`, which keep the same messages; an older row takes no newer one's place."""


class MakesTables(Dialect, Protocol):
    """A database whose tables and views the store makes itself."""

    def lock_schema(self, connection: Any) -> None:
        """Let no other process make or change tables until the transaction ends."""

    def columns_of(self, connection: Any, table: str) -> set[str]:
        """Return the columns that the database has of a table or view; none if it has no such."""


def create_table(table: Table, dialect: Dialect) -> str:
    """Return the statement that makes `table`."""
    columns = [_definition(column, dialect) for column in table.columns]
    return f"CREATE TABLE IF NOT EXISTS {table.name} ({', '.join(columns)}, PRIMARY KEY ({quoted_names(table.key)}))"


def add_column(table: Table, column: Column, dialect: Dialect) -> str:
    """Return the statement that adds a column; nullable, since the rows that exist have no value for it."""
    return f"ALTER TABLE {table.name} ADD COLUMN {quoted(column.name)} {dialect.types[column.kind]}"


def upsert(table: Table, dialect: Dialect, source: str = "") -> str:
    """Return the statement that writes a row, or those of `source`, unless a newer one of its key is stored.

    Examples
    --------
    >>> from featurestore.sqlite import SqliteDialect
    >>> from featurestore.tables import table
    >>> upsert(table("candles"), SqliteDialect(":memory:")).partition(" WHERE ")[2]
    'excluded."revision" >= candles."revision"'
    """
    columns = [column.name for column in table.columns]
    changes = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in columns if name not in table.key)
    newest = quoted(table.newest) if table.newest else ""
    condition = f" WHERE excluded.{newest} >= {table.name}.{newest}" if newest else ""
    rows = f"SELECT {quoted_names(columns)} FROM {source}" if source else f"VALUES ({marks(columns, dialect)})"  # noqa: S608
    return (
        f"INSERT INTO {table.name} ({quoted_names(columns)}) {rows} "
        f"ON CONFLICT ({quoted_names(table.key)}) DO UPDATE SET {changes}{condition}"
    )


def marks(values: Sequence[Any], dialect: Dialect) -> str:
    """Return as many placeholders as there are values."""
    return ", ".join([dialect.placeholder] * len(values))


def _definition(column: Column, dialect: Dialect) -> str:
    return f"{quoted(column.name)} {dialect.types[column.kind]}{'' if column.nullable else ' NOT NULL'}"
