"""Markets in which little happens: in whole ticks, so that TA-Lib compares what is equal; and in prices."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import talib
from numpy.typing import NDArray
from tests.support.bar_series import MIDNIGHT_MS, PRICES, BarSeries

MINUTE_MS = 60_000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TickBars:
    """Bars in whole ticks of `tick`, without a hole."""

    first_ms: int
    ticks: dict[str, NDArray[np.int64]]
    volume: Floats
    tick: Decimal
    interval_s: int = 60

    def __len__(self) -> int:
        return len(self.volume)

    def __getitem__(self, part: slice) -> TickBars:
        first_ms = self.first_ms + 1_000 * self.interval_s * part.indices(len(self))[0]
        return replace(
            self,
            first_ms=first_ms,
            ticks={name: column[part] for name, column in self.ticks.items()},
            volume=self.volume[part],
        )

    def whole(self) -> dict[str, Floats]:
        """Prices as whole numbers of ticks: TA-Lib subtracts and compares these exactly."""
        return {name: column.astype(np.float64) for name, column in self.ticks.items()}

    def series(self) -> BarSeries:
        """What a reader of candles gets: each price the float that is nearest to its decimal."""
        # Divided by a power of ten that a float has: the nearest to the decimal.
        prices = {name: self.ticks[name] / float(1 / self.tick) for name in PRICES}
        count = np.ceil(self.volume)
        columns = {**prices, "volume": self.volume, "trade_count": count, "taker_buy_volume": self.volume / 2}
        columns["reference_close"] = prices["close"]
        starts = self.first_ms + 1_000 * self.interval_s * np.arange(len(self), dtype=np.int64)
        return BarSeries(starts, columns, self.interval_s)


def bars_of(times_s: NDArray[np.int64], ticks: NDArray[np.int64], tick: Decimal, interval_s: int = 60) -> TickBars:
    """Bars of trades in order of time; one without any stands where the last one closed."""
    minutes = times_s // interval_s
    length = int(minutes[-1] - minutes[0]) + 1
    columns = {name: np.zeros(length, dtype=np.int64) for name in PRICES}
    volume = np.zeros(length)
    firsts = np.flatnonzero(np.append(True, np.diff(minutes) > 0))
    lasts = np.append(firsts[1:], len(minutes))
    traded = minutes[firsts] - minutes[0]
    columns["open"][traded], columns["close"][traded] = ticks[firsts], ticks[lasts - 1]
    columns["high"][traded], columns["low"][traded] = (
        np.maximum.reduceat(ticks, firsts),
        np.minimum.reduceat(ticks, firsts),
    )
    volume[traded] = lasts - firsts
    last = np.zeros(length, dtype=np.int64)
    last[traded] = traded
    still = volume == 0
    close = columns["close"][np.maximum.accumulate(last)]
    for column in columns.values():
        column[still] = close[still]
    return TickBars(int(minutes[0]) * interval_s * 1_000, columns, volume, tick, interval_s)


def read_trades(path: Path, interval_s: int = 60) -> TickBars:
    """Bars of a file of recorded trades: with columns by name, or ``seconds,price,amount`` without a header."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    rows = list(csv.reader(text.splitlines()))
    names = rows.pop(0) if rows[0][0][0].isalpha() else ["seconds", "price", "amount"]
    prices = [Decimal(row[names.index("price")]).normalize() for row in rows]
    tick = Decimal(1).scaleb(min(0, *(int(price.as_tuple().exponent) for price in prices)))
    ticks = np.array([int(price / tick) for price in prices], dtype=np.int64)
    times = np.array([_seconds(names, row) for row in rows], dtype=np.int64)
    order = np.argsort(times, kind="stable")
    return bars_of(times[order], ticks[order], tick, interval_s)


def _seconds(names: list[str], row: list[str]) -> int:
    if "trade_time_ms" in names:
        return int(row[names.index("trade_time_ms")]) // 1_000
    if "timestamp" in names:
        return int(datetime.fromisoformat(row[names.index("timestamp")]).timestamp())
    return int(row[0])


def quiet_night(seed: int, days: int = 3) -> TickBars:
    """Days with trades, and nights in which a few of them come, or none, each a few ticks away from the last."""
    rng = np.random.default_rng(seed)
    size = days * 1_440
    busy = rng.uniform(0.05, 0.9)
    quiet = rng.choice([0.0, 0.002, 0.01, 0.03])
    # Night falls at some hour around the first midnight, and stays or comes again.
    night = np.zeros(size, dtype=bool)
    for evening in range(int(rng.integers(200, 1_400)), size, 1_440):
        night[evening : evening + int(rng.integers(60, 1_200))] = True
    moved = rng.random(size) < np.where(night, quiet, busy)
    steps = np.where(moved, np.round(rng.normal(0.0, rng.uniform(0.6, 6.0), size)), 0).astype(np.int64)
    close = int(rng.integers(80, 40_000)) + np.cumsum(steps)
    close = np.maximum(close, 1)
    opened = np.append(close[:1], close[:-1])
    reach = rng.integers(0, 3, (2, size)) * (rng.random((2, size)) < 0.3) * moved
    high, low = np.maximum(opened, close) + reach[0], np.maximum(np.minimum(opened, close) - reach[1], 1)
    tick = Decimal(1).scaleb(-int(rng.integers(0, 9)))
    first_ms = MIDNIGHT_MS - int(rng.integers(700, 1_440)) * MINUTE_MS
    columns = {"open": opened, "high": high, "low": low, "close": close}
    return TickBars(first_ms, columns, np.where(moved, 1.0, 0.0), tick)


def talib_ratios(columns: dict[str, Floats]) -> dict[str, Floats]:
    """What TA-Lib says of the whole history."""
    high, low, close = columns["high"], columns["low"], columns["close"]
    found = {f"rsi_{n}": talib.RSI(close, timeperiod=n) for n in (7, 14, 21)}
    found["plus_di_14"] = talib.PLUS_DI(high, low, close, timeperiod=14)
    found["minus_di_14"] = talib.MINUS_DI(high, low, close, timeperiod=14)
    found["adx_14"] = talib.ADX(high, low, close, timeperiod=14)
    found["stochrsi_k_14"], found["stochrsi_d_14"] = talib.STOCHRSI(
        close, timeperiod=14, fastk_period=14, fastd_period=3
    )
    direction = talib.SUPERTREND(high, low, close, timeperiod=10, multiplier=3.0)[1].astype(np.float64)
    direction[:10] = np.nan  # whole numbers know no NaN
    found["supertrend_10_direction"] = direction
    return found
