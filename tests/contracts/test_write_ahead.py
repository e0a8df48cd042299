"""SQLite waits for nobody when a file is given its write-ahead log; we do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contracts import write_ahead
from contracts.write_ahead import enter_write_ahead_mode


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=0, isolation_level=None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.sqlite"


def test_it_waits_for_somebody_who_writes_to_a_new_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(_connect(path)) as other, closing(_connect(path)) as ours:
        other.execute("BEGIN IMMEDIATE")
        waits = []

        def the_other_commits(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                other.execute("COMMIT")

        monkeypatch.setattr(write_ahead, "sleep", the_other_commits)
        enter_write_ahead_mode(ours, patience_seconds=60)
        assert len(waits) == 3
        assert ours.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_it_does_not_wait_for_ever(path: Path) -> None:
    with closing(_connect(path)) as other, closing(_connect(path)) as ours:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            enter_write_ahead_mode(ours, patience_seconds=0.01)


def test_what_is_no_lock_is_told_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"no database at all, but long enough" * 100)
    monkeypatch.setattr(write_ahead, "sleep", pytest.fail)
    with closing(_connect(path)) as ours, pytest.raises(sqlite3.DatabaseError, match="not a database"):
        enter_write_ahead_mode(ours, patience_seconds=60)
