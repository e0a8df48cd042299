"""What was read of the log, in a file: which steps of orders, which orders are not over, what is held.

A start then reads what came since, not all there ever was. The file may lag behind the log and never runs ahead of
it: whatever is on the log at a start, read before or not, counts as from before. It is no state of its own: where it
is missing, damaged, or not of this log, everything is read again.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from loguru import logger

from contracts.errors import BadMessageError
from contracts.order import ENDS, Order
from contracts.position import Position
from contracts.units import decimal_string
from contracts.write_ahead import enter_write_ahead_mode
from streaming.record import Record
from streaming.tail import TopicTail

#: How long a gateway that is about to end is waited for.
_BUSY_TIMEOUT_SECONDS = 5.0
#: Another one is thrown away.
_VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS places (topic TEXT, partition INTEGER, last INTEGER NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (topic, partition)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS steps (order_id TEXT PRIMARY KEY, step INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unsettled (order_id TEXT PRIMARY KEY, over_ms INTEGER, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS held (account TEXT, pair TEXT, quantity TEXT NOT NULL, PRIMARY KEY (account, pair))
    WITHOUT ROWID;
"""
_FORGET = ("DELETE FROM places", "DELETE FROM steps", "DELETE FROM unsettled", "DELETE FROM held")
Place = tuple[str, int]


class KnownOrders:
    """Of the accounts of one gateway.

    Parameters
    ----------
    file
        Where it lies; its folder need not exist.
    accounts
        Whose orders were read: with others it begins anew, as theirs were passed over.
    """

    def __init__(self, file: Path, accounts: Collection[str]) -> None:
        self._file = file
        self._about = {"version": str(_VERSION), "accounts": json.dumps(sorted(accounts))}
        self._db = self._opened()
        self._unsettled: dict[str, Order] = {}
        self._steps: dict[str, int] = {}
        self._changed: dict[str, Order] = {}
        self._held: dict[tuple[str, str], Decimal] = {}
        self._places: dict[Place, tuple[int, bytes]] = {}
        self._failed = False

    def begin(self, tails: Mapping[str, TopicTail]) -> None:
        """Have topics read from where they were left, or forget everything if this is another log.

        Parameters
        ----------
        tails
            By name of the topic.
        """
        starts: dict[str, dict[int, int]] = {name: {} for name in tails}
        for topic, partition, last, digest in self._db.execute("SELECT * FROM places").fetchall():
            record = tails[topic].at(partition, last)
            if record is None or _digest(record) != digest:
                logger.warning("what was known of orders is not of this log, or it has lost that: all is read again")
                self._forget()
                return
            starts[topic][partition] = last + 1
        try:
            self._unsettled = {order.order_id: order for order in self._read_unsettled()}
        except BadMessageError as error:
            logger.warning("what was known of orders cannot be read, so all is read again: {}", error)
            self._forget()
            return
        for name, tail in tails.items():
            tail.begin_at(starts[name])

    def is_news(self, order: Order) -> bool:
        """Note a step of an order; one that was read before is none, however long ago that was."""
        known = self._steps.get(order.order_id)
        if known is None:
            row = self._db.execute("SELECT step FROM steps WHERE order_id = ?", (order.order_id,)).fetchone()
            known = 0 if row is None else int(row[0])
        if order.step <= known:
            return False
        self._steps[order.order_id] = order.step
        self._changed[order.order_id] = order
        return True

    @property
    def unsettled(self) -> Mapping[str, Order]:
        """The last steps, as far as they were kept, of orders that were not over at the beginning or only just."""
        return self._unsettled

    def holds(self, position: Position) -> None:
        """Note what an account holds."""
        self._held[position.account, position.pair] = Decimal(position.quantity)

    def held(self) -> dict[tuple[str, str], Decimal]:
        """Return what was kept of that, by account and pair."""
        rows = self._db.execute("SELECT account, pair, quantity FROM held")
        return {(account, pair): Decimal(quantity) for account, pair, quantity in rows}

    def was_read(self, topic: str, records: Iterable[Record]) -> None:
        """Note how far a topic was read."""
        for record in records:
            self._places[topic, record.partition] = (record.offset, _digest(record))

    def keep(self, over_before_ms: int) -> None:
        """Write what was noted, all of it or nothing; orders that were over before then are not asked for any more.

        A disk that is full costs the next start its time and nothing else.
        """
        if not self._places:
            return
        try:
            with self._db:
                self._db.execute("BEGIN")
                self._write(over_before_ms)
        except sqlite3.Error as error:
            if not self._failed:
                logger.warning("{} cannot be written, so the next start reads more again: {}", self._file, error)
            self._failed = True
            return
        self._failed = False
        self._places, self._changed, self._held = {}, {}, {}

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _write(self, over_before_ms: int) -> None:
        changed = self._changed.values()
        self._db.executemany(
            "INSERT OR REPLACE INTO steps VALUES (?, ?)", [(each.order_id, each.step) for each in changed]
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO unsettled VALUES (?, ?, ?)",
            [
                (each.order_id, each.updated_at_ms if each.status in ENDS else None, each.to_json())
                for each in changed
            ],
        )
        self._db.execute("DELETE FROM unsettled WHERE over_ms < ?", (over_before_ms,))
        self._db.executemany(
            "INSERT OR REPLACE INTO held VALUES (?, ?, ?)",
            [(*whose, decimal_string(quantity)) for whose, quantity in self._held.items()],
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?)",
            [(*place, *where) for place, where in self._places.items()],
        )

    def _opened(self) -> sqlite3.Connection:
        """Open the file; one that is damaged, of another version or of other accounts is replaced."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._connect()
        except (sqlite3.DatabaseError, _OtherError) as error:
            logger.warning("{} begins anew, and all of the log is read again: {}", self._file, error)
            for suffix in ("", "-wal", "-shm"):
                self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._file, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None)
        try:
            enter_write_ahead_mode(db, _BUSY_TIMEOUT_SECONDS)
            db.execute("PRAGMA synchronous=NORMAL")
            with closing(db.cursor()) as cursor:
                cursor.executescript(_TABLES)
            about = dict(db.execute("SELECT name, value FROM about"))
            if (sound := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise _OtherError(str(sound))
            if about and about != self._about:
                raise _OtherError(f"it is of {about}")
            db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", list(self._about.items()))
        except BaseException:
            db.close()
            raise
        return db

    def _read_unsettled(self) -> Iterator[Order]:
        for (value,) in self._db.execute("SELECT value FROM unsettled ORDER BY order_id"):
            yield Order.from_json(value)

    def _forget(self) -> None:
        with self._db:
            self._db.execute("BEGIN")
            for statement in _FORGET:
                self._db.execute(statement)


class _OtherError(Exception):
    """The file is whole and of no use."""


def _digest(record: Record) -> bytes:
    """Return what tells a record from another one that lies at its place in another log."""
    return hashlib.blake2b((record.key or b"") + b"\0" + (record.value or b""), digest_size=16).digest()
