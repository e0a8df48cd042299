"""Features against TA-Lib on the whole history, and against published series, as far as somebody else has them."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import talib
from tests.support.bar_series import MIDNIGHT_MS, PRICES, BarSeries, recorded, simulated

from features import ANCHOR_BARS, CONVERGENCE, FEATURES, Feature
from features.batch import compute
from features.catalogue.trend import MOVING_AVERAGE_PERIODS

SHARED = Path(__file__).parents[3] / "shared/data/indicators"
Columns = dict[str, np.ndarray]
Reference = Callable[[Columns], np.ndarray]


def of(name: str, *inputs: str, output: int = 0, **parameters: float) -> Reference:
    """A TA-Lib function on the whole history, as everybody else would call it."""

    def reference(columns: Columns) -> np.ndarray:
        result = getattr(talib, name)(*(columns[each] for each in inputs), **parameters)
        return result[output] if isinstance(result, tuple | list) else result

    return reference


def log_return(bars: int) -> Reference:
    return lambda columns: np.log(talib.ROCR(columns["close"], timeperiod=bars))


def _slope(average: Reference) -> Reference:
    def reference(columns: Columns) -> np.ndarray:
        values = average(columns)
        return np.concatenate([[np.nan], values[1:] / values[:-1] - 1])

    return reference


def _window_of(cumulative: Reference, bars: int) -> Reference:
    def reference(columns: Columns) -> np.ndarray:
        values = cumulative(columns)
        return np.concatenate([np.full(bars, np.nan), values[bars:] - values[:-bars]])

    return reference


def _in_ticks(reference: Reference) -> Reference:
    """TA-Lib compares moves on the noise of floats: in whole numbers it has none."""
    return lambda columns: reference({name: np.rint(columns[name] * 1e8) for name in HLC})


HLC = ("high", "low", "close")
SMA = {n: of("SMA", "close", timeperiod=n) for n in MOVING_AVERAGE_PERIODS}
EMA = {n: of("EMA", "close", timeperiod=n) for n in MOVING_AVERAGE_PERIODS}
EMA_20, ATR_10 = of("EMA", "close", timeperiod=20), of("ATR", *HLC, timeperiod=10)
UPPER, MIDDLE, LOWER = (
    of("BBANDS", "close", timeperiod=20, nbdevup=2.0, nbdevdn=2.0, output=output) for output in range(3)
)
_MACD_7 = {"fastperiod": 7, "slowperiod": 14, "signalperiod": 9}
_MACD_12 = {"fastperiod": 12, "slowperiod": 26, "signalperiod": 9}
_SUPERTREND = {"timeperiod": 10, "multiplier": 3.0}
_STOCH = {"fastk_period": 14, "slowk_period": 3, "slowd_period": 3}
_STOCHRSI = {"timeperiod": 14, "fastk_period": 14, "fastd_period": 3}

#: What TA-Lib has, as TA-Lib gives it.
TALIB: dict[str, Reference] = {
    **{f"sma_{n}": average for n, average in SMA.items()},
    **{f"ema_{n}": average for n, average in EMA.items()},
    **{f"sma_{n}_slope": _slope(average) for n, average in SMA.items()},
    **{f"ema_{n}_slope": _slope(average) for n, average in EMA.items()},
    **{f"rsi_{n}": of("RSI", "close", timeperiod=n) for n in (7, 14, 21)},
    **{f"macd{part}_7": of("MACD", "close", output=n, **_MACD_7) for n, part in enumerate(("", "_signal", "_hist"))},
    **{
        f"macd{part}_12": of("MACD", "close", output=n, **_MACD_12) for n, part in enumerate(("", "_signal", "_hist"))
    },
    "adx_14": _in_ticks(of("ADX", *HLC, timeperiod=14)),
    "plus_di_14": _in_ticks(of("PLUS_DI", *HLC, timeperiod=14)),
    "minus_di_14": _in_ticks(of("MINUS_DI", *HLC, timeperiod=14)),
    "stoch_k_14": of("STOCH", *HLC, output=0, **_STOCH),
    "stoch_d_14": of("STOCH", *HLC, output=1, **_STOCH),
    "stochrsi_k_14": of("STOCHRSI", "close", output=0, **_STOCHRSI),
    "stochrsi_d_14": of("STOCHRSI", "close", output=1, **_STOCHRSI),
    "cci_20": of("CCI", *HLC, timeperiod=20),
    "mfi_14": of("MFI", *HLC, "volume", timeperiod=14),
    "williams_r_14": of("WILLR", *HLC, timeperiod=14),
    "roc_10": of("ROC", "close", timeperiod=10),
    "momentum_10": of("MOM", "close", timeperiod=10),
    **{f"return_{n}": of("ROCP", "close", timeperiod=n) for n in (1, 5, 15, 60)},
    **{f"log_return_{n}": log_return(n) for n in (1, 5, 15, 60)},
    "bollinger_upper_20": UPPER,
    "bollinger_middle_20": MIDDLE,
    "bollinger_lower_20": LOWER,
    "bollinger_width_20": lambda columns: (UPPER(columns) - LOWER(columns)) / MIDDLE(columns),
    "atr_14": of("ATR", *HLC, timeperiod=14),
    "natr_14": of("NATR", *HLC, timeperiod=14),
    "supertrend_10": of("SUPERTREND", *HLC, output=0, **_SUPERTREND),
    "supertrend_10_direction": of("SUPERTREND", *HLC, output=1, **_SUPERTREND),
    "keltner_upper_20": lambda columns: EMA_20(columns) + 2 * ATR_10(columns),
    "keltner_middle_20": EMA_20,
    "keltner_lower_20": lambda columns: EMA_20(columns) - 2 * ATR_10(columns),
    "donchian_upper_20": of("MAX", "high", timeperiod=20),
    "donchian_middle_20": of("MIDPRICE", "high", "low", timeperiod=20),
    "donchian_lower_20": of("MIN", "low", timeperiod=20),
    "volume_zscore_60": lambda columns: (
        (columns["volume"] - talib.SMA(columns["volume"], 60)) / talib.STDDEV(columns["volume"], 60)
    ),
    "obv": _window_of(of("OBV", "close", "volume"), 60),
    "accumulation_60": _window_of(of("AD", *HLC, "volume"), 60),
}
#: What adds up since the first bar in TA-Lib, and over a stated window here: the difference of two of its values.
CUMULATIVE = {"obv", "accumulation_60"}
#: What a feature's error is measured against.
SCALE: dict[str, Callable[[Columns], float]] = {
    "quote": lambda columns: columns["close"].max(),
    "base": lambda columns: columns["volume"].sum(),
    "0..100": lambda _: 100.0,
    "-100..0": lambda _: 100.0,
    "level": lambda _: 100.0,
    "-1..1": lambda _: 1.0,
    "0..1": lambda _: 1.0,
    "ratio": lambda _: 1.0,
    "sigma": lambda _: 10.0,
    "count": lambda _: 1.0,
}
BY_NAME = {feature.name: feature for feature in FEATURES}
#: Thirty days of minutes, and nine years of real four-hour bars.
HISTORIES: dict[str, Callable[[], BarSeries]] = {
    "simulated": lambda: simulated(30 * ANCHOR_BARS, seed=30, first_ms=MIDNIGHT_MS - 500 * 60_000),
    "bitcoin-4h": lambda: longest_run(recorded("ta4j_coinbase_BTC-USD_4h_20160518-20251028.csv.gz", 14_400)),
}


def longest_run(bars: BarSeries) -> BarSeries:
    """The longest stretch without a hole: elsewhere history starts again, for us and not for TA-Lib."""
    edges = [0, *(np.flatnonzero(np.diff(bars.starts_ms) != bars.interval_s * 1_000) + 1), len(bars)]
    first, last = max(pairwise(edges), key=lambda run: run[1] - run[0])
    return bars[first:last]


@pytest.fixture(scope="module", params=HISTORIES)
def history(request: pytest.FixtureRequest) -> tuple[BarSeries, dict[str, np.ndarray]]:
    bars = HISTORIES[request.param]()
    return bars, compute(bars.starts_ms, bars.columns, bars.interval_s)


def test_every_feature_that_talib_has_is_compared() -> None:
    """The rest is arithmetic of those, the clock, or nobody else's."""
    assert set(TALIB) <= set(BY_NAME)
    elsewhere = {name for name in set(BY_NAME) - set(TALIB) if BY_NAME[name].reach.anchored}
    assert all(name.endswith("_cross") for name in elsewhere), elsewhere


