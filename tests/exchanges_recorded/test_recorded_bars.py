"""Files of bars are told by their content: of every kind come the same bars, or a refusal that names the place."""

from __future__ import annotations

import doctest
import gzip
import importlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.exchanges_recorded.bar_files import (
    FILES,
    PRICES,
    SERIES,
    BarFile,
    candles,
    csv,
    frame,
    klines,
    ohlcv,
    rows_of,
    write,
    zipped,
)

from contracts.errors import BadInputError
from exchanges.recorded_bars import read_bars
from exchanges.recorded_bars.spacing import first_beside, length_ms

ROWS = rows_of()
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
NAMES = "timestamp,open,high,low,close,volume"


@every_file
def test_the_same_bars_come_out_of_every_kind_of_file(tmp_path: Path, file: BarFile) -> None:
    bars = read_bars(write(tmp_path, file, ROWS))
    assert bars.interval_s == 60
    np.testing.assert_array_equal(bars.starts_ms, SERIES.starts_ms)
    assert list(bars.columns) == [*PRICES, "volume", *file.flows]
    for name, values in bars.columns.items():
        np.testing.assert_array_equal(values, SERIES.columns[name], err_msg=name)


@every_file
def test_a_market_with_quiet_minutes_is_the_same_in_every_kind_of_file(tmp_path: Path, file: BarFile) -> None:
    """Two of three minutes are not in the file: the length of a bar does not follow from most distances."""
    kept = [row for place, row in enumerate(ROWS) if place % 6 in (0, 1)]
    bars = read_bars(write(tmp_path, file, kept))
    assert bars.interval_s == 60
    np.testing.assert_array_equal(bars.starts_ms, SERIES.starts_ms[: len(bars.starts_ms)])
    np.testing.assert_array_equal(bars.columns["open"][2:6], [SERIES.columns["close"][1]] * 4)
    assert bars.columns["volume"][2:6].tolist() == [0.0] * 4


@every_file
def test_a_wrong_price_is_named_in_every_kind_of_file(tmp_path: Path, file: BarFile) -> None:
    wrong = [*ROWS[:7], {**ROWS[7], "close": "-1.0"}, *ROWS[8:]]
    with pytest.raises(BadInputError) as error:
        read_bars(write(tmp_path, file, wrong))
    assert file.name in error.value.field
    assert any(word in error.value.field for word in (", line ", ", row "))
    assert "positive price" in error.value.expected
    assert "lose" in error.value.expected or "c," in error.value.expected
    assert float(error.value.got) == -1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"\n \n", "bars: expected a file with bars in it, was 'empty.csv (empty)'"),
        ("names.csv", b"time,open,high,low,close,volume\n", "(names of columns and nothing else)"),
        (
            "poem.csv",
            b"roses,violets\nred,blue\n",
            "columns of poem.csv: expected time, open, high, low, close, volume",
        ),
        (
            "prose.txt",
            b"Roses are red\n",
            "columns of prose.txt: expected several, separated by one of ',' ';' '\\t'",
        ),
        ("trades.csv", b"timestamp,price,amount\n1700000000,1,1\n", "missing: open, high, low, close, volume"),
        (
            "no volume.csv",
            b"time,open,high,low,close\n1,1,1,1,1\n",
            "missing: volume), was 'time, open, high, low, close'",
        ),
        ("two.csv", b"time,open,high,low,close,Volume BTC,Volume USD\n1,1,1,1,1,1,1\n", "missing: volume"),
        (
            "five.csv",
            b"1700000000,1,1,1,1\n",
            "columns of five.csv: expected names of columns, or as many columns as one",
        ),
        (
            "short.csv",
            b"1700000000,1,1,1,1,1\n1700000060,1,1,1\n",
            "line 2 of short.csv: expected 6 columns, as in the",
        ),
        ("one.csv", b"1700000000,1,1,1,1,1\n", "bars: expected at least two bars, was 1"),
        (
            "count.csv",
            b"0,1,1,1,1,1\n60000,1,1,1,1,1\n",
            "expected a date in the file's name, such as 20161007_trade.zip",
        ),
        (
            "day.csv",
            b"date,open,high,low,close,volume\n01/02/2024,1,1,1,1,1\n",
            "expected a time: ISO 8601, or a whole",
        ),
        (
            "comma.csv",
            b"time;open;high;low;close;volume\n1700000000;1,5;1;1;1;1\n",
            "expected open, a positive price, was '1,5'",
        ),
        ("damaged.gz", gzip.compress(b"1" * 99)[:-9], "an undamaged gzip file without a password"),
        ("damaged.zip", b"PK\x03\x04" + b"1" * 99, "an undamaged zip file without a password"),
        ("damaged.parquet", b"PAR1" + b"1" * 99, "expected a readable Parquet file, was 'damaged.parquet ("),
        ("damaged.feather", b"ARROW1\0\0" + b"1" * 99, "expected a readable Feather file, was 'damaged.feather ("),
        ("damaged.json", b"[[1, 2", 'bars: expected undamaged JSON, was "damaged.json (Expecting'),
        ("no bars.json", b'{"error": ["EQuery:Unknown asset pair"]}', "expected JSON with one list of bars"),
        ("two.json", b'{"A": [[1, 2]], "B": [[1, 2]]}', "was '2 such lists'"),
        ("ragged.json", b"[[1, 2], [1]]", "bars, row 2 of ragged.json: expected 2 values, as in the first row"),
        (
            "nan.json",
            b"[[1700000000, 1, 1, 1, NaN, 1], [1700000060, 1, 1, 1, 1, 1]]",
            "row 1 of nan.json: expected column 5 (close)",
        ),
        ("layers.gz", gzip.compress(gzip.compress(gzip.compress(gzip.compress(b"1")))), "an archive of archives"),
        ("old.feather", b"FEA1" + b"1" * 99, "the first version of Feather"),
        ("freqtrade.h5", b"\x89HDF\r\n\x1a\n", "HDF5 (freqtrade convert-data"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0", "expected CSV, JSON, Parquet or Feather"),
        (
            "two.zip",
            zipped("a.csv", b"1", **{"b.csv": b"2"}),
            "expected a zip with one file in it (unzip it and name the file), was 'two.zip with a.csv, b.csv",
        ),
    ],
    # Packed content differs from second to second, and workers must agree on the names of tests.
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_what_is_no_file_of_bars_is_refused_in_words(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInputError) as error:
        read_bars(path)
    assert message in str(error.value)


