"""The same bars as venues and other tools write them to files."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from tests.support.bar_series import MIDNIGHT_MS, BarSeries, simulated

#: A day's first hours of one-minute bars; those without volume are in no file of a venue that leaves them out.
SERIES = simulated(240, seed=11, first_ms=MIDNIGHT_MS)
SERIES.columns["taker_buy_volume"][:] = np.nan_to_num(SERIES.columns["taker_buy_volume"])
PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class BarFile:
    """A file, and which columns beyond prices and volume it has."""

    name: str
    write: Callable[[list[dict[str, Any]]], bytes]
    flows: tuple[str, ...] = ()
    interval_s: int = 60


def rows_of(series: BarSeries = SERIES) -> list[dict[str, Any]]:
    """Each bar with its exact texts."""
    names = (*PRICES, "volume", "trade_count", "taker_buy_volume")
    columns = [series.columns[name].tolist() for name in names]
    return [
        {"ms": start, **{name: repr(value) for name, value in zip(names, values, strict=True)}}
        for start, *values in zip(series.starts_ms.tolist(), *columns, strict=True)
    ]


def csv(rows: Iterable[Sequence[object]], header: str = "", delimiter: str = ",", end: str = "\n") -> bytes:
    lines = [header] if header else []
    lines += [delimiter.join(map(str, row)) for row in rows]
    return (end.join(lines) + end).encode()


def zipped(name: str, content: bytes, **more: bytes) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        for other, inside in more.items():
            archive.writestr(other, inside)
    return found.getvalue()


def ohlcv(row: dict[str, Any]) -> list[str]:
    return [row[name] for name in (*PRICES, "volume")]


def count(row: dict[str, Any]) -> str:
    return str(int(float(row["trade_count"])))


def text(row: dict[str, Any], pattern: str) -> str:
    return datetime.fromtimestamp(row["ms"] / 1_000, UTC).strftime(pattern)


def klines(rows: list[dict[str, Any]], unit: int = 1) -> list[list[Any]]:
    return [
        [r["ms"] * unit, *ohlcv(r), (r["ms"] + 60_000) * unit - 1, "1.5", count(r), r["taker_buy_volume"], "0.7", "0"]
        for r in rows
    ]


KLINE_NAMES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)
REST_NAMES = (
    "Open time,Open,High,Low,Close,Volume,Close time,Quote asset volume,Number of trades,Taker buy base asset volume,"
    "Taker buy quote asset volume,Ignore"
)
BOTH = ("trade_count", "taker_buy_volume")


def half_and_half(rows: list[dict[str, Any]]) -> bytes:
    """Joined over the end of 2024: milliseconds, then microseconds, and the names once more."""
    half = len(rows) // 2
    return csv(klines(rows[:half]), KLINE_NAMES) + csv(klines(rows[half:], 1_000), KLINE_NAMES)


def frame(rows: list[dict[str, Any]], time: str = "date", zone: str | None = "UTC") -> pl.DataFrame:
    numbers = {name: [float(r[name]) for r in rows] for name in (*PRICES, "volume")}
    times = pl.Series(time, [r["ms"] for r in rows]).cast(pl.Datetime("ms", zone))
    return pl.DataFrame([times, *(pl.Series(name, values) for name, values in numbers.items())])


def table_bytes(found: pl.DataFrame, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    getattr(found, f"write_{kind}")(file, **options)
    return file.getvalue()


def candles(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """As `candles.parquet` of a run: exact text, several lengths, a later revision."""
    one = pl.DataFrame(
        {
            "exchange": "kraken",
            "pair": "BTC/USD",
            "interval_s": 60,
            "window_start_ms": [r["ms"] for r in rows],
            **{name: [r[name] for r in rows] for name in (*PRICES, "volume")},
            "trade_count": [int(count(r)) for r in rows],
            "quality": "complete",
            "revision": 0,
            "taker_buy_volume": [r["taker_buy_volume"] for r in rows],
        }
    )
    corrected = one.tail(3).with_columns(revision=1, close=pl.col("high"))
    return pl.concat([one, one.with_columns(interval_s=300).gather_every(5), corrected])


def json_lists(rows: list[dict[str, Any]]) -> list[list[Any]]:
    return [[r["ms"], *map(float, ohlcv(r))] for r in rows]


FILES: tuple[BarFile, ...] = (
    BarFile("BTCUSDT-1m-2023-04-03.zip", lambda rows: zipped("BTCUSDT-1m-2023-04-03.csv", csv(klines(rows))), BOTH),
    BarFile("BTCUSDT-1m-2025-04-03.csv", lambda rows: csv(klines(rows, 1_000)), BOTH),
    BarFile("futures klines.csv", lambda rows: csv(klines(rows), KLINE_NAMES), BOTH),
    BarFile("klines of the REST answers.csv", lambda rows: csv(klines(rows), REST_NAMES), BOTH),
    BarFile("klines.json", lambda rows: json.dumps(klines(rows)).encode(), BOTH),
    BarFile("joined klines.csv", half_and_half, BOTH),
    BarFile(
        "XBTUSD_1.csv",
        lambda rows: csv([r["ms"] // 1_000, *ohlcv(r), count(r)] for r in rows),
        ("trade_count",),
    ),
    BarFile(
        "kraken OHLC answer.json",
        lambda rows: json.dumps(
            {
                "error": [],
                "result": {
                    "XXBTZUSD": [
                        [r["ms"] // 1_000, *ohlcv(r)[:4], r["close"], r["volume"], int(count(r))] for r in rows
                    ],
                    "last": 1,
                },
            }
        ).encode(),
        ("trade_count",),
    ),
    BarFile("BTC_USDT-1m.feather", lambda rows: table_bytes(frame(rows), "ipc", compression="lz4")),
    BarFile("BTC_USDT-1m.json", lambda rows: json.dumps(json_lists(rows)).encode()),
    BarFile("BTC_USDT-1m.json.gz", lambda rows: gzip.compress(json.dumps(json_lists(rows)).encode())),
    BarFile("BTC_USDT-1m.parquet", lambda rows: table_bytes(frame(rows), "parquet")),
    BarFile(
        "20230403_trade.zip",
        lambda rows: zipped(
            "20230403_btcusd_minute_trade.csv", csv([r["ms"] - MIDNIGHT_MS, *ohlcv(r)] for r in rows)
        ),
    ),
    BarFile("20230403_btcusd_minute_trade.csv", lambda rows: csv([r["ms"] - MIDNIGHT_MS, *ohlcv(r)] for r in rows)),
    BarFile(
        "btcusd_trade.zip", lambda rows: zipped("btcusd.csv", csv([text(r, "%Y%m%d %H:%M"), *ohlcv(r)] for r in rows))
    ),
    BarFile("candles.parquet", lambda rows: table_bytes(candles(rows), "parquet"), BOTH),
    BarFile("candles.csv", lambda rows: candles(rows).write_csv().encode(), BOTH),
    BarFile(
        "ccxt.csv", lambda rows: csv(([r["ms"], *ohlcv(r)] for r in rows), "timestamp,open,high,low,close,volume")
    ),
    BarFile("ccxt without names.csv", lambda rows: csv([r["ms"], *ohlcv(r)] for r in rows)),
    BarFile("ccxt frame.parquet", lambda rows: table_bytes(frame(rows, "timestamp", None), "parquet")),
    BarFile("index of pandas.parquet", lambda rows: table_bytes(frame(rows, "__index_level_0__"), "parquet")),
    BarFile(
        "counted rows.csv",
        lambda rows: csv(
            ([n, r["ms"], *ohlcv(r)] for n, r in enumerate(rows)), ",timestamp,open,high,low,close,volume"
        ),
    ),
    BarFile(
        "index of pandas.csv",
        lambda rows: csv(
            ([text(r, "%Y-%m-%d %H:%M:%S+00:00"), *ohlcv(r)] for r in rows), ",Open,High,Low,Close,Volume"
        ),
    ),
    BarFile(
        "newest first.csv",
        lambda rows: csv(
            ([r["ms"] // 1_000, text(r, "%Y-%m-%d %H:%M:%S"), "BTC/USD", *ohlcv(r), "9"] for r in reversed(rows)),
            "https://www.CryptoDataDownload.com\nunix,date,symbol,open,high,low,close,Volume BTC,Volume USD",
        ),
    ),
    BarFile(
        "float seconds.csv",
        lambda rows: csv(
            ([r["ms"] / 1_000, *ohlcv(r), "9", "1"] for r in rows),
            "Timestamp,Open,High,Low,Close,Volume_(BTC),Volume_(Currency),Weighted_Price",
        ),
    ),
    BarFile(
        "excel.csv",
        lambda rows: (
            csv(
                ([text(r, "%Y-%m-%dT%H:%M"), *ohlcv(r)] for r in rows), "Date;Open;High;Low;Close;Volume", ";", "\r\n"
            )
            .decode()
            .encode("utf-16")
        ),
    ),
    BarFile(
        "quoted.csv",
        lambda rows: (
            "\ufeff".encode()
            + csv(
                ([f'"{r["ms"] * 1_000_000}"', *(f'"{cell}"' for cell in ohlcv(r))] for r in rows),
                '"ts","o","h","l","c","v"',
            )
        ),
    ),
    BarFile(
        "coinbase.json",
        lambda rows: json.dumps(
            [[r["ms"] // 1_000, r["low"], r["high"], r["open"], r["close"], r["volume"]] for r in reversed(rows)]
        ).encode(),
    ),
    BarFile(
        "bitfinex.csv",
        lambda rows: csv([r["ms"], r["open"], r["close"], r["high"], r["low"], r["volume"]] for r in rows),
    ),
    BarFile(
        "bybit.json",
        lambda rows: json.dumps(
            {"result": {"list": [[str(r["ms"]), *ohlcv(r), "123.5"] for r in reversed(rows)]}}
        ).encode(),
    ),
    BarFile(
        "objects.json",
        lambda rows: json.dumps(
            [{"time": r["ms"], **{n: float(r[n]) for n in (*PRICES, "volume")}} for r in rows]
        ).encode(),
    ),
    BarFile(
        "objects a line.jsonl",
        lambda rows: "\n".join(
            json.dumps(
                {
                    "t": r["ms"],
                    "o": r["open"],
                    "h": r["high"],
                    "l": r["low"],
                    "c": r["close"],
                    "v": r["volume"],
                    "n": int(count(r)),
                }
            )
            for r in rows
        ).encode(),
        ("trade_count",),
    ),
    BarFile(
        "columns.json",
        lambda rows: json.dumps(
            {"time": [r["ms"] for r in rows], **{n: [r[n] for r in rows] for n in (*PRICES, "volume")}}
        ).encode(),
    ),
)


def write(folder: Path, file: BarFile, rows: list[dict[str, Any]]) -> Path:
    path = folder / file.name
    path.write_bytes(file.write(rows))
    return path
