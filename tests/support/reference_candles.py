"""An independent aggregation of recorded files to candles: csv, Decimal and a dictionary, nothing of the product."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path


@dataclass
class ReferenceCandle:
    """What a candle of the product must equal."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trade_count: int


def rows(path: Path) -> Iterator[tuple[int, Decimal, Decimal]]:
    """Return (timestamp_us, price, quantity) of each trade of a data file, in file order.

    A line with quantity 0 is no trade: the Bitstamp file has one, which the product must send to the dead letters.
    """
    return ((time_us, price, quantity) for time_us, price, quantity in lines(path) if quantity > 0)


def lines(path: Path) -> Iterator[tuple[int, Decimal, Decimal]]:
    """Return (timestamp_us, price, quantity) of each line of a data file, in file order."""
    with gzip.open(path, "rt", newline="") as file:
        reader = csv.reader(file)
        if path.name.startswith("binance_"):
            next(reader)
            for line in reader:
                yield int(line[2]) * 1_000, Decimal(line[4]), Decimal(line[5])
        elif path.name.startswith("coinbase_"):
            next(reader)
            for line in reader:
                moment = datetime.fromisoformat(line[4].replace("Z", "+00:00"))
                microseconds = int(moment.timestamp()) * 1_000_000 + moment.microsecond
                yield microseconds, Decimal(line[2]), Decimal(line[3])
        else:
            for line in reader:
                yield int(line[0]) * 1_000_000, Decimal(line[1]), Decimal(line[2])


def aggregate(path: Path, interval_s: int) -> dict[int, ReferenceCandle]:
    """Return window_start_ms -> candle for every window of the file that has trades."""
    return fold(rows(path), interval_s)


def fold(trades: Iterable[tuple[int, Decimal, Decimal]], interval_s: int) -> dict[int, ReferenceCandle]:
    """Return window_start_ms -> candle for (timestamp_us, price, quantity), in trade order within one timestamp."""
    candles: dict[int, ReferenceCandle] = {}
    for timestamp_us, price, quantity in sorted(trades, key=lambda row: row[0]):  # a stable sort
        start_ms = timestamp_us // (interval_s * 1_000_000) * interval_s * 1_000
        candle = candles.get(start_ms)
        if candle is None:
            candles[start_ms] = ReferenceCandle(price, price, price, price, quantity, price * quantity, 1)
            continue
        candle.high = max(candle.high, price)
        candle.low = min(candle.low, price)
        candle.close = price
        candle.volume += quantity
        candle.quote_volume += price * quantity
        candle.trade_count += 1
    return candles
