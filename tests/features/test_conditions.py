"""Comparisons, what is made of them, and what comes with a bar: unknown stays unknown, and nothing looks ahead."""

from __future__ import annotations

import doctest
import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.bar_series import MIDNIGHT_MS, simulated

from contracts.errors import BadInputError
from features import ANCHOR_BARS, FEATURE_NAMES, Feature, functions
from features import given as given_module
from features.bars import Bar
from features.batch import compute
from features.engine import Engine
from features.expressions import Expression, Function, Given, Lag, Rolling
from features.functions import (
    above,
    at_least,
    at_most,
    below,
    both,
    close,
    either,
    ema,
    highest,
    lag,
    mean,
    negated,
    opened,
    unknown,
    when,
)
from features.given import feature, predicted

A, B, C = feature("rsi_14"), feature("sma_7"), feature("sma_14")
NUMBERS = [
    -math.inf,
    -1e308,
    -1.0,
    -5e-324,
    -0.0,
    0.0,
    5e-324,
    1e-300,
    1.0,
    math.nextafter(1.0, 2.0),
    1e308,
    math.nan,
]
COMPARED: dict[str, tuple[Callable[..., Expression], Callable[[float, float], bool]]] = {
    "above": (above, lambda a, b: a > b),
    "below": (below, lambda a, b: a < b),
    "at_least": (at_least, lambda a, b: a >= b),
    "at_most": (at_most, lambda a, b: a <= b),
}


def value(formula: Expression, **of: float) -> float:
    """The value of a formula on a bar that comes with these, the same in stream and batch."""
    bars = simulated(1)
    feature = Feature("f", formula, "level", "d", "s")
    engine = Engine(60, [feature])
    engine.push(MIDNIGHT_MS, Bar(*(bars.columns[name][0] for name in Bar._fields)), [of[n] for n in engine.given])
    streamed = engine.values()["f"]
    at_once = compute(bars.starts_ms, bars.columns, 60, [feature], {name: [x] for name, x in of.items()})["f"][0]
    assert at_once == streamed or (streamed is None and math.isnan(at_once))
    return at_once


finite = st.floats(allow_nan=True, allow_infinity=False)


@pytest.mark.parametrize("word", COMPARED)
def test_a_comparison_is_that_of_the_numbers(word: str) -> None:
    make, compare = COMPARED[word]

    @settings(derandomize=True, deadline=None, max_examples=150)
    @given(finite, finite)
    def holds(a: float, b: float) -> None:
        found = value(make(A, B), rsi_14=a, sma_7=b)
        assert math.isnan(found) if math.isnan(a) or math.isnan(b) else found == compare(a, b)

    holds()
    for a, b in product([x for x in NUMBERS if not math.isinf(x)], repeat=2):
        found = value(make(A, B), rsi_14=a, sma_7=b)
        assert math.isnan(found) if math.isnan(a) or math.isnan(b) else found == compare(a, b), (a, b)


@pytest.mark.parametrize(("a", "b"), list(product((1.0, -1.0, math.nan), repeat=2)))
def test_conditions_are_those_of_logic_and_unknown_where_a_part_is(a: float, b: float) -> None:
    one, other = above(A, 0), above(B, 0)
    known = not (math.isnan(a) or math.isnan(b))
    for formula, expected in (
        (both(one, other), a > 0 and b > 0),
        (either(one, other), a > 0 or b > 0),
        (both(one, negated(other)), a > 0 and not b > 0),
        (negated(either(one, other)), not (a > 0 or b > 0)),
    ):
        found = value(formula, rsi_14=a, sma_7=b)
        assert found == expected if known else math.isnan(found)


def test_when_asks_only_for_what_it_chooses() -> None:
    formula = when(above(A, 0), B, C)
    assert value(formula, rsi_14=1.0, sma_7=5.0, sma_14=math.nan) == 5.0
    assert value(formula, rsi_14=-1.0, sma_7=math.nan, sma_14=7.0) == 7.0
    assert math.isnan(value(formula, rsi_14=1.0, sma_7=math.nan, sma_14=7.0))
    assert math.isnan(value(formula, rsi_14=math.nan, sma_7=5.0, sma_14=7.0))
    assert math.isnan(value(when(above(A, 0), unknown, 1), rsi_14=1.0))
    assert str(when(above(A, 0), unknown, 1)) == 'when(step(feature("rsi_14") - 0), unknown, 1)'


def test_only_conditions_are_joined() -> None:
    for word in (both, either):
        with pytest.raises(TypeError, match=f"{word.__name__}: expected conditions such as above"):
            word(above(close, 1), close)
    with pytest.raises(TypeError, match="negated: expected conditions"):
        negated(close - opened)
    with pytest.raises(TypeError, match="when: expected conditions"):
        when(1, 1, 0)  # type: ignore[arg-type]
    nested = both(negated(either(above(close, 1), lag(above(close, 1), 2))), below(close, opened))
    assert str(negated(nested)).startswith("1 - (1 - sign(")