@pytest.mark.parametrize("name", TALIB)
def test_equals_talib_on_the_whole_history(
    name: str, history: tuple[BarSeries, dict[str, np.ndarray]], capsys: pytest.CaptureFixture[str]
) -> None:
    bars, found = history
    feature: Feature = BY_NAME[name]
    expected = TALIB[name](bars.columns)
    warm = np.isfinite(found[name]) & np.isfinite(expected)  # TA-Lib's %K begins as late as its %D
    error = np.abs(found[name] - expected)[warm].max() / SCALE[feature.unit](bars.columns)
    with capsys.disabled():
        print(f"\n{name}: {warm.sum():,} rows, at most {error:.1e} of the scale", end="")
    assert warm.sum() >= 1_000
    assert error <= CONVERGENCE


#: Our name, the golden file's.
GOLDEN = {
    "sma_7": "SMA_7",
    "sma_14": "SMA_14",
    "sma_50": "SMA_50",
    "ema_7": "EMA_7",
    "ema_14": "EMA_14",
    "ema_50": "EMA_50",
    "rsi_7": "RSI_7",
    "rsi_14": "RSI_14",
    "rsi_21": "RSI_21",
    "macd_12": "MACD_12_26_9",
    "macd_signal_12": "MACDSIGNAL_12_26_9",
    "macd_hist_12": "MACDHIST_12_26_9",
    "bollinger_upper_20": "BB_UPPER_20_2",
    "bollinger_middle_20": "BB_MIDDLE_20_2",
    "bollinger_lower_20": "BB_LOWER_20_2",
    "atr_14": "ATR_14",
    "natr_14": "NATR_14",
    "adx_14": "ADX_14",
    "plus_di_14": "PLUS_DI_14",
    "minus_di_14": "MINUS_DI_14",
    "stoch_k_14": "STOCH_K_14_3_3",
    "stoch_d_14": "STOCH_D_14_3_3",
    "stochrsi_k_14": "STOCHRSI_K_14_14_3",
    "stochrsi_d_14": "STOCHRSI_D_14_14_3",
    "cci_20": "CCI_20",
    "williams_r_14": "WILLR_14",
    "mfi_14": "MFI_14",
    "roc_10": "ROC_10",
    "momentum_10": "MOM_10",
}


