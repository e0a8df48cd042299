"""Tables and views made where they are missing, and brought up to what this version knows."""

from __future__ import annotations

from typing import Any

from featurestore import dialect as sql
from featurestore.dialect import MakesTables
from featurestore.errors import StoreError
from featurestore.tables import STORED, Table, quoted
from featurestore.views import VIEWS, View

#: Remembers the text that each view was made from: databases keep it in words of their own.
_VIEW_TEXTS = "store_views"


def make_schema(connection: Any, dialect: MakesTables) -> None:
    """Make what is missing: tables, columns that messages have gained, views and those whose text has changed.

    Raises
    ------
    StoreError
        If a table of one of our names is somebody else's.
    """
    with dialect.transaction(connection):
        dialect.lock_schema(connection)
        present = present_columns(connection, dialect)
        if any(present[table.name] and lacking(table, present[table.name]) for table in STORED):
            for view in VIEWS:  # they would stand in the way of the columns below them
                connection.execute(f"DROP VIEW IF EXISTS {view.name}")
        for table in STORED:
            _make_table(connection, dialect, table, present[table.name])
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {_VIEW_TEXTS} (name VARCHAR PRIMARY KEY, query VARCHAR NOT NULL)"
        )
        made_from = dict(connection.execute(f"SELECT name, query FROM {_VIEW_TEXTS}").fetchall())  # noqa: S608
        for view in VIEWS:
            if made_from.get(view.name) != view.query or not dialect.columns_of(connection, view.name):
                _make_view(connection, dialect, view)


def missing_columns(connection: Any, dialect: MakesTables) -> dict[str, tuple[str, ...]]:
    """Return the columns that a store of an older version lacks, by table; none of a store of this version.

    Raises
    ------
    StoreError
        If nothing was ever written there, or a table of one of our names is somebody else's.
    """
    present = present_columns(connection, dialect)
    if not any(present.values()):
        raise StoreError(
            f"{dialect.where}: the store is empty: the first write creates its tables "
            "(or this is the database of something else)"
        )
    missing = {table.name: lacking(table, present[table.name]) for table in STORED}
    return {table: columns for table, columns in missing.items() if columns}


def lacking(table: Table, present: set[str]) -> tuple[str, ...]:
    """Return the columns of a table that are not among those there are."""
    return tuple(column.name for column in table.shown if column.name not in present)


def present_columns(connection: Any, dialect: MakesTables) -> dict[str, set[str]]:
    """Return the columns there are of each table.

    Raises
    ------
    StoreError
        If a table of one of our names is somebody else's.
    """
    found = {table.name: dialect.columns_of(connection, table.name) for table in STORED}
    for table in STORED:
        absent = [name for name in table.required if name not in found[table.name]]
        if found[table.name] and absent:
            raise StoreError(
                f"{dialect.where}: this is not a Tradestream store: expected a table {table.name} with "
                f"{', '.join(absent)}, was one with {', '.join(sorted(found[table.name]))}"
            )
    return found


def _make_table(connection: Any, dialect: MakesTables, table: Table, present: set[str]) -> None:
    if not present:
        connection.execute(sql.create_table(table, dialect))
        return
    found = dialect.upgrade(connection, table, present)
    for column in table.columns:
        for statement in sql.add_columns(table, column, dialect, found):
            connection.execute(statement)
    demanded = dialect.demanded(connection, table.name)
    released = [
        name
        for column in table.columns
        if column.nullable and column.name not in table.key
        for name in dialect.definitions(column)
        if name in demanded
    ]
    is_released = not released or dialect.release(connection, table, released)
    gained = {name: value for name, value in table.gained.items() if name not in present}
    for name, value in gained.items():
        connection.execute(f"UPDATE {table.name} SET {quoted(name)} = {value}")  # noqa: S608 - our own words
    if gained.keys() & set(table.key) or not is_released:
        _make_anew(connection, dialect, table)


def _make_anew(connection: Any, dialect: MakesTables, table: Table) -> None:
    """Give a table another key, or columns that may be null: not every database changes the one that is there."""
    old = f"{table.name}_of_before"
    names = ", ".join(quoted(dialect.stored_name(column)) for column in table.columns)
    connection.execute(f"ALTER TABLE {table.name} RENAME TO {old}")
    connection.execute(sql.create_table(table, dialect, of_old_rows=True))
    connection.execute(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {old}")  # noqa: S608 - our own words
    connection.execute(f"DROP TABLE {old}")


def _make_view(connection: Any, dialect: MakesTables, view: View) -> None:
    mark = dialect.placeholder
    connection.execute(f"DROP VIEW IF EXISTS {view.name}")
    connection.execute(f"CREATE VIEW {view.name} AS\n{view.query}")
    connection.execute(f"DELETE FROM {_VIEW_TEXTS} WHERE name = {mark}", (view.name,))  # noqa: S608 - our own names
    connection.execute(f"INSERT INTO {_VIEW_TEXTS} VALUES ({mark}, {mark})", (view.name, view.query))  # noqa: S608
