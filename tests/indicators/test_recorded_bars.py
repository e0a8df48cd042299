"""On recorded markets, with their holes: the stream equals the batch, from any start."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.bar_series import MIDNIGHT_MS, BarSeries, recorded

from contracts.state import MemoryState
from features import FEATURE_NAMES
from features.batch import compute
from indicators.core.fold import Engines, step

BINANCE_DAY = "lean_binance_btcbusd_minute_20221213-20221213.csv.gz"


def both(bars: BarSeries) -> dict[str, np.ndarray]:
    """The features, after holding the stream against the batch; from two starts."""
    in_batch = compute(bars.starts_ms, bars.columns, bars.interval_s)
    for start in (0, len(bars) // 7):
        state, engines = MemoryState(), Engines()
        part = bars[start:]
        arrivals = zip(part.candles(), part.columns["reference_close"].tolist(), strict=True)
        rows = [row for candle, reference in arrivals for row in step(state, candle, engines, "full", reference)]
        assert len(rows) == len(part)
        for name in FEATURE_NAMES:
            streamed = np.array([np.nan if (value := getattr(row, name)) is None else value for row in rows])
            warm = np.isfinite(streamed)
            expected = in_batch[name][start:]
            np.testing.assert_array_equal(streamed[warm], expected[warm], err_msg=name)
            assert start or np.array_equal(warm, np.isfinite(expected))
    return in_batch


def test_binance_day() -> None:
    """Moved so that midnight falls on bar 700: a recursive feature needs a day's turn and bars before it."""
    found = both(recorded(BINANCE_DAY, 60).moved(MIDNIGHT_MS - 700 * 60_000))
    assert np.isfinite(found["rsi_14"]).sum() == 740


def test_binance_day_as_it_was() -> None:
    """The day begins at the anchor: nothing before it, so what is recursive stays null until the next."""
    found = both(recorded(BINANCE_DAY, 60))
    assert np.isnan(found["ema_7"]).all()
    assert np.isfinite(found["sma_60"][59:]).all()


def test_binance_us_five_minutes() -> None:
    bars = recorded("ta4j_binanceus_ETHUSD_5m_20230313-20230315.csv.gz", 300)
    found = both(bars.moved(MIDNIGHT_MS - 300 * 300_000))
    # Three hundred bars before the anchor: for a third of the day, what was before them could still be seen.
    assert 160 <= np.isfinite(found["rsi_14"]).sum() <= 200
    assert np.isnan(found["ema_60"]).all()
    assert np.isfinite(found["log_return_1_1h"]).sum() > 500


@pytest.mark.parametrize("name", ["btceur_minute_20180404-20180406", "ltcusd_minute_20180404-20180406"])
def test_coinbase_minutes_with_holes(name: str) -> None:
    """Minutes without trades are missing from these files: every hole starts history again."""
    bars = recorded(f"lean_coinbase_{name}.csv.gz", 60)
    assert (np.diff(bars.starts_ms) != 60_000).sum() >= 4
    found = both(bars)
    assert np.isfinite(found["sma_7"]).sum() > 1_000


@pytest.mark.long
def test_nine_years_of_four_hours() -> None:
    """Three holes, prices from 400 to 120,000; no longer timeframe than the row's own can be had from such bars."""
    bars = recorded("ta4j_coinbase_BTC-USD_4h_20160518-20251028.csv.gz", 14_400)
    found = both(bars)
    assert np.isnan(found["log_return_1_1h"]).all()
    assert np.isfinite(found["ema_200"]).sum() > 10_000
