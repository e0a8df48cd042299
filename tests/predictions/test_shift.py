"""What a model sees and says, held against its training data window by window: by hand, through kills, on markets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from benchmarks.gate.stability import changed as changed_market
from benchmarks.gate.stability import quiet
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.predictions.test_quality import _JsonState, _minute, _said

from contracts.feature_row import FeatureRow
from contracts.model_quality import ModelQuality
from contracts.state import MemoryState
from modeling.labels import RISE
from modeling.sequence import Run
from modeling.stability import SAID, Spread, stability_index
from predictions.core import quality
from predictions.core.quality import watch
from predictions.core.shift import Seen

WINDOW = 4
SPREADS = (
    Spread(name="a", edges=(0.0,), shares=(0.5, 0.5), limit=0.5),
    Spread(name="b", edges=(1.0, 2.0), shares=(0.2, 0.3, 0.5), limit=4.0),
    Spread(name=SAID, edges=(0.5,), shares=(0.4, 0.6), limit=0.001),
)
#: A row: input a, input b, and what was said of it.
Row = tuple[float, float, float | None]


@pytest.fixture(scope="module")
def row(rows_of) -> FeatureRow:
    first: FeatureRow = rows_of(count=1)[0]
    return first


@pytest.fixture
def short_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "WINDOW", WINDOW)


def _fed(row: FeatureRow, state: MemoryState, rows: Sequence[Row], first: int = 0, **of: Any) -> list[ModelQuality]:
    told = []
    for number, (a, b, up) in enumerate(rows, start=first):
        at = _minute(row, number, 100 + number % 3)
        seen = Seen(SPREADS, [a, b] if up is None else [a, b, up])
        version = of.get("versions", {}).get(number, 1)
        told += watch(state, at, [_said(at, up, version)], RISE, Run(), seen=seen)
    return told


def test_by_hand(row: FeatureRow, short_window: None) -> None:
    """Judged two bars later, so a first window has six rows and each after it four."""
    rows: list[Row] = [*[(1.0, 3.0, 0.6)] * 9, (-1.0, 0.0, 0.4)]
    first, second = _fed(row, MemoryState(), rows)
    assert (first.input_psi, first.prediction_psi, first.psi_excess, first.psi_most) == (None,) * 4
    a, b, said = stability_index([0.5, 0.5], [1, 9]), stability_index([0.2, 0.3, 0.5], [1, 0, 9]), 0.0
    said = stability_index([0.4, 0.6], [1, 9])
    assert json.loads(second.input_psi or "") == {"a": pytest.approx(a, abs=1e-6), "b": pytest.approx(b, abs=1e-6)}
    assert second.prediction_psi == pytest.approx(said, abs=1e-6)
    assert b > a and second.psi_most == "a" and second.psi_excess == pytest.approx(a / 0.5, abs=1e-5)


def test_what_is_not_said_is_not_counted(row: FeatureRow, short_window: None) -> None:
    *_, last = _fed(row, MemoryState(), [(1.0, 3.0, None)] * 12)
    assert last.prediction_psi is None and last.psi_most == "a"
    assert json.loads(last.input_psi or "")["a"] == pytest.approx(stability_index([0.5, 0.5], [0, 8]), abs=1e-6)


def test_another_version_begins_anew(row: FeatureRow, short_window: None) -> None:
    versions = dict.fromkeys(range(7, 30), 2)
    told = _fed(row, MemoryState(), [(1.0, 3.0, 0.6)] * 20, versions=versions)
    assert [(each.model_version, each.psi_excess is None) for each in told][:3] == [(1, True), (2, True), (2, False)]


def test_a_version_that_does_not_know_how_it_was_says_nothing(row: FeatureRow, short_window: None) -> None:
    state, told = MemoryState(), []
    for number in range(20):
        at = _minute(row, number, 100 + number)
        told += watch(state, at, [_said(at, 0.6)], RISE, Run())
    assert told and {each.psi_excess for each in told} == {None}


@settings(derandomize=True, max_examples=20, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.floats(-1, 1), st.floats(0, 3), st.sampled_from([None, 0.2, 0.5, 0.6])), min_size=30, max_size=50
    ),
    cut=st.integers(1, 29),
)
def test_a_kill_between_any_rows_says_the_same(row: FeatureRow, rows: list[Row], cut: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quality, "WINDOW", WINDOW)
        whole = _fed(row, MemoryState(), rows)
        state = _JsonState()
        before = _fed(row, state, rows[:cut])
        kept = json.loads(json.dumps(state.entries))
        _fed(row, state, rows[cut:30], cut)  # what was not committed
        assert before + _fed(row, _JsonState(kept), rows[cut:], cut) == whole
        assert len(json.dumps(state.get("quality"))) < 1_000, "it does not grow"


def test_a_quiet_market_is_no_shift_and_another_one_is() -> None:
    """A short version of `make psi-study`."""
    calm = quiet(range(1), hours=48)
    assert calm.windows >= 10 and calm.shifted == 0
    loud = changed_market("volatility x 3", range(1))
    assert len(loud.rows) == loud.pairs == 3 and max(loud.rows) <= 500
