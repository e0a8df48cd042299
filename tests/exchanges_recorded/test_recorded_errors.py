"""Bad rows are told of and passed over; bad files are refused with what was expected and what was there."""

from __future__ import annotations

import gzip
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import BadInputError
from contracts.trade_frame import TradeFrame
from contracts.units import MAX_AMOUNT_CHARACTERS, decimal_string
from exchanges.recorded import BadRow, open_recording
from exchanges.recorded.cells import any_time, iso_8601, microseconds, milliseconds, positive, seconds, trade_id

OWN_HEADER = "exchange,pair,trade_id,timestamp_us,price,quantity,side\n"
BINANCE_HEADER = "recv_ts_ns,event_time_ms,trade_time_ms,trade_id,price,qty,buyer_is_maker,order_type_x\n"


def binance(rows: list[tuple[int, str, str]], start_ms: int = 1_700_000_000_000) -> str:
    lines = (f"1,{start_ms + 999},{start_ms + i},{n},{p},{q},true,\n" for i, (n, p, q) in enumerate(rows))
    return BINANCE_HEADER + "".join(lines)


def read(path: Path, **options: Any) -> tuple[list[TradeFrame], list[BadRow]]:
    bad: list[BadRow] = []
    return list(open_recording(path, **options).frames(bad.append)), bad


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("1,2,1700000000005,13,1.5\n", "row"),
        ("1,2,1700000000005,13,abc,1,true,\n", "price"),
        ("1,2,1700000000005,13,-1,1,true,\n", "price"),
        ("1,2,1700000000005,13,0.000,1,true,\n", "price"),
        ("1,2,1700000000005,13,1e99999999,1,true,\n", "price"),
        ("1,2,1700000000005,13,NaN,1,true,\n", "price"),
        ("1,2,1700000000005,13,1_000,1,true,\n", "price"),
        ("1,2,1700000000005,13,1,inf,true,\n", "qty"),
        ("1,2,1700000000005,13,1,1,perhaps,\n", "buyer_is_maker"),
        ("1,2,1700000000005,-13,1,1,true,\n", "trade_id"),
        ("1,2,1700000000005,13.5,1,1,true,\n", "trade_id"),
        ("1,2,1700000000005,99999999999999999999,1,1,true,\n", "trade_id"),
        ("1,2,yesterday,13,1,1,true,\n", "trade_time_ms"),
        ("1,2,1700000000005000000,13,1,1,true,\n", "trade_time_ms"),
        ('1,2,"170,13\n', "row"),
    ],
)
def test_a_bad_row_in_the_middle(tmp_path: Path, line: str, field: str) -> None:
    good = binance([(i, "1.50", "2") for i in range(10, 16)]).splitlines(keepends=True)
    path = write(tmp_path, "binance_BTCUSDT.csv", "".join([*good[:4], line, *good[4:]]))
    frames, bad = read(path)
    assert [i for frame in frames for i in frame.trade_ids] == list(range(10, 16))
    assert [(row.line_number, row.text, row.field) for row in bad] == [(5, line.strip("\n"), field)]
    assert "expected" in bad[0].reason and "was" in bad[0].reason


def test_a_bad_row_uses_up_its_number(tmp_path: Path) -> None:
    path = write(tmp_path, "bitstamp_BTCUSD.csv", "1700000001,5,1\n1700000002,x,1\n\n1700000003,5.0,1\n")
    frames, bad = read(path)
    assert frames[0].trade_ids == [1, 3]
    assert frames[0].timestamps_us == [1_700_000_001_000_000, 1_700_000_003_000_000]
    assert [row.line_number for row in bad] == [2]


def test_late_rows_get_a_later_frame(tmp_path: Path) -> None:
    ids = [1, 2, 5, 3, 4, 6, 6, 7]
    path = write(tmp_path, "binance_BTCUSDT.csv", binance([(i, "1", "1") for i in ids]))
    frames, _ = read(path)
    assert [frame.trade_ids for frame in frames] == [[1, 2, 5], [3, 4, 6], [6, 7]]


