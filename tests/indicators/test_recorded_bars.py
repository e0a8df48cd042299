"""On recorded markets: stream equals batch, and both equal TA-Lib's golden values."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from bar_series import MIDNIGHT_MS, BarSeries, recorded

from contracts.features import CONVERGENCE, FEATURE_NAMES
from indicators.core.batch import compute
from indicators.core.fold import Engines, step
from indicators.core.ring import MemoryState

GOLDEN = Path(__file__).parents[3] / "shared/data/indicators/talib_0.8.2_golden_btcbusd_1m_20221213.csv.gz"
BINANCE_DAY = "lean_binance_btcbusd_minute_20221213-20221213.csv.gz"
#: Our name, the golden file's.
SAME = {
    "sma_7": "SMA_7", "sma_14": "SMA_14", "ema_7": "EMA_7", "ema_14": "EMA_14", "rsi_14": "RSI_14",
    "atr_14": "ATR_14", "bollinger_upper_20": "BB_UPPER_20_2", "bollinger_middle_20": "BB_MIDDLE_20_2",
    "bollinger_lower_20": "BB_LOWER_20_2",
}  # fmt: skip


def both(bars: BarSeries) -> dict[str, np.ndarray]:
    """The features, after holding the stream against the batch; from two starts."""
    in_batch = compute(bars.starts_ms, bars.columns, bars.interval_s)
    for start in (0, len(bars) // 7):
        state, engines = MemoryState(), Engines()
        rows = [row for candle in bars[start:].candles() for row in step(state, candle, engines)[1]]
        assert len(rows) == len(bars) - start
        for name in FEATURE_NAMES:
            streamed = np.array([np.nan if (value := getattr(row, name)) is None else value for row in rows])
            warm = np.isfinite(streamed)
            expected = in_batch[name][start:]
            np.testing.assert_array_equal(streamed[warm], expected[warm], err_msg=name)
            assert start or np.array_equal(warm, np.isfinite(expected))
    return in_batch


def test_binance_day_equals_the_golden_file() -> None:
    """Moved so that midnight falls on bar 700: a recursive feature needs a day's turn and bars before it."""
    bars = recorded(BINANCE_DAY, 60).moved(MIDNIGHT_MS - 700 * 60_000)
    found = both(bars)
    with gzip.open(GOLDEN, "rt", newline="") as file:
        golden = list(csv.DictReader(file))
    for ours, theirs in SAME.items():
        expected = np.array([float(row[theirs] or "nan") for row in golden])
        warm = np.isfinite(found[ours])
        assert warm.sum() >= 740
        scale = 100.0 if ours == "rsi_14" else bars.columns["close"].max()
        assert np.abs(found[ours] - expected)[warm].max() <= CONVERGENCE * scale, ours


def test_binance_day_as_it_was() -> None:
    """The day begins at the anchor: nothing before it, so what is recursive stays null until the next."""
    found = both(recorded(BINANCE_DAY, 60))
    assert np.isnan(found["ema_7"]).all()
    assert np.isfinite(found["sma_60"][59:]).all()


def test_binance_us_five_minutes() -> None:
    found = both(
        recorded("ta4j_binanceus_ETHUSD_5m_20230313-20230315.csv.gz", 300).moved(MIDNIGHT_MS - 300 * 300_000)
    )
    assert np.isfinite(found["rsi_14"]).sum() == 280
    assert np.isnan(found["ema_60"]).all()


@pytest.mark.parametrize("name", ["btceur_minute_20180404-20180406", "ltcusd_minute_20180404-20180406"])
def test_coinbase_minutes_with_holes(name: str) -> None:
    """Minutes without trades are missing from these files: every hole starts history again."""
    bars = recorded(f"lean_coinbase_{name}.csv.gz", 60)
    assert (np.diff(bars.starts_ms) != 60_000).sum() >= 4
    found = both(bars)
    assert np.isfinite(found["sma_7"]).sum() > 1_000
