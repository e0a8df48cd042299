"""The fold: which rows have a prediction, and why one has no probability."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.feature_rows import MINUTE_MS, changed

from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.state import MemoryState
from modeling.dataset import build_dataset
from modeling.facts import Answer, ModelFacts
from modeling.input_list import input_list
from modeling.sequence import SEQUENCE_BARS, Run, extend
from predictions.core.decision import initial, step
from predictions.run_store import RunStore

LENGTH = 10


def _facts(trained_to_ms: int, length: int = LENGTH) -> ModelFacts:
    return ModelFacts("direction", 3, input_list(), length, 5, 60, trained_to_ms)


def _forecast(bars) -> Answer:
    return Answer(0.5 + 0.4 * max(min(sum(bars[-1]), 1.0), -1.0) + 1e-9 * len(bars))


def _fold(rows: list[FeatureRow], facts: ModelFacts, run: Run | None = None) -> list[Prediction]:
    run, out = run or initial(), []
    for row in rows:
        run, predictions = step(run, row, facts, _forecast)
        out.extend(predictions)
    return out


@pytest.fixture(scope="module")
def rows(rows_of) -> list[FeatureRow]:
    return rows_of(count=800)


@pytest.fixture(scope="module")
def facts(rows: list[FeatureRow]) -> ModelFacts:
    return _facts(rows[720].window_start_ms)


def test_every_row_after_training_has_one_prediction_and_none_before(rows, facts) -> None:
    predictions = _fold(rows, facts)
    assert [p.window_start_ms for p in predictions] == [r.window_start_ms for r in rows[720:]]
    assert {p.reason for p in predictions} == {"ok"}
    assert {p.model_version for p in predictions} == {3}


def test_marks_and_sides_are_consistent(rows, facts) -> None:
    for row, p in zip(rows[720:], _fold(rows, facts), strict=True):
        assert (p.mark_open, p.mark_high, p.mark_low, p.mark_close) == (row.open, row.high, row.low, row.close)
        assert p.probability_up is not None
        assert p.confidence == pytest.approx(max(p.probability_up, 1 - p.probability_up), abs=1e-9)
        assert p.direction == (1 if p.probability_up > 0.5 else -1)


@pytest.mark.parametrize(
    ("novelty", "threshold", "reason"),
    [
        (4.00004, 4.0, "ok"),  # four digits are compared, as they are published
        (4.0001, 4.0, "unfamiliar"),
        (99.0, None, "ok"),
        (None, 4.0, "ok"),
    ],
)
def test_what_is_too_far_from_training_is_not_predicted(rows, facts, novelty, threshold, reason) -> None:
    told = replace(facts, novelty_threshold=threshold)
    _, (said,) = step(_run_before(rows), rows[730], told, lambda bars: Answer(0.7, novelty))
    assert said.reason == reason
    assert said.novelty == (None if novelty is None else round(novelty, 4))
    spoke = (0.7, 0.7, 1) if reason == "ok" else (None, None, 0)
    assert (said.probability_up, said.confidence, said.direction) == spoke


def _run_before(rows) -> Run:
    run = initial()
    for row in rows[:730]:
        run = extend(run, row)
    return run


def test_not_warm_until_the_sequence_is_full(rows) -> None:
    predictions = _fold(rows[:720], _facts(0))
    first_ok = next(i for i, p in enumerate(predictions) if p.reason == "ok")
    assert len(predictions) == 720
    assert first_ok == 681 + LENGTH - 1
    assert {p.reason for p in predictions[:first_ok]} == {"not_warm"}
    assert all(p.probability_up is None and p.confidence is None and p.direction == 0 for p in predictions[:first_ok])


def test_a_gap_has_no_probability_and_ends_the_sequence(rows, facts) -> None:
    gapped = [*rows[:750], changed(rows[750], quality="gap"), *rows[751:]]
    predictions = _fold(gapped, facts)
    assert [p.reason for p in predictions[30:42]] == ["gap", *["not_warm"] * (LENGTH - 1), "ok", "ok"]
    assert predictions[30].probability_up is None


def test_a_hole_starts_a_new_sequence(rows, facts) -> None:
    predictions = _fold(rows[:750] + rows[751:], facts)
    assert [p.reason for p in predictions[29:41]] == ["ok", *["not_warm"] * (LENGTH - 1), "ok", "ok"]


def test_a_missing_feature_ends_the_sequence(rows, facts) -> None:
    predictions = _fold([*rows[:750], changed(rows[750], obv=None), *rows[751:]], facts)
    assert [p.reason for p in predictions[30:42]] == ["not_warm"] * LENGTH + ["ok", "ok"]


def test_repeats_old_rows_revisions_and_other_intervals_are_ignored(rows, facts) -> None:
    noise = [
        rows[760],
        rows[10],
        changed(rows[765], revision=1),
        changed(rows[765], interval_s=300),
    ]
    assert _fold([*rows[:766], *noise, *rows[760:]], facts) == _fold(rows, facts)


def test_a_row_of_another_feature_set_is_refused(rows, facts) -> None:
    with pytest.raises(BadInputError, match=r"feature_set: expected core:.* was 'core:other'"):
        step(initial(), changed(rows[720], feature_set="core:other"), facts, _forecast)


def test_history_of_another_feature_set_is_passed_over(rows, facts) -> None:
    old = [changed(row, feature_set="core:other") for row in rows[:715]]
    assert [p.reason for p in _fold([*old, *rows[715:]], facts)[:6]] == ["not_warm"] * 4 + ["ok"] * 2


@settings(derandomize=True, max_examples=15, deadline=None)
@given(cut=st.integers(721, 799))
def test_the_future_changes_no_past_prediction(rows, facts, cut: int) -> None:
    other = [*rows[:cut], *(changed(row, close="5", rsi_14=1.0) for row in rows[cut:])]
    assert _fold(other, facts)[: cut - 720] == _fold(rows, facts)[: cut - 720]


def test_served_sequences_are_the_trained_ones(rows) -> None:
    """The fold and the data set see the same bars of the same rows."""
    seen = []
    data = build_dataset(rows, LENGTH, 5, 60)
    run = initial()
    for row in rows:
        run, _ = step(run, row, _facts(0), lambda bars: seen.append(bars) or Answer(0.5))
    trained = data.samples.x()
    assert len(seen) == len(trained) + 5  # the last five have no label
    for served, sample in zip(seen, trained, strict=False):
        assert (sample == [[float(v) for v in bar] for bar in sample.astype(float).tolist()]).all()
        assert [[pytest.approx(v, rel=1e-6, abs=1e-30) for v in bar] for bar in served] == sample.tolist()


class _JsonState(MemoryState):
    """State as a store keeps it: what comes out is not what was put in."""

    def set(self, key: str, value: Any) -> None:
        super().set(key, json.loads(json.dumps(value)))


def _fold_stored(rows, facts, state, restart_at: set[int]) -> list[Prediction]:
    store, out = RunStore(60), []
    for number, row in enumerate(rows):
        if number in restart_at:
            store = RunStore(60)
        before = store.load(row, state)
        after, predictions = step(before, row, facts, _forecast)
        if after is not before:
            store.save(row, after, state)
        out.extend(predictions)
    return out


@settings(derandomize=True, max_examples=10, deadline=None)
@given(restart_at=st.sets(st.integers(0, 799), max_size=8))
def test_state_survives_restarts_at_any_row(rows, facts, restart_at: set[int]) -> None:
    gapped = [*rows[:740], changed(rows[740], quality="gap"), *rows[741:770], *rows[772:]]
    assert _fold_stored(gapped, facts, _JsonState(), restart_at) == _fold(gapped, facts)


def test_state_is_bounded(rows, facts) -> None:
    state = _JsonState()
    _fold_stored(rows, facts, state, set())
    assert len(state.entries) == SEQUENCE_BARS + 1
    assert len(RunStore(60).load(rows[-1], state).bars) == SEQUENCE_BARS


def test_a_cached_run_is_not_used_when_the_state_says_otherwise(rows, facts) -> None:
    """A rolled-back transaction or a rebalance leaves a cache that is ahead of the state."""
    state, store = _JsonState(), RunStore(60)
    for row in rows[:730]:
        store.save(row, step(store.load(row, state), row, facts, _forecast)[0], state)
    rolled_back = dict(state.entries)
    store.save(rows[730], step(store.load(rows[730], state), rows[730], facts, _forecast)[0], state)
    state.entries = rolled_back
    assert store.load(rows[730], state).last_ms == rows[730].window_start_ms - MINUTE_MS
