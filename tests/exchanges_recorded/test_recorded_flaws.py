"""Files with one flaw or one ambiguity each: read as they are meant, or refused with the place and what to do."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from contracts.errors import BadInputError
from contracts.trade_frame import TradeFrame
from exchanges.recorded import BadRow, open_recording
from exchanges.recorded.names import pair_of_symbol, readings

FILES = Path(__file__).parents[1] / "data" / "trade_files"


def read(path: Path, pair: str | None = None) -> tuple[list[TradeFrame], list[BadRow]]:
    bad: list[BadRow] = []
    return list(open_recording(path, pair=pair).frames(bad.append, refuse_restarts=True)), bad


def count(frames: list[TradeFrame]) -> int:
    return sum(len(frame.trade_ids) for frame in frames)


@pytest.mark.parametrize(
    ("name", "exchange", "pair", "time_us", "sides", "consecutive"),
    [
        ("02-pair-from-name/SHIBUSD.csv", "recorded", "SHIB/USD", 1_700_000_008_874_500, {"unknown"}, False),
        ("02-pair-from-name/XETHXXBT.csv", "recorded", "ETH/BTC", 1_700_000_008_874_500, {"unknown"}, False),
        ("02-pair-from-name/BTCTUSD.csv", "recorded", "BTC/TUSD", 1_700_000_008_874_500, {"unknown"}, False),
        ("06-numeric-time-column/ccxt_BTCUSD.csv", "ccxt", "BTC/USD", 1_700_000_000_123_000, {"buy"}, False),
        (
            "06-numeric-time-column/tardis_BTCUSD.csv",
            "binance",
            "BTC/USDT",
            1_700_000_000_123_000,
            {"buy", "sell"},
            True,
        ),
        (
            "06-numeric-time-column/cryptofeed_dt.parquet",
            "cryptofeed",
            "BTC/USD",
            1_693_929_601_000_000,
            {"buy"},
            False,
        ),
        *(
            (f"07-binance-public-files/BTCUSDT-{name}.csv", "binance", "BTC/USDT", time_us, {"buy", "sell"}, True)
            for name, time_us in (
                ("trades-2024-12-31", 1_735_603_200_123_000),
                ("trades-2025-01-01", 1_735_689_600_012_345),
                ("aggTrades-2025-01-01", 1_735_689_600_012_345),
                ("trades-2023-um", 1_672_531_200_123_000),
            )
        ),
        (
            "17-side-in-is_buyer_maker/ETHUSDT-trades-2024-08-08.csv",
            "binance",
            "ETH/USDT",
            1_723_161_256_560_000,
            {"buy", "sell"},
            True,
        ),
    ],
)
def test_files_are_read_as_they_are_meant(
    name: str, exchange: str, pair: str, time_us: int, sides: set[str], consecutive: bool
) -> None:
    frames, bad = read(FILES / name)
    assert not bad
    first = frames[0]
    assert (first.exchange, first.pair, first.consecutive_ids) == (exchange, pair, consecutive)
    assert first.timestamps_us[0] == time_us
    assert {side for frame in frames for side in frame.sides} == sides


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "03-wrong-order-in-file/kraken_swapped_BTCUSD.csv.gz",
            "line 2001: time: expected trades in the order of time",
        ),
        (
            "04-trade-ids-start-again/binance_reset_BTCUSDT.csv.gz",
            "line 2002: trade id: expected ids that go on rising",
        ),
        ("14-overlapping-files/kraken_overlap_BTCUSD.csv.gz", "line 2501: rows: expected each trade once"),
    ],
)
def test_files_that_would_lose_trades_or_count_them_twice_are_refused_with_the_line(name: str, says: str) -> None:
    with pytest.raises(BadInputError) as error:
        read(FILES / name)
    assert says in str(error.value) and Path(name).name in str(error.value)


def test_an_absurd_time_costs_its_own_row_alone() -> None:
    frames, bad = read(FILES / "11-one-absurd-time/kraken_jump_BTCUSD.csv.gz")
    assert count(frames) == 3_997
    assert [row.line_number for row in bad] == [2_001, 2_002, 2_003]
    assert "2102-11-15" in bad[0].reason


def write(path: Path, times: list[float], ids: list[int] | None = None) -> Path:
    rows = [f"{time},{100 + place % 7},{1 + place % 5}" for place, time in enumerate(times)]
    if ids is None:
        path.write_text("\n".join(rows) + "\n")
    else:
        rows = [f"{trade_id},{row}" for trade_id, row in zip(ids, rows, strict=True)]
        path.write_text("\n".join(["trade_id,time,price,qty", *rows]) + "\n")
    return path


START = 1_700_000_000
DAY = 86_400
#: Seconds that one time is off, and how many rows it costs. A minute is as venues write times.
WRONG = {
    "2102": 79 * 365 * DAY,
    "a year": 365 * DAY,
    "a week": 7 * DAY,
    "an hour": 3_600,
    "two minutes": 120,
    "half a minute": 30,
    "1970": -START + 1,
    "a day back": -DAY,
}


@pytest.mark.parametrize("off", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("place", [0, 1, 5, 999, 1_000, 1_001, 1_500, 2_998, 2_999])
@pytest.mark.parametrize("every", [1, 45], ids=["busy", "quiet"])
def test_one_wrong_time_anywhere_costs_at_most_its_row(tmp_path: Path, place: int, off: int, every: int) -> None:
    """144 cases: where, how far, in which market."""
    times = [float(START + every * number) for number in range(3_000)]
    times[place] += off
    frames, bad = read(write(tmp_path / "kraken_BTCUSD.csv", times))
    assert count(frames) + len(bad) == 3_000
    # Nothing follows the last row and nothing precedes the first: there a hole is as likely.
    a_hole = (place == 2_999 and 0 < off < 4 * DAY) or (place == 0 and (off == -DAY or (off == 120 and every == 45)))
    assert [row.line_number for row in bad] == ([] if abs(off) <= 60 or a_hole else [place + 1]), bad[:3]


@pytest.mark.parametrize("rows", [100, 1_000, 1_990])
@pytest.mark.parametrize("ids", [False, True], ids=["no ids", "ids"])
def test_parts_in_the_wrong_order_are_refused(tmp_path: Path, rows: int, ids: bool) -> None:
    times = [float(START + 7 * number) for number in range(2_000)]
    swapped = [*times[rows:], *times[:rows]]
    numbers = [*range(rows + 1, 2_001), *range(1, rows + 1)] if ids else None
    with pytest.raises(BadInputError, match=rf"line {2_000 - rows + 1 + ids}: time: expected trades in the order"):
        read(write(tmp_path / "kraken_BTCUSD.csv", swapped, numbers))


def test_repeated_rows_with_ids_are_harmless(tmp_path: Path) -> None:
    """Their ids say that they are repeats: readers drop them."""
    numbers = [*range(1, 1_501), *range(1_001, 2_001)]
    times = [float(START + 7 * number) for number in numbers]
    frames, bad = read(write(tmp_path / "kraken_BTCUSD.csv", times, numbers))
    assert (count(frames), len(bad)) == (2_500, 0)
    assert len({trade_id for frame in frames for trade_id in frame.trade_ids}) == 2_000


def test_venues_that_write_times_a_little_out_of_order_are_read_as_before(tmp_path: Path) -> None:
    rng = random.Random(7)
    times = [START + number * 0.4 + rng.uniform(-20, 20) for number in range(5_000)]
    frames, bad = read(write(tmp_path / "kraken_BTCUSD.csv", times, list(range(1, 5_001))))
    assert (count(frames), len(bad)) == (5_000, 0)


def test_a_single_id_that_is_too_low_is_set_aside(tmp_path: Path) -> None:
    numbers = list(range(1, 2_001))
    numbers[1_200] = 17
    frames, bad = read(write(tmp_path / "kraken_BTCUSD.csv", [float(START + 7 * n) for n in range(2_000)], numbers))
    assert count(frames) == 1_999
    assert [row.line_number for row in bad] == [1_202] and "an id above" in bad[0].reason


@pytest.mark.parametrize(
    ("symbol", "pair"),
    [
        ("SHIBUSD", "SHIB/USD"),
        ("SHIBUSDT", "SHIB/USDT"),
        ("BNBUSD", "BNB/USD"),
        ("BTCBUSD", "BTC/BUSD"),
        ("ETHBUSD", "ETH/BUSD"),
        ("BTCTUSD", "BTC/TUSD"),
        ("DOTUSD", "DOT/USD"),
        ("QNTUSD", "QNT/USD"),
        ("GRTUSD", "GRT/USD"),
        ("TUSDUSDT", "TUSD/USDT"),
        ("USDTUSD", "USDT/USD"),
        ("USDTZUSD", "USDT/USD"),
        ("XXBTZEUR", "BTC/EUR"),
        ("XETCXETH", "ETC/ETH"),
        ("XETHXXBT", "ETH/BTC"),
        ("XDGUSD", "DOGE/USD"),
        ("ZEURZUSD", "EUR/USD"),
        ("EURUSDT", "EUR/USDT"),
        ("XBT/EUR", "BTC/EUR"),
        ("btcusdt", "BTC/USDT"),
        ("btc_jpy", "BTC/JPY"),
        ("tBTCUSD", "BTC/USD"),
        ("tDUSK:USD", "DUSK/USD"),
        ("USDe/USD", "USDe/USD"),
        ("1INCHUSDT", "1INCH/USDT"),
        ("XYZUSD", "XYZ/USD"),
        # Of two readings neither is better, or it is no spot pair: pair= is asked for.
        ("ARBUSD", None),
        ("XYZTUSD", None),
        ("BTCUSD_PERP", None),
        ("BTC-PERPETUAL", None),
        ("BTC-USDT-SWAP", None),
        ("BTCUSDT_240927", None),
        ("BTC-USD-240927", None),
        ("BTC-27SEP24", None),
        ("BTCUSDH24", None),
        ("PF_XBTUSD", None),
        ("XBTUSDTM", None),
        ("BTC/USDT:USDT", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_symbols(symbol: str, pair: str | None) -> None:
    assert pair_of_symbol(symbol) == pair, readings(symbol)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ARBUSD.csv", "expected pair=AR/BUSD or pair=ARB/USD, as the name can be read as each, was 'ARBUSD.csv'"),
        ("BTCUSD_PERP-trades-2024-01-01.csv", "a derivative's trades are to be called, was 'BTCUSD_PERP-trades"),
        ("BTCUSDT_240927-trades-2024-08.csv", "expected trades of a spot pair, or pair=BASE/QUOTE"),
        ("BTC-USDT-SWAP-trades-2024-01-01.csv", "a perpetual or a future"),
    ],
)
def test_names_that_do_not_tell_the_pair_ask_for_it(tmp_path: Path, name: str, says: str) -> None:
    path = write(tmp_path / name, [float(START + number) for number in range(20)])
    with pytest.raises(BadInputError) as error:
        read(path)
    assert says in str(error.value)
    assert read(path, pair="ARB/USD")[0][0].pair == "ARB/USD"


def test_a_column_of_sides_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "venue_BTCUSD.csv"
    path.write_text("time,price,qty,aggressor_side\n1700000000,1,1,up\n1700000001,1,1,down\n")
    assert open_recording(path).notes == (
        "venue_BTCUSD.csv: the column aggressor_side is not used: it holds neither whole numbers for ids nor sides.",
    )
