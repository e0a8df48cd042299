"""Functions of a window: what TA-Lib gives on that slice alone, whatever came before it."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
import talib
from bar_series import simulated
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.features import FEATURES, Feature
from indicators.core import bars, windows
from indicators.core.computations import computations

BARS = simulated(300)


@pytest.mark.parametrize("module", [windows, bars], ids=lambda module: module.__name__)
def test_examples(module: object) -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("period", [7, 14, 21, 60])
def test_sma_is_talib_on_the_slice_to_the_bit(period: int) -> None:
    close = BARS.columns["close"]
    for end in range(period, len(BARS)):
        window = close[end - period : end]
        assert windows.sma(window.tolist(), period) == (talib.SMA(window.copy(), period)[-1],)


def test_bollinger_is_talib_on_the_slice() -> None:
    close = BARS.columns["close"]
    for end in range(20, len(BARS)):
        window = close[end - 20 : end]
        ours = windows.bollinger(window.tolist(), 20, 2.0, 2.0, 0)
        theirs = [band[-1] for band in talib.BBANDS(window.copy(), 20, 2.0, 2.0, 0)]
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)


@settings(derandomize=True)
@given(st.lists(st.tuples(st.floats(1, 1e6), st.floats(0, 1e9)), min_size=61, max_size=61))
def test_rolling_obv_is_the_exact_sum_up_to_rounding(window: list[tuple[float, float]]) -> None:
    close, volume = [list(column) for column in zip(*window, strict=True)]
    signs = np.sign(np.diff(close))
    exact = math.fsum(sign * traded for sign, traded in zip(signs, volume[1:], strict=True))
    (ours,) = windows.rolling_obv(close, volume, 60)
    assert abs(ours - exact) <= 1e-14 * math.fsum(volume)


def test_a_window_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 4 bars, was 3"):
        windows.rolling_obv([1.0] * 3, [1.0] * 3, 3)
    with pytest.raises(ValueError, match="matype: expected 0"):
        windows.bollinger([1.0] * 20, 20, 2.0, 2.0, 1)


def test_outputs_of_one_function_are_computed_once() -> None:
    windowed, recursive = computations(FEATURES)
    assert len([c for c in windowed if c.function == "BBANDS"]) == 1
    assert len([c for c in recursive if c.function == "MACD"]) == 1
    outputs = [name for computation in (*windowed, *recursive) for name, _ in computation.outputs]
    assert sorted(outputs) == sorted(feature.name for feature in FEATURES)


@pytest.mark.parametrize("memory", ["finite", "recursive"])
def test_a_function_that_does_not_exist_is_found_at_the_start(memory: str) -> None:
    unknown = Feature("x", "NO_SUCH", ("close",), memory, 5, "quote", "", "")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"x: expected .*, was 'NO_SUCH'"):
        computations([unknown])
