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
from modeling.labels import forward_log_returns, labels
from modeling.splits import purged_split


def test_label_is_where_the_close_goes_if_it_moves() -> None:
    times = np.arange(4, dtype=np.int64) * 60
    y = labels(times, np.array([1.0, 2.0, 2.0, 1.0]), 60)
    assert y[[0, 2]].tolist() == [1.0, 0.0]
    assert np.isnan(y[[1, 3]]).all()


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


@settings(derandomize=True, max_examples=60, deadline=None)
@given(cut=st.integers(6, 39), horizon=st.integers(1, 5))
def test_no_look_ahead_beyond_the_horizon(cut: int, horizon: int) -> None:
    times = np.arange(40, dtype=np.int64) * 60
    closes = np.exp(np.sin(np.arange(40)))
    other = closes.copy()
    other[cut:] *= 3
    before, after = (labels(times, each, horizon * 60) for each in (closes, other))
    known = cut - horizon
    assert np.array_equal(before[:known], after[:known], equal_nan=True)


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
@given(
    count=st.integers(0, 400), horizon=st.integers(1, 20), tune=st.floats(0.05, 0.3), validation=st.floats(0.05, 0.4)
)
def test_split_is_purged_and_embargoed(count: int, horizon: int, tune: float, validation: float) -> None:
    times = np.repeat(np.arange(count, dtype=np.int64), 2)
    split = purged_split(times, horizon, tune, validation)
    parts = [times[part] for part in (split.train, split.tune, split.validation)]
    filled = [part for part in parts if len(part)]
    for earlier, later in pairwise(filled):
        assert earlier.max() + horizon <= later.min() - horizon
    indices = np.concatenate([split.train, split.tune, split.validation])
    assert len(np.unique(indices)) == len(indices)


def test_split_refuses_fractions_that_leave_nothing_to_train_on() -> None:
    with pytest.raises(BadInputError, match="validation_fraction"):
        purged_split(np.arange(10), 1, 0.5, 0.5)
