"""Tables and views made where they are missing, and brought up to what this version knows."""

from __future__ import annotations

from typing import Any

from featurestore import dialect as sql
from featurestore.dialect import MakesTables
from featurestore.tables import TABLES, Table
from featurestore.views import VIEWS, View

#: Remembers the text that each view was made from: databases keep it in words of their own.
_VIEW_TEXTS = "store_views"


def make_schema(connection: Any, dialect: MakesTables) -> None:
    """Make what is missing: tables, columns that messages have gained, views and those whose text has changed."""
    with dialect.transaction(connection):
        dialect.lock_schema(connection)
        for table in TABLES:
            _make_table(connection, dialect, table)
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {_VIEW_TEXTS} (name VARCHAR PRIMARY KEY, query VARCHAR NOT NULL)"
        )
        made_from = dict(connection.execute(f"SELECT name, query FROM {_VIEW_TEXTS}").fetchall())  # noqa: S608
        for view in VIEWS:
            if made_from.get(view.name) != view.query or not dialect.columns_of(connection, view.name):
                _make_view(connection, dialect, view)


def _make_table(connection: Any, dialect: MakesTables, table: Table) -> None:
    connection.execute(sql.create_table(table, dialect))
    present = dialect.columns_of(connection, table.name)
    for column in table.columns:
        if column.name not in present:
            connection.execute(sql.add_column(table, column, dialect))


def _make_view(connection: Any, dialect: MakesTables, view: View) -> None:
    mark = dialect.placeholder
    connection.execute(f"DROP VIEW IF EXISTS {view.name}")
    connection.execute(f"CREATE VIEW {view.name} AS\n{view.query}")
    connection.execute(f"DELETE FROM {_VIEW_TEXTS} WHERE name = {mark}", (view.name,))  # noqa: S608 - our own names
    connection.execute(f"INSERT INTO {_VIEW_TEXTS} VALUES ({mark}, {mark})", (view.name, view.query))  # noqa: S608
