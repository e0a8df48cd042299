"""The store: messages in, SQL out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from contracts.errors import BadSettingError
from contracts.feature_row import FeatureRow
from contracts.message import Message
from contracts.units import decimal_string, to_float
from featurestore import dialect as sql
from featurestore.dialect import Dialect
from featurestore.errors import StoreBusyError
from featurestore.tables import MESSAGE_ID, TABLES, Table, table, tables_of


@dataclass(frozen=True, slots=True)
class Result:
    """What a query gave.

    Attributes
    ----------
    columns
        Their names, also when there are no rows.
    rows
        Values in the order of `columns`.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        """Return each row by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Store:
    """Tables of messages behind one SQL interface; made on first use, columns added as messages grow.

    Connects when it is first used and again after the connection was lost. One store belongs to one thread; any
    number of processes may have one on the same database.

    Parameters
    ----------
    dialect
        Of the database; see `open_store`.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._connection: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def write(self, messages: Iterable[Message]) -> None:
        """Keep `messages`, each in every table of its class: all of them or, on an error, none.

        Writing a message again changes nothing, and an older one does not take the place of a newer.

        Raises
        ------
        StoreBusyError
            Locked or unreachable; try again.
        StoreFullError, StoreError
            Trying again will not help.
        TypeError
            If a message is of a class that no table keeps.
        """
        rows: dict[str, list[tuple[Any, ...]]] = {}
        for message in messages:
            for kept_in in tables_of(type(message)):
                rows.setdefault(kept_in.name, []).append(kept_in.row(message))
        if not rows:
            return
        connection = self._connected()
        try:
            with self._dialect.transaction(connection), closing(connection.cursor()) as cursor:
                # Always in the order of the list: two writers that lock the same rows do so in the same order.
                for kept_in in TABLES:
                    if kept_in.name in rows:
                        cursor.executemany(sql.upsert(kept_in, self._dialect), rows[kept_in.name])
        except StoreBusyError:
            self.close()
            raise

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> Result:
        """Run a query that changes nothing.

        Raises
        ------
        StoreError
            If it is wrong, or would change something.
        """
        connection = self._connected()
        try:
            with self._dialect.reading(connection), closing(connection.cursor()) as cursor:
                # Without parameters the text is left alone: a query may contain the percent sign.
                cursor.execute(query, tuple(parameters)) if parameters else cursor.execute(query)
                columns = tuple(column[0] for column in cursor.description or ())
                return Result(columns, [tuple(row) for row in cursor.fetchall()] if columns else [])
        except StoreBusyError:
            self.close()
            raise

    def latest(self, pairs: Sequence[str], interval_s: int) -> list[FeatureRow]:
        """Return the newest feature row of each of `pairs` that has one, sorted by pair."""
        rows = table("technical_indicators")
        mark = self._dialect.placeholder
        found = self.sql(
            f"SELECT {_columns(rows)} FROM technical_indicators AS t "  # noqa: S608 - names of our own tables
            f"WHERE interval_s = {mark} AND pair IN ({sql.marks(pairs, self._dialect)}) AND window_start_ms = "
            "(SELECT max(window_start_ms) FROM technical_indicators AS u "
            "WHERE u.exchange = t.exchange AND u.pair = t.pair AND u.interval_s = t.interval_s) "
            "ORDER BY pair, exchange",
            (interval_s, *pairs),
        )
        return [_feature_row(row, rows) for row in found.dicts()]

    def frame(
        self, pairs: Sequence[str], from_ms: int, to_ms: int, interval_s: int, *, corrected: bool = False
    ) -> dict[str, list[Any]]:
        """Return feature rows in columns, ordered by pair and window: what a model trains on.

        Parameters
        ----------
        from_ms, to_ms
            Window starts, the second exclusive.
        interval_s
            Length of a bar, seconds.
        corrected
            Rows as last corrected instead of revision 0, as they were served.

        Returns
        -------
        dict
            A list for each column of a feature row; decimals as floats, None where a feature was not warm.
            ``polars.DataFrame(frame)`` and ``pandas.DataFrame(frame)`` take it.
        """
        rows = table("technical_indicators" if corrected else "technical_indicators_history")
        mark = self._dialect.placeholder
        found = self.sql(
            f"SELECT {_columns(rows)} FROM {rows.name} "  # noqa: S608 - names of our own tables
            f"WHERE interval_s = {mark} AND pair IN ({sql.marks(pairs, self._dialect)}) "
            f"AND window_start_ms >= {mark} AND window_start_ms < {mark}{'' if corrected else ' AND revision = 0'} "
            "ORDER BY pair, exchange, window_start_ms",
            (interval_s, *pairs, from_ms, to_ms),
        )
        columns = list(zip(*found.rows, strict=True)) or [()] * len(found.columns)
        kinds = {column.name: column.kind for column in rows.columns}
        return {
            name: [to_float(value) for value in values] if kinds[name] == "decimal" else list(values)
            for name, values in zip(found.columns, columns, strict=True)
        }

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> Any:
        if self._connection is None:
            connection = self._dialect.connect()
            with self._dialect.transaction(connection):
                self._dialect.lock_schema(connection)
                for each in TABLES:
                    self._make(connection, each)
            self._connection = connection
        return self._connection

    def _make(self, connection: Any, each: Table) -> None:
        connection.execute(sql.create_table(each, self._dialect))
        present = self._dialect.columns_of(connection, each.name)
        for column in each.columns:
            if column.name not in present:
                connection.execute(sql.add_column(each, column, self._dialect))


def open_store(url: str) -> Store:
    """Return the store at `url`; nothing is connected yet.

    Parameters
    ----------
    url
        ``sqlite:///folder/store.sqlite`` (a fourth slash makes the path absolute), ``sqlite:///:memory:`` or
        ``postgresql://user:password@host:port/database`` (extra `postgres`).

    Raises
    ------
    BadSettingError
        If it is none of these.

    Examples
    --------
    >>> with open_store("sqlite:///:memory:") as store:
    ...     store.sql("SELECT count(*) FROM technical_indicators").rows
    [(0,)]
    """
    scheme, separator, path = url.partition("://")
    if separator and scheme == "sqlite" and len(path) > 1 and path.startswith("/"):
        from featurestore.sqlite import SqliteDialect

        return Store(SqliteDialect(path[1:]))
    if separator and scheme in ("postgresql", "postgres"):
        from featurestore.postgres import PostgresDialect

        return Store(PostgresDialect(url))
    raise BadSettingError("store_url", "sqlite:///<path> or postgresql://<host>/<database>", url)


def _columns(rows: Table) -> str:
    return sql.names(column.name for column in rows.columns if column.name != MESSAGE_ID)


def _feature_row(values: dict[str, Any], rows: Table) -> FeatureRow:
    decimals = {column.name for column in rows.columns if column.kind == "decimal"}
    # PostgreSQL gives a Decimal, SQLite the text itself; both have one canonical spelling.
    exact = {name: decimal_string(Decimal(values[name])) for name in decimals}
    return FeatureRow(**{**values, **exact})
