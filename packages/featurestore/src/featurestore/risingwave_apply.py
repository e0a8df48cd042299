"""Bring a running RisingWave up to what this version knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from contracts.errors import BadSettingError
from featurestore import dialect as sql
from featurestore.errors import StoreError
from featurestore.postgres import store_errors
from featurestore.risingwave import RisingWaveDialect
from featurestore.risingwave_ddl import (
    create_parts,
    create_tables,
    create_trades,
    create_views,
    filled,
    is_alone,
    part_of,
)
from featurestore.tables import MESSAGE_ID, TABLES, digits_of
from featurestore.target import Target
from featurestore.views import VIEWS, View


def apply(url: str, target: Target, *, views_anew: bool = False) -> Iterator[str]:
    """Make tables, columns and views that are missing, and say of each what was done.

    A column that messages have gained is added to its table; the views are then made anew, because RisingWave shows
    a new column in no view that was there before.

    Parameters
    ----------
    url
        ``risingwave://user@host:port/database``.
    views_anew
        Drop our views first, also where no column was added.

    Raises
    ------
    BadSettingError
        If `url` is none of RisingWave.
    StoreError
        If RisingWave refuses, or a table of an older version lacks what only a new one can have. It has no
        transactions: what was done until then stays, and a further run goes on.
    """
    if not url.startswith("risingwave://"):
        raise BadSettingError("store", "risingwave://user@host:port/database", url.partition("://")[0] + "://...")
    dialect = RisingWaveDialect(url)
    with closing(dialect.connect(read_only=False)) as connection, store_errors("RisingWave"):
        _require_parts(connection, dialect)
        yield from _run(connection, (target.fill(each) for each in create_tables()))
        _require_digits(connection, dialect)
        new_columns = list(_new_columns(connection, dialect))
        if new_columns or views_anew:  # before the columns, so that a run that ends here is made good by the next
            yield from _run(connection, (f"DROP MATERIALIZED VIEW IF EXISTS {view.name}" for view in _views()))
        yield from _run(connection, new_columns)
        yield from _run(
            connection, (target.fill(each) for each in (*create_trades(), *create_parts(), *create_views()))
        )


def _views() -> list[View]:
    return [*VIEWS, *(part_of(table) for table in TABLES if not is_alone(table))]


def _require_parts(connection: Any, dialect: RisingWaveDialect) -> None:
    """Refuse a table of before its topic had other messages, too: they would take the places of its rows."""
    for table in TABLES:
        present = [name for name in (table.name, filled(table)) if dialect.columns_of(connection, name)]
        if present == [table.name] != [filled(table)]:
            raise StoreError(
                f"RisingWave: table {table.name} of an older version takes all that is on its topic for its own: "
                f"DROP TABLE {table.name} CASCADE, then apply again; it fills itself from Kafka"
            )


def _run(connection: Any, statements: Iterable[str]) -> Iterator[str]:
    for statement in statements:
        connection.execute(statement)
        head = next(line for line in statement.splitlines() if not line.startswith("--"))
        yield head.removesuffix(" (").removesuffix(" AS")


def _require_digits(connection: Any, dialect: RisingWaveDialect) -> None:
    """Refuse tables of a version without the digits of decimals: RisingWave adds no computed column to a table."""
    for table in TABLES:
        present = dialect.columns_of(connection, filled(table))
        missing = [
            digits_of(column).name
            for column in table.columns
            if column.kind == "decimal" and column.name in present and digits_of(column).name not in present
        ]
        if missing:
            raise StoreError(
                f"RisingWave: table {filled(table)} of an older version lacks {', '.join(missing)}: "
                f"DROP TABLE {filled(table)} CASCADE, then apply again; it fills itself from Kafka"
            )


def _new_columns(connection: Any, dialect: RisingWaveDialect) -> Iterator[str]:
    for table in TABLES:
        present = dialect.columns_of(connection, filled(table))
        for column in table.columns:
            if column.name not in present and column.name != MESSAGE_ID:
                named = replace(table, name=filled(table))
                yield sql.add_columns(named, column, dialect, {digits_of(column).name})[0]
