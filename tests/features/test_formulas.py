"""Any formula a person may write: bar by bar and at once the same bits, and no two with one text."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.bar_series import MIDNIGHT_MS, simulated

from features import ANCHOR_BARS, Feature, batch
from features.bars import Bar
from features.batch import compute
from features.engine import Engine
from features.expressions import (
    Arithmetic,
    Column,
    ColumnName,
    Expression,
    Function,
    Given,
    Lag,
    Number,
    Rolling,
    When,
)
from features.functions import close, ema, highest, lag, log, low, mean, sqrt, volume

COLUMNS = get_args(ColumnName)
#: Begins in the middle of blocks; some volumes are 0, some reference closes not known.
BARS = simulated(160, seed=21, first_ms=MIDNIGHT_MS - 37 * 60_000)
FUNCTIONS = ("log", "sqrt", "sign", "step", "positive", "sin", "cos")

#: What comes with the bars: numbers, and some that are not known.
GIVEN = {
    "rsi_14": np.where(np.arange(len(BARS)) % 7 == 3, np.nan, BARS.columns["close"] / 600),
    "direction.direction": np.sign(np.sin(np.arange(len(BARS)))),
}

leaves = st.one_of(
    st.sampled_from(sorted(GIVEN)).map(Given),
    st.sampled_from(COLUMNS).map(Column),
    st.sampled_from([0.0, 1.0, -1.0, 2.5, -0.5, 1e-3, 3.0000004]).map(Number),
)


def operations(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """One more operation on formulas."""
    windows = st.integers(2, 9)
    return st.one_of(
        st.builds(Arithmetic, st.sampled_from("+-*"), parts, parts),
        st.builds(Arithmetic, st.just("/"), parts, parts.filter(lambda part: part != Number(0.0)), parts),
        st.builds(Function, st.sampled_from(FUNCTIONS), parts),
        st.builds(When, parts, parts, parts),
        st.builds(Lag, parts, st.integers(1, 7)),
        st.builds(Rolling, st.sampled_from(("sum", "max", "min", "deviation")), parts, windows),
    )


formulas = st.recursive(leaves, operations, max_leaves=8)


def streamed(features: list[Feature], bars: object = BARS) -> dict[str, np.ndarray]:
    """The features bar by bar."""
    engine = Engine(60, features)
    rows = zip(BARS.starts_ms.tolist(), *(BARS.columns[name].tolist() for name in Bar._fields), strict=True)
    found = []
    for place, (start_ms, *values) in enumerate(rows):
        bar = Bar(*values)
        given = [GIVEN[name][place] for name in engine.given]
        peeked = engine.peek(start_ms, bar, given)
        engine.push(start_ms, bar, given)
        assert engine.values() == peeked
        found.append([math.nan if value is None else value for value in peeked.values()])
    return dict(zip((feature.name for feature in features), np.array(found).T, strict=True))


@settings(derandomize=True, deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(formulas, min_size=1, max_size=4))
def test_stream_equals_batch_to_the_bit(several: list[Expression]) -> None:
    features = [Feature(f"f{n}", formula, "level", "d", "s") for n, formula in enumerate(several)]
    at_once = compute(BARS.starts_ms, BARS.columns, 60, features, GIVEN)
    for name, values in streamed(features).items():
        assert values.tobytes() == _one_nan(at_once[name]).tobytes(), dict(enumerate(map(str, several)))


def _one_nan(values: np.ndarray) -> np.ndarray:
    # What is not known has one spelling in a row: null.
    return np.where(np.isnan(values), math.nan, values)


@settings(derandomize=True, deadline=None, max_examples=400)
@given(formulas, formulas)
def test_no_two_formulas_have_one_text(one: Expression, other: Expression) -> None:
    assert (str(one) == str(other)) == (one == other)


@settings(derandomize=True, deadline=None)
@given(formulas)
def test_known_no_later_than_its_reach_says(formula: Expression) -> None:
    """Where it has a value at all: a window of whatever has none never has one."""
    late = lag(Column("close"), formula.reach.window - 1) if formula.reach.window > 1 else Column("close")
    feature = Feature("f", 0 * formula + 0 * late, "level", "d", "s")
    assert feature.bars() == formula.reach.window
    assert np.isnan(
        compute(BARS.starts_ms, BARS.columns, 60, [feature], GIVEN)["f"][: formula.reach.window - 1]
    ).all()


@pytest.mark.parametrize("bars", [1_441, 1_500, 2_900])
def test_a_value_held_for_days_is_the_same_in_every_stretch(bars: int, monkeypatch: pytest.MonkeyPatch) -> None:
    history = simulated(7 * ANCHOR_BARS, seed=9)
    feature = Feature("f", lag(ema(7), bars) + 0 * highest(ema(7), 30), "quote", "d", "s")
    whole = compute(history.starts_ms, history.columns, 60, [feature])["f"]
    monkeypatch.setattr(batch, "_STRETCH_ANCHORS", 1)
    np.testing.assert_array_equal(compute(history.starts_ms, history.columns, 60, [feature])["f"], whole)
    assert np.isfinite(whole[ANCHOR_BARS + bars :]).all()


def test_what_has_no_value_is_null_in_both() -> None:
    features = [
        Feature("log_volume", log(volume), "level", "d", "s"),
        Feature("root", sqrt(low - close), "level", "d", "s"),
        Feature("constant", Number(3.0), "level", "d", "s"),
        Feature("mean_of_constant", mean(Number(3.0), 5) + lag(Number(2.0), 3), "level", "d", "s"),
    ]
    at_once = compute(BARS.starts_ms, BARS.columns, 60, features)
    for name, values in streamed(features).items():
        np.testing.assert_array_equal(values, at_once[name])
    assert np.isnan(at_once["log_volume"][BARS.columns["volume"] == 0]).all()
    assert (at_once["constant"] == 3.0).all()
    assert (at_once["mean_of_constant"][4:] == 5.0).all()


def test_a_long_formula_is_compiled_and_one_too_deep_refused() -> None:
    weighted = close
    for n in range(1, 100):
        weighted = weighted + lag(close, n) / (n + 1)
    feature = Feature("f", weighted, "quote", "d", "s")
    np.testing.assert_array_equal(streamed([feature])["f"], compute(BARS.starts_ms, BARS.columns, 60, [feature])["f"])
    for n in range(100, 1_000):
        weighted = weighted + lag(close, n)
    with pytest.raises(ValueError, match="f: expected at most 120 nested operations, was 1002"):
        Feature("f", weighted, "quote", "d", "s")


def test_shared_parts_cost_nothing_twice() -> None:
    doubled = close
    for _ in range(60):
        doubled = doubled + doubled
    assert Feature("f", doubled, "quote", "d", "s").bars() == 1


def test_what_cannot_be_a_formula_is_refused() -> None:
    with pytest.raises(ValueError, match="divisor: expected anything but the constant 0, was close / 0"):
        close / 0
    with pytest.raises(TypeError, match=r"bars: expected an integer, was 5\.0"):
        mean(close, 5.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected a timeframe of at least a second, was 0"):
        Feature("f", close, "quote", "d", "s", timeframe_s=0)
