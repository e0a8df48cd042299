"""The share of moves beyond a round trip, by hand and against a plain loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.judging.moves import HORIZONS, LEAST_SHARE, beyond_costs, moves_beyond_costs


def test_moves_beyond_costs_by_hand() -> None:
    """From 100: 1.0 % after a bar and 0.9 % after two, against 0.2 %; from 101 a tenth of a per cent."""
    times, closes = np.array([0, 60, 120, 240], dtype=np.int64), np.array([100.0, 101.0, 100.9, np.nan])
    assert beyond_costs(times, closes, 60, 1, 10.0) == (1, 2)
    assert beyond_costs(times, closes, 60, 2, 10.0) == (1, 1)
    assert beyond_costs(times, closes, 60, 1, 60.0) == (0, 2)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), horizon=st.integers(1, 40), cost_bps=st.floats(0, 60))
def test_the_share_is_that_of_a_plain_loop(seed: int, horizon: int, cost_bps: float) -> None:
    random = np.random.default_rng(seed)
    pairs = [100 * np.exp(np.cumsum(random.standard_normal(count) * 0.001)) for count in (50, 90)]
    moves = [
        abs(math.log(b / a)) for closes in pairs for a, b in zip(closes[:-horizon], closes[horizon:], strict=True)
    ]
    found = moves_beyond_costs([(np.arange(len(each)) * 60, each) for each in pairs], 60, horizon, cost_bps)
    assert found.share == pytest.approx(np.mean([move > 2 * cost_bps / 10_000 for move in moves]))
    assert list(found.shares) == sorted({horizon, *(bars for bars in HORIZONS if bars < 90)})


def test_the_horizon_from_which_there_is_enough() -> None:
    """A close that rises by ten basis points a bar: beyond a round trip of 84 from nine bars on, and never before."""
    closes = 100 * np.exp(0.001 * np.arange(300))
    found = moves_beyond_costs([(np.arange(300) * 60, closes)], 60, 5, 42.0)
    assert (found.share, found.enough, found.enough_from) == (0.0, False, 9)
    assert (found.shares[1], found.shares[15], found.shares[240]) == (0.0, 1.0, 1.0)
    assert 480 not in found.shares
    nine = moves_beyond_costs([(np.arange(300) * 60, closes)], 60, 9, 42.0)
    assert (nine.share, nine.enough, nine.enough_from) == (1.0, True, 9)
    assert str(found).startswith("moves beyond a round trip of 84 basis points: 1 bar 0.0 %, 5 bars 0.0 %, 15 bars 1")


def test_a_market_that_stands_still_has_enough_nowhere() -> None:
    found = moves_beyond_costs([(np.arange(300) * 60, np.full(300, 7.0))], 60, 5, 42.0)
    assert (found.share, found.enough_from) == (0.0, None)
    assert moves_beyond_costs([], 60, 5, 42.0).shares == {}
    assert 0 < LEAST_SHARE < 1