TRUNCATED_GZIP = gzip.compress(binance([(i, "1", "1") for i in range(900)]).encode())[:-30]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("trades_BTCUSD.csv", "", "empty"),
        ("trades_BTCUSD.csv", "\n\n\n", "only blank lines"),
        ("trades_BTCUSD.csv", OWN_HEADER, "a header and nothing else"),
        ("trades_BTCUSD.csv.gz", "not gzip at all", "a gzip file, as its name says"),
        (
            "trades_BTCUSD.csv.gz",
            gzip.compress(binance([(i, "1", "1") for i in range(900)]).encode())[:-30],
            "undamaged",
        ),
        ("trades_BTCUSD.zip", b"PK\x03\x04rest", "undamaged gzip or zip"),
        ("trades_BTCUSD.parquet", b"PAR1 but no more", "a readable Parquet file"),
        (
            "trades_BTCUSD.csv",
            "time,open,high,low,close\n1,2,3,4,5\n",
            "binance (trade_id, trade_time_ms, price",
        ),
        ("trades_BTCUSD.csv", "time,open,high,low,close\n1,2,3,4,5\n", "was 'time, open, high, low, close'"),
        ("trades.csv", "1700000001,5,1\n", "pair= to name the pair"),
        ("trades_BTCUSD.csv", BINANCE_HEADER + "1,2,x,3,1,1,true,\n" * 20, "trade_time_ms: expected"),
        ("trades_BTCUSD.csv", "".join(f"{1_700_000_000 - i},5,1\n" for i in range(50)), "newest first"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, name: str, content: str | bytes, says: str) -> None:
    with pytest.raises(BadInputError) as error:
        read(write(tmp_path, name, content))
    assert says in str(error.value)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.csv", tmp_path):
        with pytest.raises(BadInputError, match="expected a file of recorded trades"):
            open_recording(path)


def test_a_file_of_two_pairs_wants_a_choice(tmp_path: Path) -> None:
    rows = "".join(
        f"kraken,{pair},{i},170000000000000{i},1.5,2,buy\n"
        for i, pair in enumerate(["BTC/USD", "ETH/USD", "BTC/USD"])
    )
    path = write(tmp_path, "trades.csv", OWN_HEADER + rows)
    with pytest.raises(BadInputError, match=r"only BTC/USD in the file, or pair= to choose one"):
        read(path)
    for pair, ids in (("BTC/USD", [0, 2]), ("ETH/USD", [1])):
        frames, bad = read(path, pair=pair)
        assert (frames[0].pair, frames[0].trade_ids, bad) == (pair, ids, [])
        assert (frames[0].exchange, frames[0].consecutive_ids) == ("kraken", True)
    with pytest.raises(BadInputError, match=r"trades in the first 3 rows of trades.csv, was 'SOL/USD'"):
        read(path, pair="SOL/USD")


@pytest.mark.parametrize(
    ("name", "text", "pair", "exchange", "ids", "consecutive"),
    [
        ("t.csv", "symbol,id,time,price,qty\nXBT/USD,7,1700000000123456,1.50,2\n", "BTC/USD", "recorded", 7, False),
        ("kraken_x.csv", "symbol,id,ts,price,qty\nXBTUSD,7,1700000000.123456,1.5,2\n", "BTC/USD", "kraken", 7, True),
        ("t_BTC-USD.csv", "timestamp_us,price,size\n1700000000123456,1.5,2\n", "BTC/USD", "t", 1, False),
        (
            "coinbase.csv",
            "symbol,side,price,amount,timestamp,trade_id\nBTC-USD,buy,1.5,2,2023-11-14T22:13:20.123456Z,9\n",
            "BTC/USD",
            "recorded",
            9,
            False,
        ),
    ],
)
def test_close_relatives(
    tmp_path: Path, name: str, text: str, pair: str, exchange: str, ids: int, consecutive: bool
) -> None:
    frames, bad = read(write(tmp_path, name, text))
    assert not bad and len(frames) == 1
    frame = frames[0]
    assert (frame.pair, frame.exchange, frame.trade_ids, frame.consecutive_ids) == (
        pair,
        exchange,
        [ids],
        consecutive,
    )
    assert (frame.timestamps_us, frame.prices) == ([1_700_000_000_123_456], ["1.5"])


