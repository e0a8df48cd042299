"""What changes in RisingWave, as it changes: each change once, also over restarts.

RisingWave's own library for this has not been maintained since 2024, knows no resuming and prints; a cursor and
psycopg are all it takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import psycopg

from contracts.errors import BadInputError
from featurestore.postgres import store_errors
from featurestore.tables import quoted_text

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_CURSOR = "changes"


@dataclass(frozen=True, slots=True)
class Change:
    """A row that came, went or changed.

    Attributes
    ----------
    operation
        ``Insert``, ``Delete``, or of a row that changed ``UpdateDelete`` (as it was) and ``UpdateInsert`` (as it is).
    row
        Its values by column.
    time_ms
        When RisingWave wrote it, wall clock; None for what was there before the subscription was first read.
    """

    operation: str
    row: dict[str, Any]
    time_ms: int | None


class Subscription:
    """The changes of one table or view.

    Parameters
    ----------
    connection
        Of `RisingWaveDialect.connect`, for this subscription alone; with ``read_only=False`` to create one.
    name
        Of the subscription.

    Examples
    --------
    ::

        changes = Subscription(RisingWaveDialect("risingwave://root@localhost:4567/dev").connect(), "newest_features")
        for batch in changes.batches(since_ms=handled_until):  # None the first time: what is there comes first
            handle(batch)
            handled_until = batch[-1].time_ms if batch else handled_until
    """

    def __init__(self, connection: psycopg.Connection[Any], name: str) -> None:
        self._connection = connection
        self._name = _checked("name", name)

    def create(self, source: str, *, retention: str = "1 day") -> None:
        """Begin to keep the changes of a table or view, if that has not begun.

        Parameters
        ----------
        source
            Table or view.
        retention
            How long a change can still be had, as an interval of SQL; a reader that is away for longer has to begin
            anew.
        """
        with store_errors("RisingWave"):
            self._execute(
                f"CREATE SUBSCRIPTION IF NOT EXISTS {self._name} FROM {_checked('source', source)} "
                f"WITH (retention = {quoted_text(retention)})"
            )

    def batches(
        self, *, since_ms: int | None = None, wait: str = "1 second", rows: int = 1_000
    ) -> Iterator[list[Change]]:
        """Return the changes for ever, those of one moment together; an empty list whenever nothing came.

        Parameters
        ----------
        since_ms
            Time of the last batch that was handled: what comes is later. None to begin with what is there. RisingWave
            gives what happened at that very moment again, which is left out here.
        wait
            How long to wait for a change, as an interval of SQL.
        rows
            Most rows that are fetched at once.

        Raises
        ------
        StoreError
            If there is no such subscription, or it no longer keeps what happened at `since_ms`.
        StoreBusyError
            If RisingWave went away: connect and go on from the last batch.
        """
        begin = "FULL" if since_ms is None else f"SINCE {int(since_ms)}"
        fetch = f"FETCH {int(rows)} FROM {_CURSOR} WITH (timeout = {quoted_text(wait)})"
        with store_errors("RisingWave"):
            self._execute(f"DECLARE {_CURSOR} SUBSCRIPTION CURSOR FOR {self._name} {begin}")
        moment: list[Change] = []
        while True:
            with store_errors("RisingWave"):
                fetched = _changes(self._execute(fetch))
            for change in fetched:
                if since_ms is not None and change.time_ms is not None and change.time_ms <= since_ms:
                    continue
                if moment and moment[0].time_ms != change.time_ms:
                    yield moment
                    moment = []
                moment.append(change)
            # A fetch may end in the middle of a moment: only a wait for nothing says that it is over. What was there
            # before has no moment, and may be too much to be held.
            if not fetched or (moment and moment[-1].time_ms is None):
                yield moment
                moment = []

    def _execute(self, statement: str) -> psycopg.Cursor[Any]:
        return self._connection.execute(cast(Any, statement))


def _changes(cursor: psycopg.Cursor[Any]) -> list[Change]:
    # Columns come as `t.v` in changes and as `v` in what was there before.
    names = [column.name.rpartition(".")[2] for column in cursor.description or ()]
    found = []
    for values in cursor.fetchall():
        row = dict(zip(names, values, strict=True))
        operation, time_ms = str(row.pop("op")), row.pop("rw_timestamp")
        found.append(Change(operation, row, None if time_ms is None else int(time_ms)))
    return found


def _checked(field: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadInputError(field, "a name of small letters, digits and underscores", name)
    return name
