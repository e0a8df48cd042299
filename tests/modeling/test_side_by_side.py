"""Champion and challenger side by side: by hand, pairs that move together, how often chance looks like a gain."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modeling.judging.evidence import Floats
from modeling.judging.side_by_side import side_by_side

MINUTE = 60_000


def test_by_hand() -> None:
    """At 0 two pairs, one up and one down; at one minute one pair, down."""
    times = np.array([0, 0, MINUTE])
    champion, challenger = np.array([0.5, 0.5, 0.5]), np.array([0.8, 0.4, 0.8])
    found = side_by_side(times, champion, challenger, np.array([True, False, False]), 1)
    assert found is not None
    first = (-math.log(0.8) - math.log(0.6)) / 2
    second = -math.log(0.2)
    assert math.isclose(found.challenger_log_loss, (first + second) / 2)
    assert math.isclose(found.champion_log_loss, math.log(2))
    assert math.isclose(found.gain, math.log(2) - (first + second) / 2)
    assert (found.samples, found.times, found.error) == (3, 2, None)
    assert (found.champion_hit_rate, found.challenger_hit_rate) == (2 / 3, 2 / 3)


def test_nothing_in_common_is_nothing_to_say() -> None:
    assert side_by_side(np.array([]), np.array([]), np.array([]), np.array([], dtype=bool), 1) is None


@given(st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_pairs_that_move_as_one_are_one(pairs: int, seed: int) -> None:
    dice = np.random.default_rng(seed)
    times, rose = np.arange(60) * MINUTE, dice.random(60) < 0.5
    up, other = dice.uniform(0.1, 0.9, 60), dice.uniform(0.1, 0.9, 60)
    one = side_by_side(times, up, other, rose, 2)
    place = np.repeat(np.arange(60), pairs)
    many = side_by_side(times[place], up[place], other[place], rose[place], 2)
    assert one is not None and many is not None and one.error is not None and many.error is not None
    assert math.isclose(one.gain, many.gain, abs_tol=1e-12)
    assert math.isclose(one.error, many.error, rel_tol=1e-9)


def test_chance_is_within_its_error_however_labels_overlap() -> None:
    """Two that know nothing, on labels that overlap by five: beyond two errors about one time in twenty."""
    dice, beyond = np.random.default_rng(7), 0
    for _ in range(400):
        steps = dice.normal(size=1_005)
        rose = np.convolve(steps, np.ones(5), "valid")[:1_000] > 0
        found = side_by_side(np.arange(1_000) * MINUTE, knows_nothing(dice), knows_nothing(dice), rose, 5)
        assert found is not None and found.error is not None
        beyond += abs(found.gain) > 2 * found.error
    assert beyond / 400 < 0.1


def knows_nothing(dice: np.random.Generator) -> Floats:
    """Probabilities that change slowly and have nothing to do with what comes."""
    ups: Floats = 1 / (1 + np.exp(-0.1 * np.convolve(dice.normal(size=1_009), np.ones(10), "valid")))
    return ups