def test_a_float_that_is_no_price_is_a_bad_row(tmp_path: Path) -> None:
    table = {"trade_id": [1, 2], "timestamp": [1_700_000_000_000, 1_700_000_000_001], "side": ["buy", None]}
    path = tmp_path / "kraken_BTCUSD.parquet"
    pl.DataFrame({**table, "price": [97412.3, 0.1 + 0.2], "quantity": [5.1e-05, 1.0]}).write_parquet(path)
    frames, bad = read(path)
    assert (frames[0].prices, frames[0].quantities) == (["97412.3"], ["0.000051"])
    assert [row.line_number for row in bad] == [2] and "a float of 17 digits" in bad[0].reason


@given(st.binary(max_size=400), st.sampled_from(["x_BTCUSD.csv", "x_BTCUSD.csv.gz", "x_BTCUSD.parquet"]))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_random_bytes_never_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str) -> None:
    path = write(tmp_path_factory.mktemp("bytes"), name, content)
    with suppress(BadInputError):
        read(path)


HEADERS = st.sampled_from([OWN_HEADER, BINANCE_HEADER, "symbol,side,price,amount,timestamp\n", "1700000000,5,1\n"])
CELL = st.one_of(st.integers(-5, 2**70).map(str), st.decimals(allow_nan=True).map(str), st.text(max_size=6))


@given(HEADERS, st.lists(st.lists(CELL, max_size=9).map(",".join), max_size=12))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_random_lines_never_crash(tmp_path_factory: pytest.TempPathFactory, header: str, lines: list[str]) -> None:
    text = (header + "\n".join(lines)).encode("utf-8", "replace")
    path = write(tmp_path_factory.mktemp("lines"), "x_BTCUSD.csv", text)
    try:
        frames, bad = read(path)
    except BadInputError:
        return
    assert all(frame.trade_ids for frame in frames) and all(row.reason for row in bad)


@given(st.text(max_size=30))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_cells_read_or_complain(text: str) -> None:
    for parse in (positive, trade_id, microseconds, milliseconds, seconds, iso_8601, any_time):
        try:
            parse(text, "cell")
        except BadInputError as error:
            assert error.field == "cell"


@given(st.decimals(min_value="1e-12", max_value="1e18", allow_nan=False, allow_infinity=False), st.booleans())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_every_spelling_of_a_number_is_one_number(value: Decimal, plain: bool) -> None:
    text = format(value, "f") if plain else f"{value:E}"
    if len(text) <= 48 and len(decimal_string(value)) <= MAX_AMOUNT_CHARACTERS:
        assert positive(text, "price") == decimal_string(value)


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from(["1", "0.10", "7.", "2e-3", "0", "x"])), max_size=40))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_batches_equal_single_rows(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str]]) -> None:
    """A flaw in a batch changes how it is read, never what is read."""
    text = binance([(9_000, "1", "1"), *((number, price, "3.0") for number, price in rows)])
    frames, bad = read(write(tmp_path_factory.mktemp("batch"), "binance_BTCUSDT.csv", text))
    expected = [(9_000, "1")]
    expected += [(n, {"0.10": "0.1", "7.": "7", "2e-3": "0.002"}.get(p, p)) for n, p in rows if p not in ("0", "x")]
    assert [pair for frame in frames for pair in zip(frame.trade_ids, frame.prices, strict=True)] == expected
    assert len(bad) == sum(price in ("0", "x") for _, price in rows)


@pytest.mark.parametrize("column", [1, 2])
def test_a_number_too_long_costs_its_row_and_none_beside_it(tmp_path: Path, column: int) -> None:
    rows: list[list[Any]] = [[number, "100.5", "0.25"] for number in range(1, 2_501)]
    rows[1_200][column] = "1" * 22 + "." + "1" * 20
    frames, bad = read(write(tmp_path, "binance_BTCUSDT.csv", binance([(n, p, q) for n, p, q in rows])))
    assert [number for frame in frames for number in frame.trade_ids] == [n for n in range(1, 2_501) if n != 1_201]
    (row,) = bad
    assert "at most 40 characters" in row.reason
