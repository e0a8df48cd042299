"""SQLite files that are read while they are written: those with a write-ahead log."""

from __future__ import annotations

import sqlite3
from time import monotonic, sleep

_LOOKS_AGAIN_AFTER_SECONDS = 0.005


def enter_write_ahead_mode(connection: sqlite3.Connection, patience_seconds: float) -> None:
    """Give a file its write-ahead log, and wait where another process does the same.

    SQLite's own busy timeout does not hold here: while somebody writes to a file that has no such log yet, the change
    of mode is refused at once.

    Parameters
    ----------
    connection
        To the file, outside of a transaction.
    patience_seconds
        How long the others are waited for.

    Raises
    ------
    sqlite3.OperationalError
        If it is locked for longer than that, or cannot be written.
    """
    deadline = monotonic() + patience_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() >= deadline:
                raise
            sleep(_LOOKS_AGAIN_AFTER_SECONDS)
