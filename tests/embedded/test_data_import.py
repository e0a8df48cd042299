"""Files that venues offer become the tree that history writes: each trade once, with what is not right told."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from backtest.trade_files import bars_of_trades
from embedded.cli import app
from history.listing import stored_in

MIDNIGHT_S = 1_704_067_200  # 2024-01-01
#: As Kraken's download has them: time, price, volume, and no header.
FIRST = [f"{MIDNIGHT_S + 60 * n},{42_000 + n}.{n % 10},0.{n + 1:08d}" for n in range(300)]
#: Two days on, so that a day is silent.
SECOND = [f"{MIDNIGHT_S + 2 * 86_400 + 60 * n},{43_000 + n},1.5" for n in range(200)]


def _taken(folder: Path, *files: Path, typed: tuple[str, ...] = ("--exchange", "kraken")) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["data", "import", *map(str, files), "--folder", str(folder), *typed])
    return done.exit_code, " ".join(done.output.split())


def _stored(folder: Path) -> pl.DataFrame:
    files = sorted(folder.glob("exchange=kraken/pair=BTC-USD/date=*/*.parquet"))
    return pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in files]).sort("timestamp_us")


@pytest.fixture
def dumps(tmp_path: Path) -> tuple[Path, Path]:
    """The whole history in one folder and an incremental download, with its own first row, in another."""
    first, second = tmp_path / "whole/XBTUSD.csv", tmp_path / "q1/XBTUSD.csv"
    for file, rows in ((first, FIRST), (second, SECOND)):
        file.parent.mkdir()
        file.write_text("\n".join(rows) + "\n")
    return first, second


def test_kraken_dumps_become_the_tree(dumps: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "trades"
    code, said = _taken(folder, *dumps)
    assert code == 0, said
    assert "BTC/USD: 500 new trades of 500" in said
    assert "BTC/USD: no trade on 1 day in between, the first 2024-01-02" in said
    frame = _stored(folder)
    expected = [tuple(map(Decimal, row.split(","))) for row in (*FIRST, *SECOND)]
    found = zip(frame["timestamp_us"], frame["price"], frame["quantity"], strict=True)
    assert [
        (time_us // 1_000_000, Decimal(price), Decimal(quantity)) for time_us, price, quantity in found
    ] == expected
    [stored] = stored_in(folder)
    assert (stored.exchange, stored.pair, stored.days, stored.trades) == ("kraken", "BTC/USD", 2, 500)
    assert stored.missing_ids is None and stored.complete_to_us == int(frame["timestamp_us"][-1])
    # What is traded on it is what is traded on the files.
    one, other = (bars_of_trades(paths, 300, ["BTC/USD"]).pairs["BTC/USD"] for paths in ([folder], dumps))
    assert one.starts_ms.tolist() == other.starts_ms.tolist() and len(one) > 400
    for name, text in one.texts.items():
        assert [text[place] for place in range(len(one))] == [other.texts[name][place] for place in range(len(one))]


def test_the_same_again_and_later_files_add_only_what_is_new(dumps: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "trades"
    assert "300 new trades of 300" in _taken(folder, dumps[0])[1]
    assert "0 new trades of 300" in _taken(folder, dumps[0])[1]
    assert "200 new trades of 500" in _taken(folder, *dumps)[1]
    code, said = _taken(folder, dumps[1])  # alone it would be numbered as the first one was
    assert code == 2 and "first the files that were taken before (XBTUSD.csv, XBTUSD.csv), then later ones" in said
    assert _stored(folder).height == 500


def test_rows_without_ids_are_not_mixed_with_fetched_trades(dumps: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "trades"
    fetched = tmp_path / "kraken_BTCUSD_ids.csv"
    fetched.write_text("trade_id,timestamp,price,amount\n1,1704067200000,42000,1\n2,1704067201000,42001,1\n")
    code, said = _taken(folder, fetched)
    assert code == 0, said
    code, said = _taken(folder, dumps[0])
    assert code == 2 and "a --folder without trades of BTC/USD" in said
    assert _stored(folder).height == 2
    other = tmp_path / "other"
    assert _taken(other, dumps[0])[0] == 0
    code, said = _taken(other, fetched)
    assert code == 2 and "files without trade ids" in said


def test_bad_lines_are_set_aside_with_their_reason(tmp_path: Path) -> None:
    file, folder = tmp_path / "XBTUSD.csv", tmp_path / "trades"
    file.write_text("\n".join([*FIRST[:50], f"{MIDNIGHT_S + 3_000},none,1", *FIRST[51:]]) + "\n")
    for _ in range(2):  # told once, however often it is taken
        code, said = _taken(folder, file)
        assert code == 0 and "1 row is no trade, set aside; the first, line 51 of XBTUSD.csv: price: expected" in said
    [line] = (folder / "exchange=kraken/pair=BTC-USD/bad_rows.jsonl").read_text().splitlines()
    assert json.loads(line)["line"] == 51 and "was 'none'" in json.loads(line)["reason"]
    assert _stored(folder).height == 299


def test_what_cannot_be_taken_is_told(tmp_path: Path) -> None:
    code, said = _taken(tmp_path / "trades", tmp_path / "none.csv")
    assert code == 2 and "none.csv" in said
    empty = tmp_path / "XBTUSD.csv"
    empty.write_text("")
    assert _taken(tmp_path / "trades", empty)[0] == 2
    assert not (tmp_path / "trades").exists() or not list((tmp_path / "trades").glob("exchange=*"))