def refused(path: Path, content: bytes, **how: str) -> str:
    path.write_bytes(content)
    with pytest.raises(BadInputError) as error:
        read_bars(path, **how)
    return str(error.value)


def test_two_bars_of_one_time_are_refused(tmp_path: Path) -> None:
    again = csv(([r["ms"], *ohlcv(r)] for r in (*ROWS[:9], *ROWS[5:20])), NAMES)
    said = refused(tmp_path / "joined.csv", again)
    assert said.startswith("bars, line 11 of joined.csv: expected another timestamp than the line before it in time")


def test_a_bar_beside_the_others_is_refused(tmp_path: Path) -> None:
    moved = [{**row, "ms": row["ms"] + (30_000 if place == 200 else 0)} for place, row in enumerate(ROWS)]
    said = refused(tmp_path / "moved.csv", csv([r["ms"], *ohlcv(r)] for r in moved))
    assert said.startswith("bars, line 201 of moved.csv: expected column 1 (time) a multiple of 60 s from the others")


def test_bars_that_begin_when_no_candle_does_are_refused(tmp_path: Path) -> None:
    """Features of longer bars, sessions and anchors have their place in the day."""
    late = csv(([r["ms"] + 1_000, *ohlcv(r)] for r in ROWS), NAMES)
    said = refused(tmp_path / "late.csv", late)
    assert said.startswith("bars, line 2 of late.csv: expected timestamp a multiple of 60 s since the epoch")


def test_an_open_outside_of_low_and_high_is_refused(tmp_path: Path) -> None:
    wrong = [*ROWS[:5], {**ROWS[5], "high": ROWS[5]["low"], "low": ROWS[5]["high"]}, *ROWS[6:]]
    said = refused(tmp_path / "swapped.csv", csv([r["ms"], *ohlcv(r)] for r in wrong))
    assert said.startswith("bars, line 6 of swapped.csv: expected column 2 (open), column 3 (high)")
    assert "with low the least and high the greatest" in said


