"""The population stability index: by hand, against scipy, and with limits that the training data itself gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy

from modeling.stability import BINS, BLOCK, MARGIN, SAID, Spread, spreads, stability_index
from predictions.core import quality


def test_by_hand() -> None:
    """Two bins of half each; 30 and 70 came: (0.3 - 0.5) ln 0.6 + (0.7 - 0.5) ln 1.4."""
    assert stability_index([0.5, 0.5], [30, 70]) == pytest.approx(-0.2 * math.log(0.6) + 0.2 * math.log(1.4))
    assert stability_index([0.25] * 4, [5, 5, 5, 5]) == 0
    # Nobody came to a bin of a tenth: it counts as one in ten thousand.
    assert stability_index([0.1, 0.9], [0, 10]) == pytest.approx(
        (1e-4 - 0.1) * math.log(1e-3) + 0.1 * math.log(1 / 0.9)
    )


@settings(derandomize=True, max_examples=50, deadline=None)
@given(
    shares=st.lists(st.floats(0.01, 1), min_size=2, max_size=10),
    counts=st.lists(st.integers(1, 500), min_size=10, max_size=10),
)
def test_it_is_the_divergence_both_ways(shares: list[float], counts: list[int]) -> None:
    expected = np.array(shares) / sum(shares)
    came = np.array(counts[: len(shares)], dtype=float)
    both = entropy(came, expected) + entropy(expected, came)
    assert stability_index(expected.tolist(), counts[: len(shares)]) == pytest.approx(both, rel=1e-9, abs=1e-12)


def test_ten_bins_of_as_many_rows_and_numpys_histogram() -> None:
    random = np.random.default_rng(1)
    values = random.normal(0, 1, 5_000)
    spread = Spread.of("x", [values])
    assert len(spread.shares) == BINS and spread.shares == pytest.approx([0.1] * BINS, abs=1e-3)
    assert spread.edges == pytest.approx(np.quantile(values, np.arange(1, 10) / 10).tolist(), abs=1e-2)
    window = random.normal(0.5, 1.5, 400)
    by_numpy = np.histogram(window, [-np.inf, *spread.edges, np.inf])[0].tolist()
    counts = [0] * BINS
    for value in window.tolist():
        counts[spread.bin_of(value)] += 1
    assert counts == by_numpy
    assert spread.index(counts) == pytest.approx(stability_index(spread.shares, by_numpy), abs=1e-6)


def test_the_index_of_a_known_shift() -> None:
    """A normal variable that moves by d has (d * (Phi'(x) ...)): by numerical integration, 0.2365 for d = 0.5."""
    random = np.random.default_rng(2)
    spread = Spread.of("x", [random.normal(0, 1, 200_000)])
    moved = np.bincount([spread.bin_of(value) for value in random.normal(0.5, 1, 20_000)], minlength=BINS)
    exact_shares = np.diff([0, *(0.5 * (1 + math.erf((edge - 0.5) / math.sqrt(2))) for edge in spread.edges), 1])
    exact = float(np.sum((exact_shares - 0.1) * np.log(exact_shares / 0.1)))
    assert spread.index(moved.tolist()) == pytest.approx(exact, abs=0.02)
    assert exact > 0.2


def test_ties_make_fewer_bins_and_a_constant_one() -> None:
    tied = Spread.of("x", [np.array([0.0] * 600 + [1.0] * 200 + [2.0] * 200)])
    assert tied.edges == (1.0, 2.0) and tied.shares == pytest.approx((0.6, 0.2, 0.2))
    assert [tied.bin_of(value) for value in (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 9.0)] == [0, 0, 0, 1, 1, 2, 2]
    constant = Spread.of("x", [np.full(1_000, 3.0)])
    assert (constant.edges, constant.shares) == ((), (1.0,)) and constant.index([400]) == 0


def test_the_limit_is_that_of_the_farthest_part_of_the_training_data() -> None:
    """Quiet nights: what one of them is like is no shift, what none was like is one."""
    random = np.random.default_rng(3)
    loud = np.tile(np.repeat([1.0, 0.2], 700), 4)
    values = random.normal(0, 1, len(loud)) * loud
    spread = Spread.of("x", [values])
    night = values[700 + 100 : 700 + 100 + BLOCK]

    def index(window: np.ndarray) -> float:
        return spread.index(np.bincount([spread.bin_of(each) for each in window], minlength=BINS).tolist())

    assert 0.25 < index(night) <= spread.limit / MARGIN + 1e-6
    assert index(random.normal(0, 1, BLOCK) * 0.2) < spread.limit
    assert index(random.normal(5, 1, BLOCK)) > spread.limit


def test_pairs_are_blocks_of_their_own_and_probabilities_come_last() -> None:
    random = np.random.default_rng(4)
    inputs = random.normal(0, 1, (2_000, 2))
    inputs[1_000:, 0] += 5  # one pair is another market than the other: windows are of one of them
    pairs = np.repeat([0, 1], 1_000)
    said = random.uniform(0.4, 0.6, 2_000)
    first, second, last = spreads(("a", "b"), inputs, said, pairs)
    assert (first.name, second.name, last.name) == ("a", "b", SAID)
    assert first.limit > 3 * second.limit
    assert sum(last.shares) == pytest.approx(1) and 0.4 < last.edges[0] < last.edges[-1] < 0.6


def test_a_block_is_as_long_as_what_is_compared_with_it() -> None:
    assert BLOCK == 2 * quality.WINDOW
