"""The ledger of tries of strategies: each is written to a file before it is made, and none is forgotten."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.errors import BadInputError
from modeling.judging.trials import Trial

#: How long one study waits for another that is writing, seconds.
_PATIENCE_S = 60.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS tries (
    key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    pairs TEXT NOT NULL,
    interval_s INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    facts TEXT NOT NULL,
    sharpe REAL,
    result TEXT
);
CREATE TRIGGER IF NOT EXISTS tries_stay BEFORE DELETE ON tries
BEGIN SELECT RAISE(ABORT, 'a try that was made stays in the ledger'); END;
CREATE TRIGGER IF NOT EXISTS results_stay BEFORE UPDATE ON tries WHEN OLD.result IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the result of a try stays as it is'); END;
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A strategy that is about to be run over a history.

    Parameters
    ----------
    key
        A digest of all that decides the result: the same key is the same try.
    name
        Of the strategy, for people.
    pairs, interval_s
        What it trades.
    from_ms, to_ms
        The bars that judge it, end exclusive.
    facts
        What it was: parameters, hashes, costs.
    """

    key: str
    name: str
    pairs: tuple[str, ...]
    interval_s: int
    from_ms: int
    to_ms: int
    facts: Mapping[str, Any]


class Ledger:
    """Tries by their keys, in a SQLite file that several processes may write.

    A try is written before it is made, so that one which failed or was killed counts too; made again it is no other.

    Parameters
    ----------
    path
        Of the file; it is made where there is none.

    Raises
    ------
    BadInputError
        If it is something else than a ledger.

    Examples
    --------
    >>> import tempfile
    >>> ledger = Ledger(Path(tempfile.mkdtemp()) / "tries.db")
    >>> attempt = Attempt("a1", "momentum", ("BTC/USD",), 60, 0, 600_000, {"bars": 60})
    >>> ledger.begin([attempt, attempt])
    >>> ledger.finish("a1", 0.02, {"return_pct": 1.5})
    >>> ledger.results(["a1", "a2"]), len(ledger.others(attempt))
    ({'a1': {'return_pct': 1.5}}, 0)
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._open() as database:
                database.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise BadInputError("--ledger", "a ledger of tries, or no file yet", f"{path}: {error}") from None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as database, database:
            yield database

    def begin(self, attempts: Iterable[Attempt]) -> None:
        """Write tries that are about to be made; those that are in it already stay as they are.

        Parameters
        ----------
        attempts
            Any number.
        """
        rows = [
            (a.key, a.name, json.dumps(sorted(a.pairs)), a.interval_s, a.from_ms, a.to_ms, json.dumps(a.facts))
            for a in attempts
        ]
        with self._open() as database:
            database.executemany("INSERT OR IGNORE INTO tries VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)", rows)

    def finish(self, key: str, sharpe: float, result: Mapping[str, Any]) -> None:
        """Write what became of a try.

        Parameters
        ----------
        key
            Of a try that was begun and has no result.
        sharpe
            Of its net returns, per bar.
        result
            As JSON.
        """
        with self._open() as database:
            update = "UPDATE tries SET sharpe = ?, result = ? WHERE key = ? AND result IS NULL"
            database.execute(update, (sharpe, json.dumps(result), key))

    def results(self, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return what became of tries that were made before.

        Returns
        -------
        dict[str, dict[str, Any]]
            By key; those without a result are left out.
        """
        found = {}
        with self._open() as database:
            for key in keys:
                row = database.execute("SELECT result FROM tries WHERE key = ?", (key,)).fetchone()
                if row is not None and row[0] is not None:
                    found[key] = json.loads(row[0])
        return found

    def others(self, of: Attempt) -> list[Trial]:
        """Return all other tries that trade one of the same pairs on bars of the same length.

        Parameters
        ----------
        of
            A try.

        Returns
        -------
        list[Trial]
            For `modeling.judging.trials.tries`, which takes those that overlap in time.
        """
        with self._open() as database:
            query = """SELECT name, pairs, from_ms, to_ms, sharpe FROM tries
                WHERE interval_s = ? AND key != ? ORDER BY key"""
            rows = database.execute(query, (of.interval_s, of.key)).fetchall()
        return [
            Trial(name, from_ms, to_ms, sharpe)
            for name, pairs, from_ms, to_ms, sharpe in rows
            if not set(json.loads(pairs)).isdisjoint(of.pairs)
        ]
