"""The list of features is complete, consistent and what the requirement asks for."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

import pytest

import features
from contracts import feature_columns
from contracts.feature_columns import serves
from contracts.feature_row import FeatureRow
from features import (
    ANCHOR_BARS,
    FEATURE_NAMES,
    FEATURES,
    HELD_BARS,
    SETS,
    WARM_UP_BARS,
    Feature,
    columns,
    expressions,
    feature_set,
    feature_set_id,
)
from features.expressions import Reach
from features.functions import (
    close,
    ema,
    ema_bars,
    highest,
    lag,
    low,
    lowest,
    mean,
    ratio,
    ratio_bars,
    rsi,
    volume,
    wilder_bars,
)

REQUIRED = {
    "rsi_14",
    "sma_7",
    "sma_14",
    "sma_21",
    "sma_60",
    "ema_7",
    "ema_14",
    "ema_21",
    "ema_60",
    "macd_7",
    "macd_signal_7",
    "macd_hist_7",
    "bollinger_upper_20",
    "bollinger_middle_20",
    "bollinger_lower_20",
    "atr_14",
    "obv",
}
#: What the requirement of 52 features names, one of each kind.
KINDS = {
    "return_1",
    "log_return_1",
    "rsi_7",
    "rsi_21",
    "macd_12",
    "bollinger_width_20",
    "bollinger_percent_b_20",
    "natr_14",
    "adx_14",
    "plus_di_14",
    "stoch_k_14",
    "stochrsi_k_14",
    "cci_20",
    "mfi_14",
    "williams_r_14",
    "roc_10",
    "momentum_10",
    "accumulation_60",
    "vwap_60_distance",
    "sma_200",
    "ema_200_slope",
    "ema_50_200_cross",
    "supertrend_10",
    "keltner_upper_20",
    "donchian_upper_20",
    "volume_zscore_60",
    "taker_imbalance",
    "trade_count_zscore_60",
    "realised_vol_15",
    "realised_vol_240",
    "volatility_regime",
    "range_ratio",
    "body_ratio",
    "session_tokyo",
    "session_london",
    "session_new_york",
    "session_london_new_york",
    "time_of_day_sin",
    "time_of_week_cos",
    "log_return_1_5m",
    "rsi_cutler_14_15m",
    "sma_20_distance_1h",
    "reference_excess_return_1",
    "reference_correlation_60",
}


@pytest.mark.parametrize("module", [features, expressions, feature_columns], ids=lambda module: module.__name__)
def test_examples(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


def test_the_required_features_are_there_under_their_names() -> None:
    assert {feature.name for feature in feature_set("core")} == REQUIRED
    assert set(FEATURE_NAMES) >= REQUIRED | KINDS
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) >= 52


def test_the_row_has_a_column_for_each_feature_and_for_nothing_twice() -> None:
    assert [name for name in FeatureRow.model_fields if name in FEATURE_NAMES] == list(FEATURE_NAMES)
    assert len(FeatureRow.model_fields) == len(FeatureRow.__base__.model_fields) + len(FEATURE_NAMES)


def test_contracts_lists_what_the_catalogue_has() -> None:
    checked_in = Path(feature_columns.__file__).with_suffix(".json").read_text(encoding="utf-8")
    assert checked_in == columns.render(), "`make schemas` writes it anew"


def test_each_feature_is_described_and_sourced() -> None:
    assert all(f.description and f.source and f.unit and str(f.formula) and f.bars() > 0 for f in FEATURES)
    assert all(f.columns or "minute_of" in str(f.formula) or f.source.startswith("IANA") for f in FEATURES)


def test_no_two_features_are_the_same() -> None:
    assert len({(str(f.formula), f.timeframe_s) for f in FEATURES}) == len(FEATURES)


def test_warm_up_covers_every_feature() -> None:
    assert max(feature.bars() for feature in FEATURES) == WARM_UP_BARS
    assert HELD_BARS == 1, "the slope of an EMA"
    assert feature_set("core")[0].bars() < ANCHOR_BARS


def test_bars_bring_the_seed_below_a_billionth() -> None:
    assert (59 / 61) ** (ema_bars(60) - 60) < 1e-9
    assert (13 / 14) ** (wilder_bars(14) - 15) < 1e-9


def test_reach_is_derived_from_the_formula() -> None:
    assert mean(close, 20).reach == Reach(20)
    assert mean(lag(close, 5) * volume, 20).reach == Reach(25)
    assert ema(21).reach == Reach(1, ema_bars(21), 0, ema_bars(21))
    assert lag(ema(21) - mean(close, 7), 3).reach == Reach(10, ema_bars(21), 3, ema_bars(21))
    assert (highest(rsi(14), 10) - lowest(low, 30)).reach == Reach(30, ratio_bars(14)[-1], 9, ratio_bars(14)[0])


def test_a_formula_reads_as_it_was_written() -> None:
    cases = {
        close / mean(close, 21) - 1: "close / mean(close, 21) - 1",
        close - (low - volume): "close - (low - volume)",
        close - low - volume: "close - low - volume",
        (close + low) * (close - low): "(close + low) * (close - low)",
        close / (low / volume): "close / (low / volume)",
        2 * (close + low) * volume + 1: "2 * (close + low) * volume + 1",
        mean(close, 2) * low + 1: "mean(close, 2) * low + 1",
        (mean(close, 2) * low + 1) * 2: "(mean(close, 2) * low + 1) * 2",
        ratio(close, volume, otherwise=0.5) * 2: "(close / volume, or 0.5 if that divides by 0) * 2",
        ema(7): "EMA(close, timeperiod=7)",
        close + (low - volume): "close + (low - volume)",
        -close: "0 - close",
        1 / close: "1 / close",
    }
    assert {str(formula): expected for formula, expected in cases.items()} == {text: text for text in cases.values()}


def test_the_set_id_follows_the_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    name, digest = feature_set_id().split(":")
    assert name == "core"
    assert len(digest) == 12
    before = {each: feature_set_id(each) for each in SETS}
    assert len(set(before.values())) == len(SETS)
    changed = Feature("rsi_14", rsi(13), "0..100", "", "")
    monkeypatch.setattr(features, "SETS", {"core": (changed, *SETS["core"][1:])})
    assert feature_set_id() != before["core"]


def test_a_row_serves_what_it_has_and_nothing_of_other_definitions() -> None:
    core, full = feature_set_id("core"), feature_set_id("full")
    assert serves(core, core)
    assert serves(full, core)
    assert not serves(core, full)
    assert not serves("full:000000000000", core)
    assert not serves(full, "core:000000000000")
    other_full = f"full:000000000000+{core}"
    assert serves(other_full, core), "something else was added to full since"
    assert not serves(other_full, full)
    assert not serves("full:000000000000+core:000000000000", core)


def test_a_row_writes_the_features_of_its_set_and_no_others() -> None:
    base = {
        "exchange": "kraken",
        "pair": "BTC/USD",
        "interval_s": 60,
        "window_start_ms": 0,
        "revision": 0,
        "open": "1",
        "high": "1",
        "low": "1",
        "close": "1",
        "volume": "0",
        "trade_count": 0,
        "first_trade_id": None,
        "last_trade_id": None,
        "quality": "empty",
        "feature_set": feature_set_id(),
    }
    row = FeatureRow(**base, **{feature.name: None for feature in feature_set("core")})
    assert set(row.values()) == REQUIRED
    assert b"sma_200" not in row.to_json()
    assert b'"sma_7":null' in row.to_json()
    again = FeatureRow.from_json(row.to_json())
    assert again == row
    assert again.to_json() == row.to_json()
    assert again.sma_200 is None


@pytest.mark.parametrize("name", ["RSI 14", "1st", "", "a-b"])
def test_a_name_is_one_for_a_column(name: str) -> None:
    with pytest.raises(ValueError, match="name: expected lower_snake_case, was"):
        Feature(name, close, "quote", "", "")


def test_wrong_definitions_are_refused() -> None:
    with pytest.raises(ValueError, match="expected a formula of a window on a longer timeframe"):
        Feature("x", ema(7), "quote", "", "", timeframe_s=300)
    with pytest.raises(ValueError, match="bars: expected at least 1, was 0"):
        lag(close, 0)
    with pytest.raises(TypeError, match="expected an expression or a number, was 'close'"):
        close + "close"  # type: ignore[operator]
    with pytest.raises(ValueError, match=r"x: expected a unit of quote, .*, was 'percent'"):
        Feature("x", close, "percent", "", "")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="bars: expected at least 2, was 1"):
        ema(1)
    with pytest.raises(ValueError, match="feature_set: expected one of core, full, was 'all'"):
        feature_set("all")