@pytest.mark.parametrize(("ours", "theirs"), GOLDEN.items())
def test_equals_talibs_golden_file(
    ours: str, theirs: str, binance_day: tuple[BarSeries, dict[str, np.ndarray]]
) -> None:
    """Of TA-Lib 0.8.2, with twelve digits."""
    bars, found = binance_day
    path = SHARED / "talib_0.8.2_golden_btcbusd_1m_20221213.csv.gz"
    with gzip.open(path, "rt", newline="") as file:
        expected = np.array([float(row[theirs] or "nan") for row in csv.DictReader(file)])
    warm = np.isfinite(found[ours]) & np.isfinite(expected)
    assert warm.sum() >= 740
    assert np.abs(found[ours] - expected)[warm].max() <= CONVERGENCE * SCALE[BY_NAME[ours].unit](bars.columns)


@pytest.fixture(scope="module")
def binance_day() -> tuple[BarSeries, dict[str, np.ndarray]]:
    """Moved so that midnight falls on bar 700: a recursive feature needs a day's turn and bars before it."""
    bars = recorded("lean_binance_btcbusd_minute_20221213-20221213.csv.gz", 60).moved(MIDNIGHT_MS - 700 * 60_000)
    return bars, compute(bars.starts_ms, bars.columns, 60)


#: Our name, and the series and field of Stock.Indicators.
STOCK_INDICATORS = {
    "rsi_14": ("rsi", "rsi"),
    "bollinger_percent_b_20": ("bb", "percentB"),
    "bollinger_width_20": ("bb", "width"),
    "bollinger_upper_20": ("bb", "upperBand"),
    "bollinger_lower_20": ("bb", "lowerBand"),
    "atr_14": ("atr", "atr"),
    "natr_14": ("atr", "atrp"),
    "cci_20": ("cci", "cci"),
    "mfi_14": ("mfi", "mfi"),
    "williams_r_14": ("willr", "williamsR"),
    "stoch_k_14": ("stoch", "k"),
    "stoch_d_14": ("stoch", "d"),
    "keltner_upper_20": ("keltner", "upperBand"),
    "keltner_middle_20": ("keltner", "centerline"),
    "keltner_lower_20": ("keltner", "lowerBand"),
    "plus_di_14": ("adx", "pdi"),
    "minus_di_14": ("adx", "mdi"),
    "macd_12": ("macd", "macd"),
    "macd_signal_12": ("macd", "signal"),
    "donchian_upper_20": ("donchian", "upperBand"),
    "donchian_lower_20": ("donchian", "lowerBand"),
}
#: Conventions of theirs that are not ours: so many bars later, and why.
LATER = {
    "donchian_upper_20": (1, "their channel is of the 20 bars before this one"),
    "donchian_lower_20": (1, "the same"),
}


#: With 400 bars before the anchor, what was before those can be seen in most of the 102 rows behind it.
LEAST_ROWS = {"plus_di_14": 15, "minus_di_14": 15}


@pytest.mark.parametrize("name", STOCK_INDICATORS)
def test_equals_stock_indicators(name: str, daily: tuple[BarSeries, dict[str, np.ndarray]]) -> None:
    """Another implementation, in another language, on 502 daily bars; what is not named needs more."""
    _, found = daily
    series, field = STOCK_INDICATORS[name]
    with gzip.open(SHARED / f"stock_indicators/{series}.standard.json.gz", "rt") as file:
        expected = np.array([np.nan if row[field] is None else float(row[field]) for row in json.load(file)])
    bars, _why = LATER.get(name, (0, ""))
    ours = np.concatenate([np.full(bars, np.nan), found[name][: len(expected) - bars]])
    both = np.isfinite(ours) & np.isfinite(expected)
    assert both.sum() >= LEAST_ROWS.get(name, 100)
    assert np.abs(ours - expected)[both].max() <= CONVERGENCE * 100


@pytest.fixture(scope="module")
def daily() -> tuple[BarSeries, dict[str, np.ndarray]]:
    """As if they were minutes, an anchor on bar 400."""
    path = SHARED / "stock_indicators/quotes_default.csv.gz"
    if not path.exists():
        pytest.skip(f"published series are not at {path}")
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in (*PRICES, "volume")}
    nothing = np.zeros(len(rows))
    starts = MIDNIGHT_MS + (np.arange(len(rows)) - 400) * 60_000
    bars = BarSeries(starts, {**columns, "trade_count": nothing, "taker_buy_volume": nothing})
    return bars, compute(bars.starts_ms, bars.columns, 60)
