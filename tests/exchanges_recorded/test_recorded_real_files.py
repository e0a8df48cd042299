"""The five real files of the data folder, against independent sums and the folder's own row counts."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from contracts.trade_frame import TradeFrame
from contracts.units import decimal_string
from exchanges.recorded import BadRow, open_recording

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "trades"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"needs the real trades in {DATA}")

# file, rows by the data folder's README, exchange, pair, consecutive ids, price and quantity column, useless rows
FILES = [
    ("binance_spot_BTCUSDT_20240808-09.csv.gz", 19_904, "binance", "BTC/USDT", True, "price", "qty", 0),
    ("binance_spot_ETHUSDT_20240808-09.csv.gz", 14_515, "binance", "ETH/USDT", True, "price", "qty", 0),
    ("binance_spot_BTCUSDT_20230405.csv.gz", 3_144, "binance", "BTC/USDT", True, "price", "qty", 0),
    ("coinbase_BTC-USD_20230905_1h.csv.gz", 5_882, "coinbase", "BTC/USD", False, "price", "amount", 0),
    ("bitstamp_BTCUSD_2011-09_2012-05.csv.gz", 9_999, "bitstamp", "BTC/USD", False, "column_1", "column_2", 1),
]
NAMES = [file[0] for file in FILES]


def read(name: str, **options: Any) -> tuple[list[TradeFrame], list[BadRow]]:
    bad: list[BadRow] = []
    return list(open_recording(DATA / name, **options).frames(bad.append)), bad


def refuse(row: BadRow) -> None:
    pytest.fail(str(row))


def flat(frames: list[TradeFrame], column: str) -> Iterator[Any]:
    return (value for frame in frames for value in getattr(frame, column))


@pytest.mark.parametrize(("name", "rows", "exchange", "pair", "consecutive", "price", "quantity", "useless"), FILES)
def test_every_row_exactly(
    name: str, rows: int, exchange: str, pair: str, consecutive: bool, price: str, quantity: str, useless: int
) -> None:
    frames, bad = read(name)
    headerless = price.startswith("column_")
    table = pl.read_csv(DATA / name, has_header=not headerless, infer_schema=False)
    assert len(table) == rows
    assert sum(len(frame.trade_ids) for frame in frames) + len(bad) == rows
    assert len(bad) == useless
    assert {(f.exchange, f.pair, f.consecutive_ids) for f in frames} == {(exchange, pair, consecutive)}
    kept = [row for row in table.select(price, quantity).iter_rows() if Decimal(row[1]) > 0]
    for column, place in (("prices", 0), ("quantities", 1)):
        assert sum(map(Decimal, flat(frames, column))) == sum(Decimal(row[place]) for row in kept)
        assert list(flat(frames, column)) == [decimal_string(Decimal(row[place])) for row in kept]


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("binance")])
def test_binance_ids_are_gapless_and_trade_time_counts(name: str) -> None:
    frames, _ = read(name)
    ids = list(flat(frames, "trade_ids"))
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    table = pl.read_csv(DATA / name, infer_schema=False)
    assert list(flat(frames, "timestamps_us")) == [int(text) * 1_000 for text in table["trade_time_ms"]]
    sides = ["sell" if text == "true" else "buy" for text in table["buyer_is_maker"]]
    assert list(flat(frames, "sides")) == sides


def test_coinbase_times_have_microseconds_and_ids_are_row_numbers() -> None:
    frames, _ = read("coinbase_BTC-USD_20230905_1h.csv.gz")
    assert list(flat(frames, "trade_ids")) == list(range(1, 5_883))
    assert frames[0].timestamps_us[0] == 1_693_929_601_281_719
    assert set(flat(frames, "sides")) == {"buy", "sell"}


def test_the_bitstamp_row_without_a_volume_keeps_its_number() -> None:
    frames, bad = read("bitstamp_BTCUSD_2011-09_2012-05.csv.gz")
    assert [(row.line_number, row.text) for row in bad] == [(8_524, "1337596081,5.080000000000,0.000000000000")]
    assert bad[0].reason == "volume: expected a positive decimal, was '0.000000000000'"
    ids = list(flat(frames, "trade_ids"))
    assert ids == [i for i in range(1, 10_000) if i != 8_524]
    assert set(flat(frames, "sides")) == {"unknown"}


@pytest.mark.parametrize("frame_rows", [1, 7, 1_000, 100_000])
def test_the_size_of_frames_changes_nothing_else(frame_rows: int) -> None:
    recording = open_recording(DATA / NAMES[2])
    frames = list(recording.frames(refuse, frame_rows))
    assert max(len(frame.trade_ids) for frame in frames) <= frame_rows
    reference = list(recording.frames(refuse))
    for column in ("trade_ids", "timestamps_us", "prices", "quantities", "sides"):
        assert list(flat(frames, column)) == list(flat(reference, column))


def test_a_parquet_copy_gives_the_same_trades(tmp_path: Path) -> None:
    frames, _ = read(NAMES[0])
    columns = {
        "exchange": ["binance"] * 19_904,
        "pair": ["BTC/USDT"] * 19_904,
        "trade_id": list(flat(frames, "trade_ids")),
        "timestamp_us": list(flat(frames, "timestamps_us")),
        "price": list(flat(frames, "prices")),
        "quantity": list(flat(frames, "quantities")),
        "side": list(flat(frames, "sides")),
    }
    table = pl.DataFrame(columns)
    decimals = table.with_columns(pl.col("price", "quantity").cast(pl.Decimal(30, 10)))
    floats = table.with_columns(pl.col("price", "quantity").cast(pl.Float64))
    for name, copy in (("text", table), ("decimals", decimals), ("floats", floats)):
        copy.write_parquet(tmp_path / f"{name}.parquet")
        recording = open_recording(tmp_path / f"{name}.parquet")
        assert (recording.rows, recording.exchange, recording.consecutive_ids) == (19_904, "binance", True)
        assert list(recording.frames(refuse)) == frames
    table.write_csv(tmp_path / "trades.csv")
    assert list(open_recording(tmp_path / "trades.csv").frames(refuse)) == frames


def test_plain_and_gzipped_are_the_same(tmp_path: Path) -> None:
    plain = tmp_path / NAMES[2].removesuffix(".gz")
    plain.write_bytes(gzip.decompress((DATA / NAMES[2]).read_bytes()))
    assert list(open_recording(plain).frames(refuse)) == read(NAMES[2])[0]


def test_names_can_be_given() -> None:
    frames, _ = read(NAMES[4], pair="XYZ/USD", exchange="elsewhere")
    assert re.match(r"elsewhere:XYZ/USD:1-1000$", frames[0].message_id)
