"""The list of features is complete, consistent and what the requirement asks for."""

from __future__ import annotations

from contracts.feature_row import FeatureRow
from contracts.features import (
    ANCHOR_BARS,
    FEATURE_NAMES,
    FEATURES,
    WARM_UP_BARS,
    ema_bars,
    feature_set_id,
    wilder_bars,
)

REQUIRED = {
    "rsi_14", "sma_7", "sma_14", "sma_21", "sma_60", "ema_7", "ema_14", "ema_21", "ema_60", "macd_7", "macd_signal_7",
    "macd_hist_7", "bollinger_upper_20", "bollinger_middle_20", "bollinger_lower_20", "atr_14", "obv",
}  # fmt: skip


def test_the_required_features_are_there_under_their_names() -> None:
    assert set(FEATURE_NAMES) >= REQUIRED
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES)


def test_the_row_has_a_column_for_each_feature() -> None:
    assert [name for name in FeatureRow.model_fields if name in FEATURE_NAMES] == list(FEATURE_NAMES)


def test_each_feature_is_described_and_sourced() -> None:
    assert all(f.description and f.source and f.unit and f.inputs and f.bars > 0 for f in FEATURES)


def test_warm_up_fits_between_two_anchors() -> None:
    """Otherwise a recursive feature would need bars of the day before the day before."""
    assert WARM_UP_BARS <= ANCHOR_BARS


def test_bars_bring_the_seed_below_a_billionth() -> None:
    assert (59 / 61) ** (ema_bars(60) - 60) < 1e-9
    assert (13 / 14) ** (wilder_bars(14) - 15) < 1e-9


def test_the_set_id_follows_the_definitions() -> None:
    name, digest = feature_set_id().split(":")
    assert name == "core"
    assert len(digest) == 12
