"""Trades in, files out: each trade once, on its day, whatever came twice, late or in pieces."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import polars as pl
import pytest
from loguru import logger
from polars.testing import assert_frame_equal
from tests.history.trade_source import MIDNIGHT_US, START_US, expected_rows, frame, market, stored_files, stored_rows

from contracts.message import Message
from contracts.topics import TRADES
from history import durable
from history.app import topology
from history.core.day_rows import DayRows
from history.day_folder import MOST_FILES, DayFolder
from history.settings import HistorySettings
from streaming.testing import run_topology


def run(messages: list[Message], folder: Path, **settings: object) -> Path:
    """Run the service over `messages` until they are stored; return the folder of the files."""
    chosen = {"commit_interval_seconds": 0.05, "commit_every_messages": 7, "retry_seconds": 0.05, **settings}
    given = HistorySettings(folder=folder / "history", **chosen)  # type: ignore[arg-type]
    done = run_topology(topology, given, "history", {TRADES: messages}, [], folder=folder)
    assert done.dead_letters == []
    return folder / "history"


def test_every_trade_is_stored_once_and_on_its_day(tmp_path: Path) -> None:
    messages = market()
    root = run(messages, tmp_path)
    assert_frame_equal(stored_rows(root), expected_rows(messages))
    for file in stored_files(root):
        day = file.parent.name
        first = stored_rows_of(file)["timestamp_us"].min()
        assert day == ("date=2026-03-03" if int(first) < MIDNIGHT_US else "date=2026-03-04")


def rows(*ids: int) -> DayRows:
    found = DayRows()
    found.extend(frame("BTC/USD", ids))
    return found


def stored_rows_of(file: Path):

    return pl.read_parquet(file, hive_partitioning=False)


def test_ids_rise_from_file_to_file_even_where_trades_came_late(tmp_path: Path) -> None:
    root = run(market(), tmp_path)
    for pair in ("BTC/USD", "ETH/USD"):
        ids = [trade_id for file in stored_files(root, pair) for trade_id in stored_rows_of(file)["trade_id"]]
        assert ids == sorted(set(ids))


def test_a_second_run_of_the_same_topic_adds_nothing(tmp_path: Path) -> None:
    messages = market(600)
    root = run(messages, tmp_path)
    before = {file: file.read_bytes() for file in stored_files(root)}
    run(messages, tmp_path)
    assert {file: file.read_bytes() for file in stored_files(root)} == before


def test_a_closed_day_becomes_one_file(tmp_path: Path) -> None:
    root = run(market(), tmp_path, compact_after_s=600)
    for pair in ("BTC/USD", "ETH/USD"):
        days = [file.parent.name for file in stored_files(root, pair)]
        assert days.count("date=2026-03-03") == 1
        assert days.count("date=2026-03-04") >= 1


def test_a_day_under_way_never_has_many_files(tmp_path: Path) -> None:
    folder = DayFolder(tmp_path / "date=2026-03-03", "kraken", "BTC/USD")
    for trade_id in range(1, 2 * MOST_FILES):
        folder.add(rows(trade_id))
        assert len(folder.files()) <= MOST_FILES
    stored = [trade_id for file in folder.files() for trade_id in stored_rows_of(file)["trade_id"]]
    assert stored == list(range(1, 2 * MOST_FILES))


def test_coverage_says_what_is_known(tmp_path: Path) -> None:
    hole = [message for message in market(1_000) if 500 not in getattr(message, "trade_ids", ())]
    missing = sum(500 in getattr(message, "trade_ids", ()) for message in market(1_000))
    assert missing >= 1
    root = run(hole, tmp_path)
    told = json.loads((root / "exchange=kraken/pair=BTC-USD/coverage.json").read_text())
    assert (told["complete_from_us"], told["complete_to_us"]) == (START_US, START_US + 1_001_000_000)
    assert told["outages_us"] == [[START_US + 5_000_000, START_US + 9_000_000]]
    day = told["days"]["2026-03-03"]
    assert day["missing_ids"] == 1_000 - day["trades"] > 0
    assert (day["first_trade_id"], day["last_trade_id"]) == (1, 1_000)
    assert (day["complete_from_us"], day["complete_to_us"]) == (START_US, START_US + 1_001_000_000)


def test_a_late_trade_does_not_widen_what_was_promised(tmp_path: Path) -> None:
    messages = [*market(100), frame("BTC/USD", [101], spacing_us=-1_000_000)]
    told = json.loads((run(messages, tmp_path) / "exchange=kraken/pair=BTC-USD/coverage.json").read_text())
    assert told["complete_from_us"] == START_US


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    listener = logger.add(lambda line: said.append(str(line)), level="ERROR")
    write, refusals = durable.write_durably, [3]

    def refuse(path: Path, content: bytes) -> None:
        if refusals[0]:
            refusals[0] -= 1
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, content)

    monkeypatch.setattr("history.day_folder.write_durably", refuse)
    messages = market(600)
    root = run(messages, tmp_path)
    assert refusals == [0]
    assert_frame_equal(stored_rows(root), expected_rows(messages))
    logger.remove(listener)
    assert len(said) == 3
    assert "disk full; nothing is lost" in said[0]


def test_a_kill_while_merging_leaves_no_trade_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole is written and the parts are still there: the next one to open the day merges them."""
    folder = DayFolder(tmp_path / "date=2026-03-03", "kraken", "BTC/USD")
    folder.add(rows(1, 2, 3))
    folder.add(rows(4, 5))
    with monkeypatch.context() as killed:
        killed.setattr(Path, "unlink", lambda *_args, **_named: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            folder.compact()
    assert len(folder.files()) == 3
    (folder.path / ".half.parquet.tmp").write_bytes(b"half")
    again = DayFolder(folder.path, "kraken", "BTC/USD")
    assert [stored_rows_of(file)["trade_id"].to_list() for file in again.files()] == [[1, 2, 3, 4, 5]]
    assert again.add(rows(2, 5)) == 0
    assert not list(folder.path.glob(".*"))
