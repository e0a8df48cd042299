"""Recorded files: whole, in two parts, killed in between, with bad rows."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from contracts.end_of_history import EndOfHistory
from contracts.heartbeat import Heartbeat
from contracts.topics import TRADES
from contracts.trade_frame import TradeFrame
from exchanges.recorded import open_recording
from streaming.clients import read_dead_letters, read_topic
from trades.app import run_trades
from trades.settings import TradesSettings

DATA = Path(__file__).parents[3] / "shared" / "data" / "trades"
BTC = DATA / "binance_spot_BTCUSDT_20240808-09.csv.gz"
ETH = DATA / "binance_spot_ETHUSDT_20240808-09.csv.gz"
BITSTAMP = DATA / "bitstamp_BTCUSD_2011-09_2012-05.csv.gz"
MIDNIGHT_MS = 1_723_161_600_000

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded trades at {DATA}")


def settings(folder: Path, **changes: Any) -> TradesSettings:
    return TradesSettings(broker_address=f"embedded://{folder}/log", data_dir=folder, exchange="recorded", **changes)


def messages(of: TradesSettings) -> list[Any]:
    return [record.message() for record in read_topic(of, TRADES)]


def rows(found: list[Any], pair: str) -> list[Any]:
    frames = [m for m in found if isinstance(m, TradeFrame) and m.pair == pair]
    return [row for frame in frames for row in frame.rows()]


def recorded(path: Path, pair: str) -> list[Any]:
    return rows(list(open_recording(path).frames(lambda _: None)), pair)


@needs_data
def test_files_of_two_pairs_come_whole_and_side_by_side(tmp_path: Path) -> None:
    both = settings(tmp_path, file=(BTC, ETH))
    assert run_trades(both) == 0
    found = messages(both)
    for path, pair in ((BTC, "BTC/USDT"), (ETH, "ETH/USDT")):
        assert rows(found, pair) == recorded(path, pair)
        last = [m for m in found if m.pair == pair][-1]
        assert isinstance(last, EndOfHistory) and last.final
        assert last.venue_time_us == max(row[1] for row in rows(found, pair))
    assert not any(isinstance(m, Heartbeat) for m in found), "what was before the first trade is unknown"
    pairs = [m.pair for m in found[:10]]
    assert len(set(pairs)) == 2, "neither pair runs ahead"
    assert run_trades(both) == 0
    assert len(messages(both)) == len(found), "a finished file is left alone"


@needs_data
def test_two_parts_join_without_a_seam(tmp_path: Path) -> None:
    first = settings(tmp_path, file=(BTC,), variant="historical", file_until_ms=MIDNIGHT_MS)
    second = settings(tmp_path, file=(BTC,), variant="live", file_from_ms=MIDNIGHT_MS)
    assert run_trades(first) == 0
    part = messages(first)
    assert isinstance(part[-1], EndOfHistory) and not part[-1].final
    assert part[-1].venue_time_us == MIDNIGHT_MS * 1_000
    assert max(row[1] for row in rows(part, "BTC/USDT")) < MIDNIGHT_MS * 1_000
    assert run_trades(first) == 0 and len(messages(first)) == len(part)
    assert run_trades(second) == 0
    whole = messages(second)
    assert rows(whole, "BTC/USDT") == recorded(BTC, "BTC/USDT")
    assert isinstance(whole[-1], EndOfHistory) and whole[-1].final
    assert not any(isinstance(m, Heartbeat) for m in whole)


@needs_data
def test_the_second_part_alone_says_since_when_it_is_complete(tmp_path: Path) -> None:
    second = settings(tmp_path, file=(BTC,), variant="live", file_from_ms=MIDNIGHT_MS)
    assert run_trades(second) == 0
    found = messages(second)
    assert isinstance(found[0], Heartbeat) and found[0].venue_time_us == MIDNIGHT_MS * 1_000
    assert rows(found, "BTC/USDT") == [r for r in recorded(BTC, "BTC/USDT") if r[1] >= MIDNIGHT_MS * 1_000]


@needs_data
def test_a_file_without_ids_is_unverified(tmp_path: Path) -> None:
    one = settings(tmp_path, file=(BITSTAMP,))
    assert run_trades(one) == 0
    found = messages(one)
    assert rows(found, "BTC/USD") == recorded(BITSTAMP, "BTC/USD")
    assert not any(m.consecutive_ids for m in found if isinstance(m, TradeFrame))


def write_small(path: Path, bad: bool) -> None:
    lines = [f"{1_300_000_000 + i},{100 + i % 7}.5,0.{i % 9 + 1}" for i in range(3_500)]
    if bad:
        lines[17] = "1300000017,-3,0.5"
        lines[2_900] = "1300002900,nan,0.5"
    with gzip.open(path, "wt") as file:
        file.write("\n".join(lines) + "\n")


def test_bad_rows_are_set_aside_with_text_and_reason(tmp_path: Path) -> None:
    write_small(tmp_path / "bitstamp_BTCUSD.csv.gz", bad=True)
    one = settings(tmp_path, file=(tmp_path / "bitstamp_BTCUSD.csv.gz",))
    assert run_trades(one) == 0
    assert len(rows(messages(one), "BTC/USD")) == 3_498
    letters = list(read_dead_letters(one, "trades"))
    assert [letter.value for letter in letters] == [b"1300000017,-3,0.5", b"1300002900,nan,0.5"]
    assert letters[0].headers["error"] == b"line 18: price: expected a positive decimal, was '-3'"
    assert letters[0].key == b"BTC/USD" and letters[0].headers["reason"] == b"bad-row"


@needs_data
def test_two_files_of_one_pair_follow_each_other(tmp_path: Path) -> None:
    both = settings(tmp_path, file=(DATA / "binance_spot_BTCUSDT_20230405.csv.gz", BTC))
    assert run_trades(both) == 0
    found = messages(both)
    assert rows(found, "BTC/USDT") == recorded(both.file[0], "BTC/USDT") + recorded(BTC, "BTC/USDT")
    assert sum(isinstance(m, EndOfHistory) for m in found) == 1
    assert run_trades(both) == 0 and len(messages(both)) == len(found)


def test_two_files_that_tell_of_the_same_time_are_one_series(tmp_path: Path) -> None:
    names = ("bitstamp_BTCUSD_a.csv.gz", "bitstamp_BTCUSD_b.csv.gz")
    for name in names:
        write_small(tmp_path / name, bad=False)
    both = settings(tmp_path, file=tuple(tmp_path / name for name in names))
    assert run_trades(both) == 0
    assert len(rows(messages(both), "BTC/USD")) == 3_500


def test_a_missing_file_is_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_trades(settings(tmp_path, file=(tmp_path / "none.csv",))) == 2
    assert "TRADES_FILE: path: expected a file of recorded trades" in capfd.readouterr().err


@needs_data
def test_killed_at_any_frame_it_goes_on_without_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trades.pair_log import PairLog

    one = settings(tmp_path, file=(BTC,))
    write = PairLog.frame
    for survived in (1, 2, 5):
        left = [survived]

        def dying(self: Any, *arguments: Any, left: list[int] = left, **named: Any) -> None:
            if not left[0]:
                raise RuntimeError("killed")
            left[0] -= 1
            write(self, *arguments, **named)

        monkeypatch.setattr(PairLog, "frame", dying)
        assert run_trades(one) == 1
    monkeypatch.setattr(PairLog, "frame", write)
    assert run_trades(one) == 0
    by_id = {row[0]: row for row in rows(messages(one), "BTC/USDT")}
    assert sorted(by_id.values()) == recorded(BTC, "BTC/USDT")
