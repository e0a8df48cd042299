"""What judges predictions row by row is what training calls the label, to the bit, whatever the market."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.feature_rows import MINUTE_MS, START_MS, changed

from contracts.feature_row import FeatureRow
from contracts.state import MemoryState
from contracts.units import decimal_string, to_float
from modeling.facts import ModelFacts
from modeling.input_list import input_list
from modeling.labels import LABELS, LabelRule
from modeling.sequence import SEQUENCE_BARS, Run, extend
from modeling.triple_barrier import VOLATILITY_BARS, PairBars
from predictions.core.decision import _prediction
from predictions.core.outcomes import await_outcome, outcomes

RULES = [LabelRule("rise"), LabelRule("net", cost_bps=8.0), LabelRule("triple_barrier", barrier_width=0.8)]


@pytest.fixture(scope="module")
def row(rows_of) -> FeatureRow:
    first: FeatureRow = rows_of(count=1)[0]
    return first


def test_every_label_is_tested_here_and_serving_keeps_the_bars_it_needs() -> None:
    assert {rule.name for rule in RULES} == set(LABELS)
    assert SEQUENCE_BARS >= VOLATILITY_BARS, "with the row's own bar that is one close more than returns"


@st.composite
def markets(draw: st.DrawFn, row: FeatureRow) -> list[FeatureRow]:
    """Rows of a walk with wicks, closes that do not move, holes and gaps."""
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    count = draw(st.integers(2, 170))
    closes = np.round(100 * np.exp(np.cumsum(random.standard_normal(count) * 0.0015)), draw(st.sampled_from([1, 4])))
    highs, lows = closes * (1 + 0.002 * random.random(count)), closes * (1 - 0.002 * random.random(count))
    gaps = random.random(count) < draw(st.sampled_from([0.0, 0.0, 0.02]))
    minutes = np.cumsum(1 + (random.random(count) < draw(st.sampled_from([0.0, 0.0, 0.02]))))
    return [
        changed(
            row,
            window_start_ms=START_MS + int(minute) * MINUTE_MS,
            **{
                name: decimal_string(Decimal(f"{price:.6f}"))
                for name, price in (("high", high), ("low", low), ("close", close))
            },
            quality="gap" if gap else "complete",
        )
        for minute, high, low, close, gap in zip(minutes, highs, lows, closes, gaps, strict=True)
    ]


def _served(rows: list[FeatureRow], rule: LabelRule, horizon: int) -> dict[int, bool]:
    """Row by row, with what is kept as JSON between them: number of a prediction -> whether the upper side came."""
    facts = ModelFacts("direction", 1, input_list(), 1, horizon, 60, 0)
    state, run, found = _JsonState(), Run(), {}
    for number, row in enumerate(rows):
        for came in outcomes(state, row, run):
            found[round(came.probability_up * 1_000)] = came.up
        prediction = _prediction(row, facts, "ok", number / 1_000)
        if row.quality != "gap":
            await_outcome(state, row, prediction, rule, run)
        run = extend(run, row)
    assert sum(len(each) if name == "barriers" else 1 for name, each in state.entries.items()) <= len(rows)
    return found


class _JsonState(MemoryState):
    def set(self, key: str, value: Any) -> None:
        super().set(key, json.loads(json.dumps(value)))


def _in_training(rows: list[FeatureRow], rule: LabelRule, horizon: int) -> dict[int, bool]:
    prices = np.array([[to_float(getattr(row, name)) for row in rows] for name in ("high", "low", "close")])
    prices[:, [row.quality == "gap" for row in rows]] = math.nan
    times_ms = np.array([row.window_start_ms for row in rows], dtype=np.int64)
    labels = rule.of(PairBars(times_ms, *prices, interval_ms=MINUTE_MS), horizon)
    return {number: label > 0 for number, label in enumerate(labels) if label in (-1.0, 1.0)}


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_what_came_is_the_label_of_training(row: FeatureRow, rule: LabelRule) -> None:
    seen: set[bool] = set()

    @settings(derandomize=True, max_examples=60, deadline=None)
    @given(rows=markets(row), horizon=st.integers(1, 8))
    def holds(rows: list[FeatureRow], horizon: int) -> None:
        wanted = _in_training(rows, rule, horizon)
        assert _served(rows, rule, horizon) == wanted
        seen.update(wanted.values())

    holds()
    assert seen == {True, False}, "markets that never decide would prove nothing"


def test_a_barrier_is_known_before_the_horizon_and_not_beyond_a_hole(row: FeatureRow) -> None:
    """A touch in the first bar judges at once; with the touch behind a hole nobody knows what was in it."""
    rule, hour = LabelRule("triple_barrier", barrier_width=1.0), [100.0, 101.0] * 30 + [100.0]

    def told(minutes: list[int], highs: list[float]) -> dict[int, bool]:
        rows = [
            changed(
                row, window_start_ms=START_MS + minute * MINUTE_MS, high=f"{high:g}", low="99.9", close=f"{close:g}"
            )
            for minute, high, close in zip(minutes, [*hour, *highs], [*hour, 100.0, 100.0], strict=True)
        ]
        return _served(rows, rule, 5)

    assert told([*range(61), 61, 62], [110, 100]) == {60: True}
    assert told([*range(61), 62, 63], [110, 110]).get(60) is None
