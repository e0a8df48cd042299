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
COLUMNS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class BarSeries:
    """Starts of windows and a column for each of open, high, low, close and volume."""

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
                **{name: _text(value) for name, value in zip(COLUMNS, values, strict=True)},
                quote_volume="0",
                taker_buy_volume="0",
                trade_count=3,
                first_trade_id=1,
                last_trade_id=3,
                quality="complete",
                revision=0,
            )
            for start, *values in rows
        ]


def simulated(bars: int, *, seed: int = 7, first_ms: int = MIDNIGHT_MS, interval_s: int = 60) -> BarSeries:
    """A random walk in cents; some bars are flat and without volume."""
    rng = np.random.default_rng(seed)
    close = np.round(30_000 * np.exp(rng.normal(0, 5e-4, bars).cumsum()), 2)
    opened = np.concatenate([close[:1], close[:-1]])
    volume = np.round(rng.exponential(5, bars), 4)
    flat = rng.random(bars) < 0.05
    volume[flat] = 0.0
    columns = {
        "open": opened,
        "high": np.round(np.maximum(opened, close) + rng.exponential(3, bars), 2),
        "low": np.round(np.minimum(opened, close) - rng.exponential(3, bars), 2),
        "close": close,
        "volume": volume,
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
    return BarSeries(starts, {name: np.array([float(row[name]) for row in rows]) for name in COLUMNS}, interval_s)


def _text(value: float) -> str:
    return decimal_string(Decimal(repr(value)))
