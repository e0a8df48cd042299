"""Bars for tests: simulated ones with a fixed seed, and recorded ones read from files."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.candle import Candle
from contracts.units import decimal_string

OHLCV = Path(__file__).parents[3] / "shared/data/ohlcv"
#: A midnight UTC and a multiple of 1,440 five-minute bars.
MIDNIGHT_MS = 1_680_480_000_000
PRICES = ("open", "high", "low", "close")
#: What a candle says, in the order of a `Bar`; `reference_close` comes from elsewhere.
COLUMNS = (*PRICES, "volume", "trade_count", "taker_buy_volume")


@dataclass(frozen=True)
class BarSeries:
    """Starts of windows and the columns of a `Bar`, one value for each window."""

    starts_ms: NDArray[np.int64]
    columns: dict[str, NDArray[np.float64]]
    interval_s: int = 60

    def __len__(self) -> int:
        return len(self.starts_ms)

    def __getitem__(self, part: slice | NDArray[np.bool_]) -> BarSeries:
        columns = {name: column[part] for name, column in self.columns.items()}
        return replace(self, starts_ms=self.starts_ms[part], columns=columns)

    def moved(self, first_ms: int) -> BarSeries:
        """The same bars as if the first had begun at `first_ms`."""
        return replace(self, starts_ms=self.starts_ms - self.starts_ms[0] + first_ms)

    def candles(self, pair: str = "BTC/USD", exchange: str = "kraken") -> list[Candle]:
        """The bars as final candles."""
        rows = zip(self.starts_ms.tolist(), *(self.columns[name].tolist() for name in COLUMNS), strict=True)
        return [
            Candle(
                exchange=exchange,
                pair=pair,
                interval_s=self.interval_s,
                window_start_ms=start,
                **{name: _text(value) for name, value in zip((*PRICES, "volume"), values, strict=True)},
                quote_volume="0",
                taker_buy_volume=None if np.isnan(taker_buy_volume) else _text(taker_buy_volume),
                trade_count=int(trade_count),
                first_trade_id=1,
                last_trade_id=3,
                quality="complete",
                revision=0,
            )
            for start, *values, trade_count, taker_buy_volume in rows
        ]


def simulated(bars: int, *, seed: int = 7, first_ms: int = MIDNIGHT_MS, interval_s: int = 60) -> BarSeries:
    """A random walk in cents; some bars stand still, reference pair and takers are not always known."""
    rng = np.random.default_rng(seed)
    close = np.round(30_000 * np.exp(rng.normal(0, 5e-4, bars).cumsum()), 2)
    opened = np.concatenate([close[:1], close[:-1]])
    volume = np.round(rng.exponential(5, bars), 4)
    flat = rng.random(bars) < 0.05
    volume[flat] = 0.0
    trade_count = rng.poisson(20, bars).astype(np.float64)
    trade_count[flat] = 0.0
    reference_close = np.round(60_000 * np.exp(rng.normal(0, 5e-4, bars).cumsum()), 1)
    reference_close[:40] = np.nan
    reference_close[bars // 2 : bars // 2 + 3] = np.nan
    taker_buy_volume = np.round(volume * rng.random(bars), 4)
    taker_buy_volume[bars // 3 : bars // 3 + 5] = np.nan
    columns = {
        "open": opened,
        "high": np.round(np.maximum(opened, close) + rng.exponential(3, bars), 2),
        "low": np.round(np.minimum(opened, close) - rng.exponential(3, bars), 2),
        "close": close,
        "volume": volume,
        "trade_count": trade_count,
        "taker_buy_volume": taker_buy_volume,
        "reference_close": reference_close,
    }
    return BarSeries(first_ms + np.arange(bars, dtype=np.int64) * interval_s * 1_000, columns, interval_s)


def recorded(name: str, interval_s: int) -> BarSeries:
    """The bars of a file in the shared data folder; skips the test where it is not there."""
    path = OHLCV / name
    if not path.exists():
        pytest.skip(f"recorded data is not at {path}")
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    starts = np.array([int(row["timestamp_ms"]) for row in rows], dtype=np.int64)
    columns = {name: np.array([float(row[name]) for row in rows]) for name in (*PRICES, "volume")}
    # The files do not have these; numbers that vary stand for them.
    columns["trade_count"] = np.floor(columns["volume"] * 7) + 1
    columns["taker_buy_volume"] = columns["volume"] * (np.arange(len(rows)) % 11) / 16
    columns["reference_close"] = np.roll(columns["close"], 1)
    return BarSeries(starts, columns, interval_s)


def _text(value: float) -> str:
    return decimal_string(Decimal(repr(value)))
