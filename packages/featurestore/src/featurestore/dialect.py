"""What differs between databases, and the statements that do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
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
    "boolean": "BOOLEAN",
    "json": "VARCHAR",
}


class Dialect(Protocol):
    """One database behind the store.

    Attributes
    ----------
    types
        SQL type for each kind of column.
    placeholder
        How a statement marks a parameter.
    of_narrow_tables
        What is added to the definition of a table with short rows.
    writable
        False where the database reads the topics itself.
    keeps_views
        The database keeps views up to date, so that reading one computes nothing.
    """

    types: ClassVar[Mapping[Kind, str]]
    placeholder: ClassVar[str]
    of_narrow_tables: ClassVar[str]
    writable: ClassVar[bool]
    keeps_views: ClassVar[bool]

    def definitions(self, column: Column) -> dict[str, str]:
        """Return how the columns of a value are declared, by name: of an exact decimal also that of its digits."""

    def stored_name(self, column: Column) -> str:
        """Return the name of the one that is written; another follows from it."""

    def require_answer(self) -> None:
        """Return once the database has answered, or raise the store's errors."""

    def connect(self) -> Any:
        """Return a DB-API connection that commits only where `transaction` says so."""

    def prepare(self, connection: Any) -> None:
        """Make the tables and views that are missing."""

    def connect_to_read(self) -> Any:
        """Return a connection for `reading`, having seen that the tables are ours; makes and changes nothing."""

    def in_own_words(self, query: str) -> str:
        """Return a query with functions that all three databases share as this one has them."""

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

    def upgrade(self, connection: Any, table: Table, present: set[str]) -> set[str]:
        """Put columns of an older version under the names they have now; return which there are then."""

    def columns_of(self, connection: Any, table: str) -> set[str]:
        """Return the columns that the database has of a table or view; none if it has no such."""

    def demanded(self, connection: Any, table: str) -> set[str]:
        """Return the columns of a table that may not be null."""

    def release(self, connection: Any, table: Table, columns: Sequence[str]) -> bool:
        """Let `columns` of a table be null; return False where only a new table can have them so."""


def create_table(table: Table, dialect: Dialect, *, of_old_rows: bool = False) -> str:
    """Return the statement that makes `table`; rows of older versions have no value for what messages have gained."""
    given = [
        replace(each, nullable=(of_old_rows and each.name not in table.key) or each.nullable)
        for each in table.columns
    ]
    columns = [f"{quoted(name)} {how}" for each in given for name, how in dialect.definitions(each).items()]
    key = f"PRIMARY KEY ({quoted_names(table.key)})"
    ending = dialect.of_narrow_tables if table.narrow else ""
    return f"CREATE TABLE IF NOT EXISTS {table.name} ({', '.join(columns)}, {key}){ending}"


def add_columns(table: Table, column: Column, dialect: Dialect, present: set[str]) -> list[str]:
    """Return the statements that add what is missing of a column; nullable: rows that exist have no value for it."""
    definitions = dialect.definitions(replace(column, nullable=True))
    return [
        f"ALTER TABLE {table.name} ADD COLUMN {quoted(name)} {how}"
        for name, how in sorted(definitions.items(), key=lambda each: each[0] != dialect.stored_name(column))
        if name not in present
    ]


def stored_names(table: Table, columns: Columns, dialect: Dialect) -> Columns:
    """Return the names under which values of `columns` are written."""
    written = {column.name: dialect.stored_name(column) for column in table.columns}
    return tuple(written[name] for name in columns)


def upsert(table: Table, columns: Columns, source: str, dialect: Dialect) -> str:
    """Return the statement that writes the rows of `source` unless newer ones of their keys are stored.

    Columns that are not among `columns` become null, also where a row is stored already.

    Examples
    --------
    >>> from featurestore.sqlite import SqliteDialect
    >>> from featurestore.tables import table
    >>> statement = upsert(table("candles"), ("pair", "close"), "VALUES (?, ?)", SqliteDialect(":memory:"))
    >>> statement.partition(" WHERE ")[2]
    'excluded."revision" >= candles."revision"'
    """
    written = quoted_names(stored_names(table, columns, dialect))
    if table.narrow:
        return f"INSERT INTO {table.name} ({written}) {source} ON CONFLICT DO NOTHING"
    others = [dialect.stored_name(column) for column in table.columns if column.name not in table.key]
    changes = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in others)
    newest = quoted(table.newest) if table.newest else ""
    condition = f" WHERE excluded.{newest} >= {table.name}.{newest}" if newest else ""
    return (
        f"INSERT INTO {table.name} ({written}) {source} "
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