@pytest.mark.parametrize("asked", ["if", "and", "not"])
def test_a_formula_has_no_truth(asked: str) -> None:
    condition = above(close, opened)
    with pytest.raises(TypeError, match=r"expected a formula in words \(both, either, negated, when\), was a truth"):
        _ = {"if": lambda: 1 if condition else 2, "and": lambda: condition and close, "not": lambda: not condition}[
            asked
        ]()


def test_no_word_looks_ahead() -> None:
    for ahead in (0, -1):
        with pytest.raises(ValueError, match=f"bars: expected at least 1, was {ahead}"):
            lag(close, ahead)
        with pytest.raises(ValueError, match=f"bars: expected at least 1, was {ahead}"):
            Lag(close, ahead)
        with pytest.raises(ValueError, match=f"bars: expected at least 2, was {ahead}"):
            Rolling("max", close, ahead)
    bars = simulated(400, seed=3)
    formula = when(both(above(mean(close, 7), mean(close, 30)), below(close, highest(close, 9))), 1, lag(unknown, 1))
    whole = compute(bars.starts_ms, bars.columns, 60, [Feature("f", formula, "level", "d", "s")])["f"]
    for cut in (1, 29, 30, 211):
        part = bars[:cut]
        found = compute(part.starts_ms, part.columns, 60, [Feature("f", formula, "level", "d", "s")])["f"]
        np.testing.assert_array_equal(found, whole[:cut])


def test_what_comes_with_a_bar_is_named() -> None:
    assert [str(part) for part in predicted("direction")] == [
        f'predicted("direction").{name}' for name in ("probability_up", "confidence", "direction")
    ]
    for name in FEATURE_NAMES:
        assert Feature("f", feature(name), "level", "d", "s").given == {name}
    with pytest.raises(ValueError, match=r"feature: expected the name of a feature .* \(did you mean rsi_14\?\)"):
        feature("rsi14")
    for model in ("", "a.b", "my model"):
        with pytest.raises(ValueError, match="predicted: expected the name of a model"):
            predicted(model)
    with pytest.raises(ValueError, match="f: expected columns of bars on a longer timeframe"):
        Feature("f", feature("rsi_14"), "level", "d", "s", timeframe_s=300)
    assert Feature("f", lag(mean(feature("ema_7"), 5), 2), "level", "d", "s").bars() == 7


def test_what_should_come_and_does_not_is_told() -> None:
    bars, asked = simulated(5), [Feature("f", feature("rsi_14"), "level", "d", "s")]
    with pytest.raises(BadInputError, match=r"given\.rsi_14: expected values, which f is made from, was 'missing'"):
        compute(bars.starts_ms, bars.columns, 60, asked)
    with pytest.raises(BadInputError, match=r"given\.rsi_14: expected shape \(5,\)"):
        compute(bars.starts_ms, bars.columns, 60, asked, {"rsi_14": [1.0]})
    with pytest.raises(BadInputError, match=r"given\.rsi_14: expected finite numbers, NaN where not known"):
        compute(bars.starts_ms, bars.columns, 60, asked, {"rsi_14": [math.inf] * 5})


def test_an_engine_resumes_with_what_came_with_the_bars() -> None:
    bars = simulated(2 * ANCHOR_BARS, seed=8)
    asked = [Feature("f", mean(feature("rsi_14") * close, 9) + 0 * ema(7), "level", "d", "s")]
    rng = np.random.default_rng(1)
    with_them = [[x] for x in rng.random(len(bars)).tolist()]
    rows = [
        (start, Bar(*values))
        for start, *values in zip(bars.starts_ms.tolist(), *(bars.columns[n] for n in Bar._fields), strict=True)
    ]
    steadily, resumed = Engine(60, asked), Engine(60, asked)
    for (start, bar), with_it in zip(rows, with_them, strict=True):
        steadily.push(start, bar, with_it)
    resumed.resume(rows, with_them)
    assert steadily.values() == resumed.values() != {"f": None}
    np.testing.assert_array_equal(
        compute(bars.starts_ms, bars.columns, 60, asked, {"rsi_14": np.ravel(with_them)})["f"][-1],
        steadily.values()["f"],
    )


def test_a_hole_is_one_for_what_came_with_the_bars_too() -> None:
    bars = simulated(300)
    there = np.ones(300, dtype=bool)
    there[100:103] = False
    asked = [Feature("f", mean(feature("rsi_14"), 5), "level", "d", "s")]
    found = compute(bars.starts_ms[there], bars[there].columns, 60, asked, {"rsi_14": np.arange(297.0)})["f"]
    assert np.isnan(found[100:104]).all()
    assert found[104] == 102.0


def test_examples() -> None:
    for module in (functions, given_module):
        tested = doctest.testmod(module)
        assert tested.failed == 0 < tested.attempted


def test_texts_of_the_words_stay_what_they_were() -> None:
    """Ids of feature sets are made of them."""
    assert str(above(close, 2.5)) == "step(close - 2.5)"
    assert isinstance(above(close, 1), Function)
    assert Given("rsi_14") == feature("rsi_14")