def test_a_unit_in_a_name_is_held_to(tmp_path: Path) -> None:
    in_seconds = csv(([r["ms"] // 1_000, *ohlcv(r)] for r in ROWS), NAMES.replace("timestamp", "timestamp_ms"))
    said = refused(tmp_path / "bars.csv", in_seconds)
    assert said.startswith("bars, line 2 of bars.csv: expected timestamp_ms in milliseconds since the epoch")


def test_of_several_pairs_one_is_chosen(tmp_path: Path) -> None:
    mixed = ([r["ms"], symbol, *ohlcv(r)] for r in ROWS for symbol in ("BTCUSDT", "ETH-USDT"))
    names = NAMES.replace("timestamp", "timestamp,symbol")
    path = tmp_path / "mixed.csv"
    assert refused(path, csv(mixed, names)).startswith("pair: expected one of BTC/USDT, ETH/USDT: mixed.csv has bars")
    bars = read_bars(path, "ETH/USDT")
    assert (len(bars.starts_ms), bars.pair) == (len(ROWS), "ETH/USDT")


def test_a_file_of_categories_is_read(tmp_path: Path) -> None:
    path = tmp_path / "BTC_USDT-1m.feather"
    frame(ROWS).with_columns(symbol=pl.lit("BTC/USDT").cast(pl.Categorical)).write_ipc(path)
    assert read_bars(path).pair == "BTC/USDT"


def test_the_volume_of_the_base_is_taken(tmp_path: Path) -> None:
    names = "unix,open,high,low,close,Volume USDT,Volume BTC"
    path = tmp_path / "Binance_BTCUSDT_minute.csv"
    path.write_bytes(csv(([r["ms"], *ohlcv(r)[:4], "7", r["volume"]] for r in ROWS), names))
    bars = read_bars(path)
    assert bars.pair == "BTC/USDT"
    np.testing.assert_array_equal(bars.columns["volume"], SERIES.columns["volume"])


def test_what_was_understood_is_said(tmp_path: Path) -> None:
    path = tmp_path / "XBTUSD_1.csv"
    path.write_bytes(csv([r["ms"] // 1_000, *ohlcv(r), "3"] for r in ROWS))
    assert read_bars(path).notes == (
        "The file has no taker_buy_volume.",
        "The file has no names of columns: it was read as Kraken's OHLCVT.",
    )
    path = tmp_path / "named.csv"
    path.write_bytes(
        csv((["2024-01-01 00:0" + str(n), *ohlcv(r), "x"] for n, r in enumerate(ROWS[:9])), NAMES + ",mood")
    )
    assert read_bars(path).notes == (
        "The file has no trade_count and no taker_buy_volume.",
        "Its times name no zone and were read as UTC.",
        "Columns that were not read: mood.",
    )


def test_counts_that_are_none_make_no_trades(tmp_path: Path) -> None:
    """Seven columns are Kraken's only with whole counts and seconds."""
    path = tmp_path / "bars.csv"
    path.write_bytes(csv([r["ms"], *ohlcv(r), "12.5"] for r in ROWS))
    assert "trade_count" not in read_bars(path).columns


@pytest.mark.parametrize("name", ["candles.parquet", "candles.csv"])
def test_candles_that_do_not_know_their_takers_stay_so(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    unknown = candles(ROWS).with_columns(taker_buy_volume=pl.lit(None, pl.String))
    unknown.write_parquet(path) if name.endswith("parquet") else unknown.write_csv(path)
    assert np.isnan(read_bars(path).columns["taker_buy_volume"]).all()


def test_klines_of_hours_are_hours(tmp_path: Path) -> None:
    path = tmp_path / "hours.csv"
    hourly = [{**row, "ms": SERIES.starts_ms[0] + place * 3_600_000} for place, row in enumerate(ROWS)]
    path.write_bytes(csv(klines(hourly)))
    assert read_bars(path).interval_s == 3_600


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ([0, 60, 120, 180], 60),
        ([0, 60, 600], 60),
        ([0, 120, 300, 420, 600, 720], 60),
        ([0, 86_400, 4 * 86_400, 5 * 86_400], 86_400),
        ([0, 3_600, 7_200, 25_200], 3_600),
        ([0, 1, 2, 60, 61], 1),
    ],
)
def test_the_length_of_a_bar_follows_from_the_times(starts: list[int], expected: int) -> None:
    starts_ms = np.array(starts, dtype=np.int64) * 1_000
    assert length_ms(starts_ms) == expected * 1_000
    assert first_beside(starts_ms, expected * 1_000) is None


def test_months_have_no_length() -> None:
    months = np.array([0, 31, 59, 90, 120, 151], dtype=np.int64) * 86_400_000
    assert first_beside(months, length_ms(months)) is not None


@pytest.mark.parametrize("module", ["layouts", "spacing", "text_rows", "times"])
def test_the_examples_are_true(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"exchanges.recorded_bars.{module}"))
    assert (found.attempted > 0, found.failed) == (True, 0)
