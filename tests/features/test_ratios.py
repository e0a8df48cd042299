"""RSI, directional indicators, ADX and stochastic RSI on quiet markets: TA-Lib's value on all of history, or null."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tests.features.against_talib import RATIO_NAMES, Counts, compared, shown
from tests.support.quiet_markets import Floats, TickBars, quiet_night, read_trades, talib_ratios

from features import ANCHOR_BARS, FEATURES
from features.batch import compute

DATA = Path(__file__).parents[1] / "data"
BY_NAME = {feature.name: feature for feature in FEATURES}
RATIOS = [BY_NAME[name] for name in RATIO_NAMES]


def ratios(bars: TickBars) -> dict[str, Floats]:
    series = bars.series()
    return compute(series.starts_ms, series.columns, series.interval_s, RATIOS)


def test_a_real_quiet_night_around_midnight() -> None:
    """Of 42 trades, the last before an anchor too old to be remembered whole: it gave 0 for each of these."""
    bars = read_trades(DATA / "cases/quiet_night_bitstamp_BTCUSD.csv")
    expected, found = talib_ratios(bars.whole()), ratios(bars)
    midnight = int(np.flatnonzero(bars.series().starts_ms % 86_400_000 == 0)[0])
    for name, value in {"rsi_14": 34.02, "adx_14": 31.95, "minus_di_14": 65.98}.items():
        shown_there = np.flatnonzero(np.abs(expected[name][midnight:] - value) < 0.005) + midnight
        assert len(shown_there), name
        assert np.isnan(found[name][shown_there]).all() or np.allclose(
            found[name][shown_there], expected[name][shown_there], rtol=0, atol=1e-9
        )
    counts = compared(bars)
    assert sum(each["else"] for each in counts.values()) == 0


def test_a_sample_of_quiet_nights(capsys: pytest.CaptureFixture[str]) -> None:
    total = sum((compared(quiet_night(seed)) for seed in range(25)), Counts())
    with capsys.disabled():
        print(f"\n{shown(total)}")
    assert all(each["equal"] > 10_000 and each["else"] == 0 for each in total.values())


def test_the_last_month_of_a_sparse_market() -> None:
    bars = read_trades(DATA / "trades/bitstamp_BTCUSD_2011-09_2012-05.csv.gz")
    counts = compared(bars[len(bars) - 30 * ANCHOR_BARS :])
    assert all(each["equal"] > 1_000 and each["else"] == 0 for each in counts.values()), counts


@pytest.mark.long
def test_a_thousand_quiet_nights(capsys: pytest.CaptureFixture[str]) -> None:
    total = sum((compared(quiet_night(seed)) for seed in range(1_000)), Counts())
    with capsys.disabled():
        print(f"\n{shown(total)}")
    assert all(each["equal"] > 1_000_000 and each["else"] == 0 for each in total.values())


@pytest.mark.long
def test_nine_months_of_a_sparse_market(capsys: pytest.CaptureFixture[str]) -> None:
    counts = compared(read_trades(DATA / "trades/bitstamp_BTCUSD_2011-09_2012-05.csv.gz"))
    with capsys.disabled():
        print(f"\n{shown(counts)}")
    assert all(each["equal"] > 10_000 and each["else"] == 0 for each in counts.values())


def pasts(bars: int, highest: int) -> dict[str, dict[str, np.ndarray]]:
    """What may have been before: nothing, closes that jump, highs that rise and lows that fall."""
    still = np.full(bars, highest, dtype=np.int64)
    jumping = np.where(np.arange(bars) % 2, 4 * highest, 1)
    rising = highest * (1 + np.arange(bars))
    falling = rising[::-1]
    return {
        name: {"open": close, "high": close + 1, "low": close, "close": close}
        for name, close in {"still": still, "jumping": jumping, "rising": rising, "falling": falling}.items()
    }


def after(past: dict[str, np.ndarray], bars: TickBars) -> dict[str, Floats]:
    """TA-Lib's values of bars that had such a past."""
    return talib_ratios({name: np.append(past[name], bars.ticks[name]).astype(np.float64) for name in past})


def test_a_null_hides_a_history_that_would_have_changed_the_value() -> None:
    """Of markets that begin just before an anchor, or are so quiet that more would not help; the first null rows."""
    shown_for, looked_at = Counter[str](), Counter[str]()
    names = [name for name in RATIO_NAMES if not name.startswith(("stochrsi", "supertrend"))]
    for seed in range(12):
        night = quiet_night(seed)
        anchor = int(np.flatnonzero(night.series().starts_ms % 86_400_000 == 0)[0])
        for name in names:
            before = BY_NAME[name].reach.least + 10
            bars = night[anchor - before : anchor + 400]
            highest = int(bars.ticks["high"].max())
            rows = (np.flatnonzero(np.isnan(ratios(bars)[name][before:])) + before)[:40:10]
            values = [
                talib_ratios({each: np.append(past[each], bars.ticks[each]).astype(float) for each in past})[name][
                    60:
                ]
                for past in pasts(60, highest).values()
            ]
            shown_for[name] += int((np.ptp(values, axis=0)[rows] > 1e-9).sum())
            looked_at[name] += len(rows)
    assert shown_for.total() >= 100 and min(shown_for.values()) >= 10, shown_for
    # The bound is one for all pasts at once: a few rows lie between it and what these four can do.
    assert shown_for.total() >= 0.95 * looked_at.total(), (shown_for, looked_at)
