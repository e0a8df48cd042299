"""What is counted of predictions whose horizon has passed, by hand, and that kills and repeats change nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.feature_rows import MINUTE_MS, START_MS, changed

from contracts.feature_row import FeatureRow
from contracts.model_quality import ModelQuality
from contracts.prediction import Prediction
from contracts.state import MemoryState
from contracts.units import decimal_string
from modeling.facts import ModelFacts
from modeling.input_list import input_list
from modeling.labels import RISE, LabelRule
from modeling.sequence import Run, extend
from predictions.core import quality
from predictions.core.decision import _prediction
from predictions.core.quality import watch

HORIZON = 2


@pytest.fixture(scope="module")
def row(rows_of) -> FeatureRow:
    first: FeatureRow = rows_of(count=1)[0]
    return first


@pytest.fixture(autouse=True)
def _short_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "WINDOW", 4)


def _facts(version: int = 1) -> ModelFacts:
    return ModelFacts("direction", version, input_list(), 1, HORIZON, 60, 0)


def _minute(row: FeatureRow, number: int, close: int, **other: Any) -> FeatureRow:
    return changed(row, window_start_ms=START_MS + number * MINUTE_MS, close=str(close), **other)


def _said(row: FeatureRow, up: float | None, version: int = 1) -> Prediction:
    return _prediction(row, _facts(version), "unfamiliar" if up is None else "ok", up)


def _told(row: FeatureRow, closes: Sequence[int], ups: Sequence[float | None]) -> list[ModelQuality]:
    state, told = MemoryState(), []
    for number, (close, up) in enumerate(zip(closes, ups, strict=True)):
        at = _minute(row, number, close)
        told += watch(state, at, [_said(at, up)], RISE, Run())
    return told


def test_by_hand(row: FeatureRow) -> None:
    """Over two bars: 100 -> 102 at 0.8, 101 -> 100 at 0.6, 102 -> 103 at 0.4, 100 -> 99 at 0.51: one hit."""
    (told,) = _told(row, [100, 101, 102, 100, 103, 99], [0.8, 0.6, 0.4, 0.51, 0.5, 0.5])
    losses = [-math.log(0.8), -math.log(0.4), -math.log(0.4), -math.log(0.49)]
    assert (told.predictions, told.judged, told.unfamiliar_share) == (4, 4, 0.0)
    assert told.log_loss == pytest.approx(sum(losses) / 4, abs=1e-6)
    assert told.loss_to_coin == pytest.approx(sum(losses) / 4 - math.log(2), abs=1e-6)
    assert told.hit_rate == 0.25
    assert told.expected_hit_rate == pytest.approx((0.8 + 0.6 + 0.6 + 0.51) / 4)
    assert (told.judged_below_52, told.hit_rate_below_52) == (1, 0.0)
    assert (told.judged_to_55, told.judged_to_60) == (0, 0)
    assert (told.judged_above_60, told.hit_rate_above_60) == (3, 0.333333)
    assert told.calibration_error == pytest.approx((abs(0 - 0.51) + abs(1 - 2.0)) / 4)
    entropy = sum(-p * math.log(p) - (1 - p) * math.log(1 - p) for p in (0.8, 0.6, 0.4, 0.51))
    variance = HORIZON * sum(p * (1 - p) * math.log(p / (1 - p)) ** 2 for p in (0.8, 0.6, 0.4, 0.51))
    assert told.surprise == pytest.approx((sum(losses) - entropy) / math.sqrt(variance), abs=1e-6)
    assert (told.from_ms, told.to_ms, told.alarm) == (START_MS, START_MS + 6 * MINUTE_MS, None)


def test_the_window_before_counts_in_the_surprise_alone(row: FeatureRow) -> None:
    """Always sure of a rise at 0.9 while prices fall: each loss is -ln 0.1, 0.9 ln 9 above what 0.9 expects."""
    told = _told(row, range(200, 190, -1), [0.9] * 10)
    excess, variance = 0.9 * math.log(9), HORIZON * 0.09 * math.log(9) ** 2
    assert [each.surprise for each in told] == [
        pytest.approx(count * excess / math.sqrt(count * variance), abs=1e-6) for count in (4, 8)
    ]
    assert [each.alarm for each in told] == ["loss", "loss"]
    assert {each.hit_rate for each in told} == {0.0}
    assert told[1].from_ms == told[0].to_ms
    assert told[1].log_loss == pytest.approx(-math.log(0.1), abs=1e-6)


def test_what_is_unlike_the_training_data_counts_and_is_not_judged(row: FeatureRow) -> None:
    (told,) = _told(row, [100, 101, 102, 103, 104], [0.6, None, None, 0.6, None])
    assert (told.judged, told.unfamiliar_share, told.alarm) == (1, 0.75, "unfamiliar")
    (told,) = _told(row, [100] * 4, [None] * 4)
    assert (told.judged, told.unfamiliar_share, told.log_loss, told.surprise) == (0, 1.0, None, None)


@pytest.mark.parametrize(
    ("closes", "quality_of_last"),
    [([100, 105, 100], "complete"), ([100, 105, 110], "gap")],
    ids=["did not move", "a gap"],
)
def test_what_did_not_move_or_is_not_known_is_not_judged(row: FeatureRow, closes, quality_of_last) -> None:
    state = MemoryState()
    for number, close in enumerate(closes):
        at = _minute(row, number, close, quality=quality_of_last if number == 2 else "complete")
        watch(state, at, [_said(at, 0.6)], RISE, Run())
    assert state.get("quality")["judged"] == 0


def test_a_hole_at_the_horizon_leaves_a_prediction_unjudged(row: FeatureRow) -> None:
    state = MemoryState()
    for number in (0, 1, 3, 1_443):  # 1,443 has the slot of the window 2 that never came
        at = _minute(row, number, 100 + number)
        watch(state, at, [_said(at, 0.6)], RISE, Run())
    assert state.get("quality")["judged"] == 1  # that of 1, by 3


def test_another_version_begins_a_window_of_its_own(row: FeatureRow) -> None:
    state, told = MemoryState(), []
    for number in range(12):
        at = _minute(row, number, 100 + number)
        told += watch(state, at, [_said(at, 0.6, version=1 if number < 5 else 2)], RISE, Run())
    assert [(each.model_version, each.judged, each.from_ms) for each in told] == [(2, 4, START_MS + 5 * MINUTE_MS)]


def test_what_is_not_known_to_foresee_anything_is_not_judged(row: FeatureRow) -> None:
    state = MemoryState()
    for number in range(20):
        at = _minute(row, number, 100 + number)
        assert watch(state, at, [_said(at, 0.6)], None, Run()) == []


def _labelled(
    row: FeatureRow, rule: LabelRule, bars: Sequence[tuple[float, float, float]], ups: Sequence[float]
) -> list[ModelQuality]:
    """What is told of bars of (high, low, close), in the run that serving keeps."""
    state, run, told = MemoryState(), Run(), []
    for number, ((high, low, close), up) in enumerate(zip(bars, ups, strict=True)):
        prices = zip(("high", "low", "close"), (high, low, close), strict=True)
        text = {name: decimal_string(Decimal(f"{price:.4f}")) for name, price in prices}
        at = changed(row, window_start_ms=START_MS + number * MINUTE_MS, **text)
        told += watch(state, at, [_said(at, up)], rule, run)
        run = extend(run, at)
    return told


def test_moves_within_costs_are_not_judged(row: FeatureRow) -> None:
    """A round trip of 50 basis points a side is 1 %: of +2 %, -0.5 %, -2 %, -1.5 %, +3 % one is within."""
    closes = [100, 101, 102, 100.495, 99.96, 98.9876, 103]
    told = _labelled(
        row, LabelRule("net", cost_bps=50.0), [(each,) * 3 for each in closes], [0.8, 0.6, 0.4, 0.3, 0.7, 0.5, 0.5]
    )
    (told_once,) = told
    losses = [-math.log(0.8), -math.log(0.6), -math.log(0.7), -math.log(0.7)]
    assert (told_once.judged, told_once.hit_rate) == (4, 1.0)
    assert told_once.log_loss == pytest.approx(sum(losses) / 4, abs=1e-6)
    assert told_once.loss_to_coin == pytest.approx(sum(losses) / 4 - math.log(2), abs=1e-6)


def test_a_barrier_judges_when_it_is_reached(row: FeatureRow) -> None:
    """An hour of 1 % up and down: barriers over two bars are 1.41 % away, at 101.42 and 98.60 of a close of 100."""
    steady = [(each,) * 3 for each in [100.0, 100 * math.exp(0.01)] * 30 + [100.0]]
    after = [(101.5, 100, 100), (101, 98.5, 100), (101, 99, 100), (101, 99, 100), (101.5, 98.5, 100), (101, 99, 100)]
    ups = [0.5] * 60 + [0.9, 0.8, 0.7, 0.6, 0.6, 0.5, 0.5]
    (told,) = _labelled(row, LabelRule("triple_barrier", barrier_width=1.0), [*steady, *after], ups)
    # After 0.9 the upper at once, after 0.8 the lower, after 0.7 nothing in two bars, after each 0.6 both: the lower.
    losses = [-math.log(0.9), -math.log(0.2), -math.log(0.4), -math.log(0.4)]
    assert (told.judged, told.hit_rate, told.to_ms) == (4, 0.25, START_MS + 66 * MINUTE_MS)
    assert told.log_loss == pytest.approx(sum(losses) / 4, abs=1e-6)


def test_a_model_of_any_label_that_is_wrong_is_an_alarm(row: FeatureRow) -> None:
    """Sure of the upper side while prices fall by 1 % a bar."""
    bars = [(100 * math.exp(-0.01 * number),) * 3 for number in range(90)]
    for rule in (LabelRule("net", cost_bps=50.0), LabelRule("triple_barrier", barrier_width=0.5)):
        told = _labelled(row, rule, bars, [0.9] * 90)
        assert told and {each.alarm for each in told} == {"loss"}, rule


class _JsonState(MemoryState):
    def set(self, key: str, value: Any) -> None:
        super().set(key, json.loads(json.dumps(value)))


@settings(derandomize=True, max_examples=20, deadline=None)
@given(
    moves=st.lists(
        st.tuples(st.integers(90, 110), st.sampled_from([None, 0.2, 0.5, 0.61])), min_size=30, max_size=60
    ),
    cut=st.integers(1, 29),
)
def test_a_kill_between_any_rows_says_the_same(row: FeatureRow, moves, cut: int) -> None:
    def part(state: MemoryState, first: int, last: int) -> list[ModelQuality]:
        told = []
        for number in range(first, last):
            at = _minute(row, number, moves[number][0])
            told += watch(state, at, [_said(at, moves[number][1])], RISE, Run())
        return told

    whole = part(MemoryState(), 0, len(moves))
    state = _JsonState()
    before = part(state, 0, cut)
    kept = json.loads(json.dumps(state.entries))
    part(state, cut, 30)  # what was not committed
    assert before + part(_JsonState(kept), cut, len(moves)) == whole
    assert len({each.message_id for each in whole}) == len(whole)
    waiting = [name for name in state.entries if name.startswith("due-")]
    assert len(waiting) <= HORIZON
