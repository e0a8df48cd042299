"""Sliding windows: the same bits bar by bar, over arrays and from any start, and what plain arithmetic gives."""

from __future__ import annotations

import doctest
import math
from typing import Any

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from features import bars, blocks, calendar, timeframes
from features.bars import Bar
from features.expressions import Column, Rolling, RollingName
from features.program import program

NAMES: tuple[RollingName, ...] = ("sum", "max", "min", "deviation")
every_fold = pytest.mark.parametrize("name", NAMES)
PLAIN: dict[str, Any] = {"sum": math.fsum, "max": max, "min": min, "deviation": np.std}
finite = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


@pytest.mark.parametrize("module", [blocks, bars, calendar, timeframes], ids=lambda module: module.__name__)
def test_examples(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


def streamed(name: RollingName, values: list[float], length: int, first_number: int) -> list[float]:
    """The windows as the stream folds them."""
    steps = program((Rolling(name, Column("close"), length),)).start(first_number)
    found = []
    for number, value in enumerate(values, start=first_number):
        bar = Bar(1.0, 1.0, 1.0, value, 1.0, 1.0, 1.0)
        (peeked,) = steps.peek(number, 0, bar, ())
        (pushed,) = steps.push(number, 0, bar, ())
        assert peeked == pushed or math.isnan(peeked) == math.isnan(pushed) is True
        found.append(pushed)
    return found


@every_fold
@settings(derandomize=True, deadline=None)
@given(
    values=st.lists(st.one_of(finite, st.just(math.nan)), min_size=1, max_size=60),
    length=st.integers(2, 9),
    first_number=st.integers(0, 10_000),
)
def test_stream_equals_arrays_to_the_bit(
    name: RollingName, values: list[float], length: int, first_number: int
) -> None:
    at_once = blocks.rolling(name, np.array(values), length, first_number)
    np.testing.assert_array_equal(streamed(name, values, length, first_number), at_once)


@every_fold
@settings(derandomize=True, deadline=None)
@given(
    values=st.lists(st.one_of(finite, st.just(math.nan)), min_size=12, max_size=60),
    length=st.integers(2, 9),
    start=st.integers(0, 11),
)
def test_a_window_is_known_when_its_values_are_and_from_any_start(
    name: RollingName, values: list[float], length: int, start: int
) -> None:
    at_once = blocks.rolling(name, np.array(values), length, 77)
    later = blocks.rolling(name, np.array(values[start:]), length, 77 + start)
    for end in range(length, len(values) + 1):
        window = values[end - length : end]
        found = at_once[end - 1]
        if any(math.isnan(value) for value in window):
            assert math.isnan(found)
            continue
        scale = max(map(abs, window)) or 1.0
        assert abs(found - PLAIN[name](window)) <= 1e-12 * scale * (length if name == "sum" else 1) + 1e-12 * scale
        if end - length >= start:
            assert later[end - 1 - start] == found
    assert np.isnan(at_once[: length - 1]).all()


@pytest.mark.parametrize("length", [2, 7, 20, 60])
def test_what_stands_still_does_not_deviate(length: int) -> None:
    found = blocks.rolling("deviation", np.full(500, 0.1), length, 3)
    assert (found[length - 1 :] == 0.0).all()


def test_an_absurd_value_is_gone_when_it_has_left_the_window() -> None:
    rng = np.random.default_rng(3)
    close = 30_000 + rng.normal(size=400).cumsum()
    absurd = close.copy()
    absurd[150] = 1e17
    for name in NAMES:
        expected, found = (blocks.rolling(name, values, 20, 0) for values in (close, absurd))
        np.testing.assert_array_equal(found[170:], expected[170:])
        np.testing.assert_array_equal(found[:150], expected[:150])
    assert abs(talib.SMA(absurd, 20)[170:] - talib.SMA(close, 20)[170:]).max() > 0.1, "a running sum remembers"


def test_the_sum_of_negative_zeros_is_zero() -> None:
    values = [-0.0] * 12
    for found in (streamed("sum", values, 3, 1)[2:], blocks.rolling("sum", np.array(values), 3, 1)[2:].tolist()):
        assert all(math.copysign(1.0, value) == 1.0 for value in found)
