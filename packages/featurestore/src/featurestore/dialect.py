"""What differs between databases, and the statements that do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from operator import itemgetter
from typing import Any, ClassVar, Protocol

from contracts.columns import Column, Kind
from featurestore.tables import Table, quoted, quoted_names

Columns = tuple[str, ...]
Rows = Sequence[tuple[Any, ...]]

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
        """Make the tables and views that are missing."""

    def connect_to_read(self) -> Any:
        """Return a connection for `reading`, having seen that the tables are ours; makes and changes nothing."""

    def transaction(self, connection: Any) -> AbstractContextManager[None]:
        """Commit what happens inside, or none of it; raise the store's errors."""

    def reading(self, connection: Any) -> AbstractContextManager[None]:
        """Refuse what would change anything inside, and a second statement; raise the store's errors."""

    def put(self, cursor: Any, tables: Sequence[Table], columns: Columns, rows: Rows) -> None:
        """Write rows into each of `tables`, which keep the same messages; an older row takes no newer one's place.

        Columns that `columns` does not name are null in all the rows.
        """


class MakesTables(Dialect, Protocol):
    """A database whose tables and views the store makes itself.

    Attributes
    ----------
    where
        What it is called in errors.
    """

    @property
    def where(self) -> str: ...

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


def upsert(table: Table, columns: Columns, source: str) -> str:
    """Return the statement that writes the rows of `source` unless newer ones of their keys are stored.

    Columns that are not among `columns` become null, also where a row is stored already.

    Examples
    --------
    >>> from featurestore.tables import table
    >>> upsert(table("candles"), ("pair", "close"), "VALUES (?, ?)").partition(" WHERE ")[2]
    'excluded."revision" >= candles."revision"'
    """
    others = [column.name for column in table.columns if column.name not in table.key]
    changes = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in others)
    newest = quoted(table.newest) if table.newest else ""
    condition = f" WHERE excluded.{newest} >= {table.name}.{newest}" if newest else ""
    return (
        f"INSERT INTO {table.name} ({quoted_names(columns)}) {source} "
        f"ON CONFLICT ({quoted_names(table.key)}) DO UPDATE SET {changes}{condition}"
    )


def values(columns: Columns, dialect: Dialect) -> str:
    """Return the source of one row: a placeholder for each column."""
    return f"VALUES ({marks(columns, dialect)})"


def without_nulls(columns: Columns, rows: Rows) -> tuple[Columns, Rows]:
    """Leave out the columns that are null in all rows: most features where rows are of a small set.

    Databases and drivers take their time over nulls too.

    Examples
    --------
    >>> without_nulls(("a", "b", "c"), [(1, None, None), (2, None, 3)])
    (('a', 'c'), [(1, None), (2, 3)])
    """
    given = [n for n, values in enumerate(zip(*rows, strict=True)) if values.count(None) < len(values)]
    if len(given) == len(columns) or len(given) < 2:
        return columns, rows
    kept = itemgetter(*given)
    return kept(columns), list(map(kept, rows))


def marks(values: Sequence[Any], dialect: Dialect) -> str:
    """Return as many placeholders as there are values."""
    return ", ".join([dialect.placeholder] * len(values))


def _definition(column: Column, dialect: Dialect) -> str:
    return f"{quoted(column.name)} {dialect.types[column.kind]}{'' if column.nullable else ' NOT NULL'}"
