"""Every layout of public files, with each unit of time, spelling and container, gives the same trades."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path

import polars as pl
import pytest

from contracts.trade_frame import TradeFrame
from contracts.units import decimal_string
from exchanges.recorded import FORMATS, BadRow, open_recording
from exchanges.recorded.recognise import recognise
from exchanges.recorded.steps import Steps
from exchanges.recorded.tables import open_table

ROWS = 12
START_US = 1_735_689_540_123_456
#: Time in microseconds, price, quantity, whether the taker bought.
TRADES = [
    (
        START_US + number * 7_654_321,
        Decimal(9_357_600 + number * 13).scaleb(-2),
        Decimal(31 + number * 97).scaleb(-6),
        number % 3 == 0,
    )
    for number in range(ROWS)
]

TIMES: dict[str, Callable[[int], str]] = {
    "s": lambda us: str(us // 1_000_000),
    "s with a fraction": lambda us: decimal_string(Decimal(us).scaleb(-6)),
    "ms": lambda us: str(us // 1_000),
    "ms with .0": lambda us: f"{us // 1_000}.0",
    "ms with an exponent": lambda us: f"{Decimal(us // 1_000):E}",
    "us": str,
    "ns": lambda us: f"{us}789",
    "ISO": lambda us: datetime.fromtimestamp(us / 1e6, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
    "UTC": lambda us: datetime.fromtimestamp(us // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
}
TO_SECONDS, TO_MS = {"s", "UTC"}, {"ms", "ms with .0", "ms with an exponent"}
MAKER = {True: ("true", "false"), False: ("True", "False")}
WORDS = {True: ("sell", "buy"), False: ("Sell", "Buy")}
LETTERS = {True: ("s", "b"), False: ("S", "B")}


@dataclass(frozen=True)
class Layout:
    """A shape of public file: its columns, what they are called, and how it says who took."""

    columns: str
    header: str | None = None
    sides: dict[bool, tuple[str, str]] | None = None
    venue: str = "venue"
    delimiter: str = ","
    signed: bool = False
    own_id: bool = True

    def cells(self, number: int, time: Callable[[int], str], spelling: bool, exponent: bool) -> list[str]:
        """Return a row; its columns are named in `columns`."""
        time_us, price, quantity, bought = TRADES[number]
        amount = f"{quantity:E}" if exponent else format(quantity, "f") + "00"
        values = {
            "id": str(4_340_000_001 + number),
            "uuid": f"00000000-0000-4000-8000-{number:012d}",
            "time": time(time_us),
            "later": time(time_us + 1_000_000),
            "price": f"{price:E}" if exponent else format(price, "f"),
            "qty": ("" if bought or not self.signed else "-") + amount,
            "quote": format(price * quantity, "f"),
            "contracts": str(100 + number),
            "side": (self.sides or WORDS)[spelling][bought],
            "symbol": "BTC-USD",
            "venue": "somewhere",
            "best": "True",
            "text": "limit",
            "none": "",
        }
        return [values[name] for name in self.columns.split()]


LAYOUTS = {
    "binance spot trades": Layout("id price qty quote time side best", sides=MAKER, venue="binance"),
    "binance spot aggregated": Layout("id price qty id id time side best", sides=MAKER, venue="binance"),
    "binance futures, old": Layout("id price qty quote time side", sides=MAKER, venue="binance"),
    "binance futures aggregated, old": Layout("id price qty id id time side", sides=MAKER, venue="binance"),
    "binance futures": Layout(
        "id price qty quote time side", "id,price,qty,quote_qty,time,is_buyer_maker", MAKER, "binance"
    ),
    "binance futures aggregated": Layout(
        "id price qty id id time side",
        "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
        MAKER,
        "binance",
    ),
    "binance coin futures": Layout(
        "id price contracts qty time side", "id,price,qty,base_qty,time,is_buyer_maker", MAKER, "binance"
    ),
    "binance REST": Layout(
        "id price qty quote time side best", "id,price,qty,quoteQty,time,isBuyerMaker,isBestMatch", MAKER, "binance"
    ),
    "kraken time and sales": Layout("time price qty", own_id=False, venue="kraken"),
    "kraken pages": Layout("price qty time side text none id", sides=LETTERS, venue="kraken"),
    "coinbase REST": Layout("time id price qty side", "time,trade_id,price,size,side", WORDS, "coinbase"),
    "coinbase recorded": Layout(
        "symbol side qty price time", "symbol,side,amount,price,timestamp", WORDS, "coinbase", own_id=False
    ),
    "bitstamp REST": Layout(
        "time id price qty side", "date,tid,price,amount,type", {True: ("1", "0"), False: ("1", "0")}
    ),
    "bybit derivatives": Layout(
        "time symbol side contracts price text uuid quote qty quote",
        "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional",
        WORDS,
        own_id=False,
    ),
    "bybit spot": Layout("id time price qty side", "id,timestamp,price,volume,side", WORDS),
    "okx": Layout("symbol id side price qty time", "instrument_name,trade_id,side,price,size,created_time", WORDS),
    "okx, old": Layout(
        "id side qty price time", "trade_id/交易id,side/交易方向,size/数量,price/价格,created_time/成交时间", WORDS
    ),
    "tardis": Layout(
        "venue symbol time later id side price qty",
        "exchange,symbol,timestamp,local_timestamp,id,side,price,amount",
        WORDS,
        "somewhere",
    ),
    "ccxt": Layout(
        "id time text symbol text side text price qty quote",
        "id,timestamp,datetime,symbol,type,side,takerOrMaker,price,amount,cost",
        WORDS,
    ),
    "ccxt, short": Layout("symbol time price qty side", "symbol,timestamp,price,amount,side", WORDS, own_id=False),
    "bitfinex": Layout("id time qty price", "id,mts,amount,price", venue="bitfinex", signed=True),
    "own": Layout(
        "venue symbol id time price qty side",
        "exchange,pair,trade_id,timestamp,price,quantity,side",
        WORDS,
        "somewhere",
    ),
    "semicolons": Layout("time price qty side", "Time;Price;Quantity;Side", WORDS, delimiter=";", own_id=False),
}


def refuse(row: BadRow) -> None:
    pytest.fail(str(row))


def expected(layout: Layout, unit: str) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for number, (time_us, price, quantity, bought) in enumerate(TRADES):
        step_us = 1_000_000 if unit in TO_SECONDS else 1_000 if unit in TO_MS else 1
        tells = layout.sides is not None or layout.signed
        side = ("buy" if bought else "sell") if tells else "unknown"
        trade_id = 4_340_000_001 + number if layout.own_id else number + 1
        amounts = decimal_string(price), decimal_string(quantity)
        rows.append((trade_id, time_us // step_us * step_us, *amounts, side))
    return rows


def containers(folder: Path, layout: Layout, rows: list[list[str]]) -> Iterator[Path]:
    """Write the rows into each kind of file that can hold them."""
    lines = [layout.delimiter.join(row) for row in rows]
    text = ("\n".join([layout.header, *lines] if layout.header else lines) + "\n").encode()
    name = f"{layout.venue}_BTCUSD"
    plain, zipped = folder / f"{name}.csv", folder / f"{name}.zip"
    plain.write_bytes(text)
    yield plain
    plain.with_suffix(".csv.gz").write_bytes(gzip.compress(text, mtime=0))
    yield plain.with_suffix(".csv.gz")
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr(f"{name}.csv", text)
    yield zipped
    if layout.header and len(set(layout.header.split(layout.delimiter))) == len(rows[0]):
        names = layout.header.split(layout.delimiter)
        pl.DataFrame(rows, schema=names, orient="row").write_parquet(folder / f"{name}.parquet")
        yield folder / f"{name}.parquet"


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_in_every_spelling(tmp_path: Path, name: str) -> None:
    """23 layouts, 9 times, 2 spellings of sides, exponents or not, 3 or 4 containers: 3,096 files."""
    layout, files = LAYOUTS[name], 0
    for (unit, time), spelling, exponent in product(TIMES.items(), (True, False), (True, False)):
        rows = [layout.cells(number, time, spelling, exponent) for number in range(ROWS)]
        for path in containers(tmp_path, layout, rows):
            recording = open_recording(path)
            frames = list(recording.frames(refuse))
            got = [row for frame in frames for row in frame.rows()]
            assert got == expected(layout, unit), (path.name, unit, recording.format)
            assert (recording.pair, recording.exchange) == ("BTC/USD", layout.venue)
            files += 1
    assert files == 36 * (4 if layout.header else 3)


@pytest.mark.parametrize("name", [name for name, layout in LAYOUTS.items() if layout.header])
def test_numbers_of_parquet_are_read_as_text_is(tmp_path: Path, name: str) -> None:
    layout = LAYOUTS[name]
    names = [cell.split("/")[0] for cell in (layout.header or "").split(layout.delimiter)]
    rows = [layout.cells(number, TIMES["us"], True, False) for number in range(ROWS)]
    text = pl.DataFrame(rows, schema=names, orient="row")
    times = [place for place, column in enumerate(layout.columns.split()) if column in ("time", "later")]
    numbers = [
        place for place, column in enumerate(layout.columns.split()) if column in ("id", "price", "qty", "quote")
    ]
    table = text.with_columns(pl.col([names[place] for place in numbers]).cast(pl.Float64))
    table = table.with_columns(
        pl.col([names[place] for place, column in enumerate(layout.columns.split()) if column == "id"]).cast(pl.Int64)
    )
    stamps = pl.col([names[place] for place in times]).cast(pl.Int64)
    path = tmp_path / f"{layout.venue}_BTCUSD.parquet"
    for unit in ("whole", "datetime", "zoned"):
        as_unit = stamps if unit == "whole" else stamps.cast(pl.Datetime("us", "UTC" if unit == "zoned" else None))
        table.with_columns(as_unit).write_parquet(path)
        frames = list(open_recording(path).frames(refuse))
        assert [row for frame in frames for row in frame.rows()] == expected(layout, "us"), unit


def test_each_format_is_in_the_corpus(tmp_path: Path) -> None:
    found = set()
    for layout in LAYOUTS.values():
        rows = [layout.cells(number, TIMES["ms"], True, False) for number in range(ROWS)]
        path = next(containers(tmp_path, layout, rows))
        found.add(recognise(path, open_table(path), Steps()).reader.layout.name)
    assert found == {layout.name for layout in FORMATS}


def test_steps_take_the_noise_out_of_floats(tmp_path: Path) -> None:
    noisy = [0.00031099999999999997, 0.1 + 0.2, 0.5, 1.2000000000000002]
    table = {"time": [1_700_000_000 + n for n in range(4)], "price": [0.1 + 0.7, 2.0, 2.0, 2.0], "qty": noisy}
    path = tmp_path / "venue_BTCUSD.parquet"
    pl.DataFrame(table).write_parquet(path)

    def read(steps: Steps | None) -> tuple[list[TradeFrame], int]:
        bad: list[object] = []
        return list(open_recording(path, steps=steps).frames(bad.append)), len(bad)

    assert read(None)[1] == 3, "a float that needs 17 digits is no exact quantity"
    steps = Steps.parse("0.01,0.000001")
    frames, bad = read(steps)
    assert bad == 0
    assert (frames[0].prices, frames[0].quantities) == (["0.8", "2", "2", "2"], ["0.000311", "0.3", "0.5", "1.2"])
