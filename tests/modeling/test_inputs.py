"""Inputs: one definition, scale-free, complete over the list of features."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.feature_rows import changed

from contracts.feature_row import FeatureRow
from contracts.units import decimal_string, parse_decimal
from features import feature_set
from modeling.input_list import InputList, input_list
from modeling.inputs import EXCLUDED_FEATURES, INPUT_NAMES, INPUTS
from modeling.sequence import SeenBar

FEATURE_NAMES = [feature.name for feature in feature_set("core")]


def model_inputs(row: FeatureRow, inputs: InputList | None = None) -> list[float] | None:
    """What the models that come along see of `row`."""
    return SeenBar.of(row).inputs(inputs or input_list())


@pytest.fixture(scope="module")
def warm(rows_of) -> FeatureRow:
    return rows_of(count=900)[-1]


def test_every_feature_is_an_input_or_excluded_with_a_reason() -> None:
    used = {feature for each in INPUTS for feature in each.features}
    assert used | set(EXCLUDED_FEATURES) == set(FEATURE_NAMES)
    assert not used & set(EXCLUDED_FEATURES)
    assert all(EXCLUDED_FEATURES.values())


def test_names_are_unique_and_the_set_has_an_id() -> None:
    assert len(set(INPUT_NAMES)) == len(INPUT_NAMES)
    assert input_list().id == InputList(INPUT_NAMES).id


@pytest.mark.parametrize("feature", FEATURE_NAMES)
def test_none_while_a_feature_is_not_warm(warm: FeatureRow, feature: str) -> None:
    assert model_inputs(warm) is not None
    assert model_inputs(changed(warm, **{feature: None})) is None


@pytest.mark.parametrize("feature", [name for name in FEATURE_NAMES if name.startswith(("sma", "ema"))])
def test_none_where_a_ratio_is_not_finite(warm: FeatureRow, feature: str) -> None:
    assert model_inputs(changed(warm, **{feature: 0.0})) is None


def test_an_empty_bar_in_a_flat_market_is_usable(warm: FeatureRow) -> None:
    flat = changed(
        warm,
        open="100",
        high="100",
        low="100",
        close="100",
        volume="0",
        trade_count=0,
        quality="empty",
        bollinger_upper_20=100.0,
        bollinger_middle_20=100.0,
        bollinger_lower_20=100.0,
        obv=0.0,
        atr_14=0.0,
    )
    inputs = dict(zip(INPUT_NAMES, model_inputs(flat) or (), strict=True))
    assert inputs["band_position"] == inputs["volume_balance"] == inputs["log_return"] == 0.0


@settings(derandomize=True, max_examples=40, deadline=None)
@given(price=st.sampled_from([2, 8, 64, 1024]), volume=st.sampled_from([2, 16, 4096]))
def test_scale_of_price_and_volume_does_not_matter(warm: FeatureRow, price: int, volume: int) -> None:
    in_quote = {n: getattr(warm, n) * price for n in FEATURE_NAMES if n not in ("rsi_14", "obv")}
    candle = {n: decimal_string(parse_decimal(getattr(warm, n)) * price) for n in ("open", "high", "low", "close")}
    scaled = changed(
        warm,
        **in_quote,
        **candle,
        obv=(warm.obv or 0.0) * volume,
        volume=decimal_string(parse_decimal(warm.volume) * volume),
    )
    pairs = zip(model_inputs(warm) or (), model_inputs(scaled) or (), strict=True)
    for name, (before, after) in zip(INPUT_NAMES, pairs, strict=True):
        assert math.isclose(before, after, rel_tol=1e-9, abs_tol=1e-12), name


def test_the_row_is_not_changed(warm: FeatureRow) -> None:
    before = warm.to_json()
    model_inputs(warm)
    assert warm.to_json() == before
