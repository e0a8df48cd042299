"""The store: messages in, SQL out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import chain
from typing import Any, Self

from contracts.columns import WINDOW_COLUMNS
from contracts.errors import BadInputError, shorten
from contracts.feature_row import FeatureRow
from contracts.message import Message
from contracts.units import MS_PER_SECOND
from featurestore import dialect as sql
from featurestore.dialect import Dialect
from featurestore.discovery import hint
from featurestore.errors import StoreBusyError, StoreError
from featurestore.feature_rows import COLUMNS, columns_of_set, feature_row, lists_of, require_served
from featurestore.quality import DAY_QUALITY_COLUMNS, DayQuality
from featurestore.requests import (
    FOREVER_MS,
    check_rows,
    checked_interval,
    checked_pairs,
    checked_range,
    checked_time,
)
from featurestore.result import Result
from featurestore.tables import MESSAGE_ID, STORED, Table, exact, tables_of


class Store:
    """Tables of messages behind one SQL interface; made with the first write, columns added as messages grow.

    Connects when it is first used and again after the connection was lost. Reading makes and changes nothing: it has
    a connection of its own, and a store that was never written says so. One store belongs to one thread; any
    number of processes may have one on the same database.

    Parameters
    ----------
    dialect
        Of the database; see `open_store`.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._writing: Any = None
        self._reading: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def writable(self) -> bool:
        """False where the database reads the topics itself."""
        return self._dialect.writable

    def require_answer(self) -> None:
        """Return once the database has answered; nothing is kept open. A file is made when it is needed.

        Raises
        ------
        StoreError
            If it does not, or refuses the login.
        """
        self._dialect.require_answer()

    def write(self, messages: Iterable[Message]) -> None:
        """Keep `messages`, each in every table of its class: all of them or, on an error, none.

        Writing a message again changes nothing, and an older one does not take the place of a newer.

        Raises
        ------
        StoreBusyError
            Locked or unreachable; try again.
        StoreFullError, StoreError
            Trying again will not help, or the database reads the topics itself.
        BadInputError
            If a value has no room in a column: an integer of more than 64 bits, text that is no UTF-8.
        TypeError
            If a message is of a class that no table keeps.
        """
        if not self.writable:
            raise StoreError("RisingWave reads the topics itself, so nothing can be written to it")
        batches: dict[type[Message], list[Message]] = {}
        for message in messages:
            batches.setdefault(type(message), []).append(message)
        if not batches:
            return
        # Always in the order of the list: two writers that lock the same rows do so in the same order.
        groups = sorted(((tables_of(cls), batch) for cls, batch in batches.items()), key=_place)
        connection = self._writer()
        columns: tuple[str, ...] = ()
        rows: Sequence[tuple[Any, ...]] = ()
        try:
            with self._dialect.transaction(connection), closing(connection.cursor()) as cursor:
                for tables, batch in groups:
                    names = tuple(column.name for column in tables[0].columns)
                    columns, rows = sql.without_nulls(names, list(tables[0].rows(batch)))
                    self._dialect.put(cursor, tables, columns, rows)
        except StoreBusyError:
            self.close()
            raise
        except StoreError:
            check_rows(columns, rows)
            raise

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> Result:
        """Run one query, which changes nothing.

        Returns
        -------
        Result
            Its rows, also as frames.

        Raises
        ------
        StoreError
            If it is wrong, gives no rows (as what begins or ends a transaction), would change something, is more than
            one statement, or nothing was written to the store yet.
        """
        if self._reading is None:
            self._reading = self._dialect.connect_to_read()
        asked = self._dialect.in_own_words(query)
        try:
            with self._dialect.reading(self._reading), closing(self._reading.cursor()) as cursor:
                # Without parameters the text is left alone: a query may contain the percent sign.
                cursor.execute(asked, tuple(parameters)) if parameters else cursor.execute(asked)
                rows = [tuple(row) for row in cursor.fetchall()]
                if cursor.description is None:
                    raise StoreError(f"expected one query that returns rows, was {shorten(query)}")
                return Result(tuple(column[0] for column in cursor.description), rows)
        except StoreBusyError:
            self.close()
            raise
        except StoreError as error:
            if meant := hint(str(error).splitlines()[0], query):
                raise StoreError(f"{error}{meant}") from error
            raise

    def latest(self, pairs: Iterable[str], interval_s: int) -> list[FeatureRow]:
        """Return the newest feature row of each of `pairs` that has one, sorted by pair and exchange.

        Returns
        -------
        list[FeatureRow]
            With corrections.

        Raises
        ------
        BadInputError
            If `pairs` are no pairs, or a number is none that can be asked for.
        """
        source = "latest_features" if self._dialect.keeps_views else "technical_indicators"
        return self._newest(source, pairs, interval_s)

    def as_of(self, time_ms: int, pairs: Iterable[str], interval_s: int) -> list[FeatureRow]:
        """Return the feature row of each of `pairs` that was known at `time_ms`, as it was served.

        That is revision 0 of the newest window that had ended by then; what was corrected later is not in it. A pair
        without such a row is left out.

        Parameters
        ----------
        time_ms
            Event time, milliseconds since the epoch. A prediction's is its `window_end_ms`.
        pairs
            BASE/QUOTE each.
        interval_s
            Length of a bar, seconds.

        Returns
        -------
        list[FeatureRow]
            Sorted by pair and exchange.

        Raises
        ------
        BadInputError
            If `pairs` are no pairs, or a number is none that can be asked for.
        """
        mark = self._dialect.placeholder
        latest_start_ms = checked_time("time_ms", time_ms) - checked_interval(interval_s) * MS_PER_SECOND
        served = f" AND revision = 0 AND window_start_ms <= {mark}"
        return self._newest("technical_indicators_history", pairs, interval_s, served, (latest_start_ms,))

    def frame(
        self,
        pairs: Iterable[str],
        from_ms: int,
        to_ms: int,
        interval_s: int,
        *,
        feature_set: str | None = None,
        corrected: bool = False,
    ) -> dict[str, list[Any]]:
        """Return feature rows in columns, ordered by pair and window: what a model trains on.

        Parameters
        ----------
        pairs
            BASE/QUOTE each.
        from_ms, to_ms
            Window starts, the second exclusive.
        interval_s
            Length of a bar, seconds.
        feature_set
            Name of a set of features: only its columns. Without it all columns, whatever set the rows were made with.
        corrected
            Rows as last corrected instead of revision 0, as they were served.

        Returns
        -------
        dict
            A list for each column of a feature row; decimals as floats, None where a feature was not warm.
            ``polars.DataFrame(frame)`` and ``pandas.DataFrame(frame)`` take it.

        Raises
        ------
        BadInputError
            If there is no such set, if rows were made with one that does not serve it, or if an argument is no pair,
            length or range.
        """
        pairs, interval_s = checked_pairs(pairs), checked_interval(interval_s)
        from_ms, to_ms = checked_range(from_ms, to_ms)
        columns = columns_of_set(feature_set)
        source = "technical_indicators" if corrected else "technical_indicators_history"
        mark = self._dialect.placeholder
        found = self.sql(
            f"SELECT {exact(columns)} FROM {source} "  # noqa: S608 - our own names
            f"WHERE interval_s = {mark} AND pair IN ({sql.marks(pairs, self._dialect)}) "
            f"AND window_start_ms >= {mark} AND window_start_ms < {mark}{'' if corrected else ' AND revision = 0'} "
            "ORDER BY pair, exchange, window_start_ms",
            (interval_s, *pairs, from_ms, to_ms),
        )
        frame = lists_of(columns, found.rows)
        if feature_set is not None:
            require_served(frame["feature_set"], feature_set)
        return frame

    def windows(
        self,
        table: str,
        interval_s: int,
        pairs: Iterable[str] = (),
        *,
        columns: Iterable[str] = (),
        to_ms: int | None = None,
        first: bool = False,
    ) -> dict[str, list[Any]]:
        """Return the rows of a table of windows, ordered by pair, exchange, window and what else tells them apart.

        Parameters
        ----------
        table
            Its name.
        interval_s
            Length of a bar, seconds.
        pairs
            BASE/QUOTE each; all if there are none.
        columns
            Which; all but the message id if none are named.
        to_ms
            Only windows that begin before it; None is open.
        first
            Only revision 0: what was served.

        Returns
        -------
        dict
            A list for each column, decimals as their digits.

        Raises
        ------
        BadInputError
            If an argument is no table of windows, length or time.
        """
        of = {each.name: each for each in STORED if {*WINDOW_COLUMNS} <= {column.name for column in each.columns}}
        if table not in of:
            raise BadInputError("table", f"one of {', '.join(of)}", table)
        wanted, named, mark = set(columns), list(pairs), self._dialect.placeholder
        chosen = [each for each in of[table].columns if (each.name in wanted if wanted else each.name != MESSAGE_ID)]
        conditions = [f"interval_s = {mark}", f"window_start_ms < {mark}"]
        conditions += [f"pair IN ({sql.marks(named, self._dialect)})"] if named else []
        conditions += ["revision = 0"] if first else []
        before_ms = checked_time("to_ms", FOREVER_MS if to_ms is None else to_ms)
        order = dict.fromkeys(("pair", "exchange", "window_start_ms", *of[table].key))
        found = self.sql(
            f"SELECT {exact(chosen)} FROM {table} WHERE {' AND '.join(conditions)} "  # noqa: S608 - our own names
            f"ORDER BY {', '.join(order)}",
            (checked_interval(interval_s), before_ms, *named),
        )
        return {each.name: [row[place] for row in found.rows] for place, each in enumerate(chosen)}

    def data_quality(
        self, pairs: Iterable[str], interval_s: int, *, from_ms: int = 0, to_ms: int = FOREVER_MS
    ) -> list[DayQuality]:
        """Return what the candles of each pair and UTC day say of themselves, ordered by pair and day.

        Parameters
        ----------
        pairs
            BASE/QUOTE each.
        interval_s
            Length of a candle, seconds.
        from_ms, to_ms
            Starts of days, the second exclusive; all of them if left out.

        Returns
        -------
        list[DayQuality]
            One for each pair and day.

        Raises
        ------
        BadInputError
            If an argument is no pair, length or range.
        """
        pairs, interval_s = checked_pairs(pairs), checked_interval(interval_s)
        from_ms, to_ms = checked_range(from_ms, to_ms)
        mark = self._dialect.placeholder
        found = self.sql(
            f"SELECT {', '.join(DAY_QUALITY_COLUMNS)} FROM data_quality "  # noqa: S608 - our own names
            f"WHERE interval_s = {mark} AND pair IN ({sql.marks(pairs, self._dialect)}) "
            f"AND day_start_ms >= {mark} AND day_start_ms < {mark} ORDER BY pair, exchange, day_start_ms",
            (interval_s, *pairs, from_ms, to_ms),
        )
        return [DayQuality(*row) for row in found.rows]

    def close(self) -> None:
        """Close the connections; the next use opens others."""
        for connection in (self._writing, self._reading):
            if connection is not None:
                connection.close()
        self._writing = self._reading = None

    def _newest(
        self, source: str, pairs: Iterable[str], interval_s: int, condition: str = "", values: tuple[Any, ...] = ()
    ) -> list[FeatureRow]:
        """Return the row of the newest window of each pair, among those that meet `condition`.

        One look into the index for each exchange and pair, however long the history.
        """
        pairs, interval_s = checked_pairs(pairs), checked_interval(interval_s)
        asked = [(exchange, pair) for exchange in self._exchanges(source) for pair in pairs]
        if not asked:
            return []
        mark = self._dialect.placeholder
        newest = (
            f"SELECT max(window_start_ms) FROM {source} AS u WHERE u.exchange = of_exchange "  # noqa: S608 - our names
            f"AND u.pair = of_pair AND u.interval_s = {mark}{condition}"
        )
        found = self.sql(
            f"WITH asked (of_exchange, of_pair) AS (VALUES {', '.join([f'({mark}, {mark})'] * len(asked))}) "  # noqa: S608
            f"SELECT {exact(COLUMNS)} "
            f"FROM asked JOIN {source} ON exchange = of_exchange AND pair = of_pair "
            f"WHERE interval_s = {mark}{condition} AND window_start_ms = ({newest}) ORDER BY pair, exchange",
            (*chain.from_iterable(asked), *(interval_s, *values) * 2),
        )
        return [feature_row(row) for row in found.dicts()]

    def _exchanges(self, source: str) -> list[str]:
        """Return the exchanges of a table that begins with them: one look into its index for each."""
        query = f"SELECT min(exchange) FROM {source} WHERE exchange > {self._dialect.placeholder}"  # noqa: S608
        found = [""]
        while (following := self.sql(query, (found[-1],)).rows[0][0]) is not None:
            found.append(following)
        return found[1:]

    def _writer(self) -> Any:
        if self._writing is None:
            self.close()  # what reads has seen the tables as they were before
            connection = self._dialect.connect()
            try:
                self._dialect.prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._writing = connection
        return self._writing


def _place(group: tuple[tuple[Table, ...], list[Message]]) -> int:
    return STORED.index(group[0][0])
