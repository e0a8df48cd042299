"""Labels know only their horizon; splits let no label reach into another part."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.feature_rows import changed

from contracts.errors import BadInputError
from modeling.dataset import build_dataset
from modeling.labels import forward_log_returns
from modeling.splits import hold_out, walk_forward


def test_the_last_bars_have_no_label() -> None:
    returns = forward_log_returns(np.arange(20, dtype=np.int64) * 60, np.linspace(1, 2, 20), 300)
    assert np.isnan(returns[-5:]).all()
    assert not np.isnan(returns[:-5]).any()


def test_horizon_is_counted_in_time_and_a_gap_has_no_close() -> None:
    times = np.array([0, 60, 240, 300], dtype=np.int64)
    returns = forward_log_returns(times, np.array([1.0, 2.0, 4.0, 8.0]), 240)
    assert returns[0] == pytest.approx(np.log(4))
    assert returns[1] == pytest.approx(np.log(4))
    with_gap = forward_log_returns(times, np.array([1.0, 2.0, np.nan, 8.0]), 240)
    assert np.isnan(with_gap[0])


def test_changing_the_future_leaves_inputs_and_past_labels_unchanged(rows_of) -> None:
    rows = rows_of(count=800)
    later = [changed(row, close="1", rsi_14=1.0) if i >= 760 else row for i, row in enumerate(rows)]
    before, after = (build_dataset(each, 10, 5, 60) for each in (rows, later))
    past = before.times_ms < rows[755].window_start_ms
    assert past.sum() > 50
    count = int(past.sum())
    assert np.array_equal(before.samples.x(slice(0, count)), after.samples.x(slice(0, count)))
    assert np.array_equal(before.samples.y[:count], after.samples.y[:count])


def test_no_sequence_crosses_a_hole_or_a_gap(rows_of) -> None:
    rows = rows_of(count=800)
    whole = build_dataset(rows, 10, 5, 60)
    holed = build_dataset(rows[:750] + rows[751:], 10, 5, 60)
    gapped = build_dataset([*rows[:750], changed(rows[750], quality="gap"), *rows[751:]], 10, 5, 60)
    missing = set(whole.times_ms) - set(holed.times_ms)
    hole_ms = rows[750].window_start_ms
    # ten sequences would contain the bar, and one label five bars before needs its close
    assert missing == {hole_ms + i * 60_000 for i in range(10)} | {hole_ms - 5 * 60_000}
    assert np.array_equal(gapped.times_ms, holed.times_ms)
    assert np.array_equal(gapped.samples.x(), holed.samples.x())


def test_repeated_rows_later_revisions_and_other_intervals_change_nothing(rows_of) -> None:
    rows = rows_of(count=750)
    noise = [changed(rows[740], revision=1, close="7"), changed(rows[740], interval_s=300), rows[730]]
    plain, noisy = (build_dataset(each, 10, 5, 60) for each in (rows, [*rows[:745], *noise, *rows[740:]]))
    assert np.array_equal(plain.samples.x(), noisy.samples.x())
    assert plain.rows == noisy.rows == 750


@settings(derandomize=True, max_examples=80, deadline=None)
@given(count=st.integers(0, 400), horizon=st.integers(1, 20), fraction=st.floats(0.05, 0.4))
def test_what_is_held_out_is_purged_and_embargoed(count: int, horizon: int, fraction: float) -> None:
    times = np.repeat(np.arange(count, dtype=np.int64), 2)
    earlier, later = hold_out(times, horizon, fraction)
    if len(earlier) and len(later):
        assert times[earlier].max() + 2 * horizon <= times[later].min()


@settings(derandomize=True, max_examples=120, deadline=None)
@given(
    times=st.lists(st.integers(0, 300), max_size=300),
    horizon=st.integers(1, 20),
    folds=st.integers(1, 6),
    first=st.floats(0.1, 0.8),
    window=st.sampled_from(["expanding", "rolling"]),
)
def test_folds_walk_forward(times, horizon, folds, first, window) -> None:
    """Of pairs with holes: no label of a train part reaches what its fold judges, and nothing is judged twice."""
    at = np.array(times, dtype=np.int64)
    found = list(walk_forward(at, horizon, folds, first, window))
    assert len(found) == (folds if times else 0)
    for fold in found:
        if len(fold.train) and len(fold.test):
            assert at[fold.train].max() + 2 * horizon <= at[fold.test].min()
        both_pairs = {time: set(np.flatnonzero(at == time)) for time in at[fold.test]}
        assert all(indices <= set(fold.test) for indices in both_pairs.values()), "pairs are cut at the same times"
    tested = np.concatenate([fold.test for fold in found] or [np.empty(0, dtype=np.intp)])
    assert len(np.unique(tested)) == len(tested)
    ends = [at[fold.test].max() for fold in found if len(fold.test)]
    assert ends == sorted(ends)
    if window == "expanding":
        assert all(set(a.train) <= set(b.train) for a, b in pairwise(found))


def test_folds_use_the_whole_of_what_follows_the_first_part() -> None:
    found = list(walk_forward(np.arange(100, dtype=np.int64), 2, 3, 0.4))
    assert [(fold.train.max(), fold.test.min(), fold.test.max()) for fold in found] == [
        (38, 42, 59),
        (58, 62, 79),
        (78, 82, 99),
    ]
    rolling = list(walk_forward(np.arange(100, dtype=np.int64), 2, 3, 0.4, "rolling"))
    assert [(fold.train.min(), fold.train.max()) for fold in rolling] == [(0, 38), (20, 58), (40, 78)]


def test_folds_that_leave_nothing_to_train_on_are_refused() -> None:
    with pytest.raises(BadInputError, match="folds"):
        list(walk_forward(np.arange(10), 1, 0, 0.4))
    with pytest.raises(BadInputError, match="folds"):
        list(walk_forward(np.arange(10), 1, 3, 1.0))


def test_rows_that_are_no_samples_are_counted_by_cause(rows_of) -> None:
    """681 are not warm, nine begin a run; five follow a gap, two a hole and nine another one."""
    rows = rows_of(count=800)
    flat = {"close": rows[780].close}
    gapped = [*rows[:740], changed(rows[740], quality="gap"), *rows[741:746], *rows[747:749], *rows[750:785]]
    data = build_dataset([*gapped, changed(rows[785], **flat), *rows[786:]], 10, 5, 60)
    assert sum(data.unused.values()) + len(data.samples) == data.rows == 798
    assert data.unused == {
        "gap": 1,
        "not_warm": 681,
        "after_gap": 5,
        "after_hole": 11,
        "short_run": 9,
        "horizon_not_over": 5,
        "hole_ahead": 1,
        "did_not_move": 1,
    }
