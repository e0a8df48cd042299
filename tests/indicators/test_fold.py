"""Candles that repeat, come again corrected, are missing or late."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.support.bar_series import MIDNIGHT_MS, BarSeries, simulated

from contracts.candle import Candle
from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from contracts.state import MemoryState
from features import feature_set
from features.bars import Bar
from features.batch import compute
from indicators.core.fold import Engines, step
from indicators.core.ring import REVISABLE_BARS

MINUTE_MS = 60_000
BARS = simulated(1_600, first_ms=MIDNIGHT_MS - 700 * MINUTE_MS)


class Run:
    """A fold and what it gave."""

    def __init__(self, candles: list[Candle] | None = None) -> None:
        self.state = MemoryState()
        self.engines: Engines = {}
        self.rows: list[FeatureRow] = []
        for candle in candles or []:
            self.take(candle)

    def take(self, candle: Candle) -> list[FeatureRow]:
        rows = step(self.state, candle, self.engines)
        self.rows += rows
        return rows


def corrected(candle: Candle, revision: int = 1) -> Candle:
    """The candle after a late trade above its high."""
    return candle.model_copy(update={"close": "31234.5", "high": "31234.5", "revision": revision})


def test_a_repeated_candle_is_ignored() -> None:
    candles = BARS.candles()
    run = Run(candles[:900])
    before = json.dumps(run.state.entries)
    assert [row for candle in candles[:900] for row in run.take(candle)] == []
    assert json.dumps(run.state.entries) == before
    assert run.take(candles[900]) == Run(candles[:901]).rows[-1:]


@pytest.mark.parametrize("window", [650, 705, 799])
def test_a_correction_gives_the_row_of_its_window_again(window: int) -> None:
    candles = BARS.candles()
    run = Run(candles[:800])
    (row,) = run.take(corrected(candles[window]))
    as_if = Run([*candles[:window], corrected(candles[window])]).rows[-1]
    assert row == as_if
    assert row.revision == 1
    assert row.sma_7 != run.rows[window].sma_7
    assert row.values().keys() == run.rows[window].values().keys()


def test_a_correction_changes_no_later_row() -> None:
    candles = BARS.candles()
    run = Run(candles[:800])
    run.take(corrected(candles[799]))
    run.take(corrected(candles[750]))
    later = [row for candle in candles[800:] for row in run.take(candle)]
    assert later == Run(candles).rows[800:]


def test_a_correction_is_taken_once_and_a_newer_one_again() -> None:
    candles = BARS.candles()
    run = Run(candles[:800])
    assert len(run.take(corrected(candles[780], revision=2))) == 1
    assert run.take(corrected(candles[780], revision=2)) == []
    assert run.take(corrected(candles[780], revision=1)) == []
    assert run.take(corrected(candles[780], revision=3))[0].revision == 3


def test_the_oldest_window_that_may_be_corrected_is_computed_in_full() -> None:
    bars = simulated(1_440 + 700 + 1_440 + 700, first_ms=MIDNIGHT_MS - 700 * MINUTE_MS)
    candles = bars.candles()
    for length in (700 + 1_440 + 1_440, len(candles)):
        run = Run(candles[:length])
        oldest = candles[length - REVISABLE_BARS]
        (row,) = run.take(oldest.model_copy(update={"revision": 1}))
        assert row.values() == run.rows[length - REVISABLE_BARS].values()
        assert None not in row.values().values()
        with pytest.raises(BadInputError, match="expected a correction of a window after"):
            run.take(corrected(candles[length - REVISABLE_BARS - 1]))


def test_nothing_is_computed_across_a_hole() -> None:
    present = np.ones(len(BARS), dtype=bool)
    present[[30, 31, 720, 1_000]] = False
    holed: BarSeries = BARS[present]
    run = Run(holed.candles())
    in_batch = compute(holed.starts_ms, holed.columns, 60, feature_set("core"))
    for name in in_batch:
        streamed = np.array([np.nan if (value := getattr(row, name)) is None else value for row in run.rows])
        np.testing.assert_array_equal(streamed, in_batch[name], err_msg=name)
    after = run.rows[30]
    assert after.window_start_ms == holed.starts_ms[30]
    assert set(after.values().values()) == {None}


def test_a_candle_older_than_the_last_that_was_never_seen_is_refused() -> None:
    candles = BARS.candles()
    run = Run([*candles[10:20], *candles[25:30]])
    before = json.dumps(run.state.entries)
    for late in (candles[5], candles[22], corrected(candles[22])):
        with pytest.raises(BadInputError, match="window_start_ms: expected after"):
            run.take(late)
    assert json.dumps(run.state.entries) == before
    assert run.take(candles[15]) == []


def test_a_window_that_is_none_of_its_interval_is_refused() -> None:
    candle = BARS.candles()[0]
    with pytest.raises(BadInputError, match="expected a multiple of 60 s"):
        step(MemoryState(), candle.model_copy(update={"window_start_ms": candle.window_start_ms + 1}), {})


def test_a_failure_half_way_leaves_state_and_next_rows_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    candles = BARS.candles()
    run = Run(candles[:800])
    before = json.dumps(run.state.entries)
    with monkeypatch.context() as patch:
        patch.setattr("indicators.core.fold.FeatureRow", None)
        with pytest.raises(TypeError):
            run.take(candles[800])
    assert json.dumps(run.state.entries) == before
    assert run.take(candles[800]) == Run(candles[:801]).rows[-1:]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"starts_ms": BARS.starts_ms + 1}, "window_start_ms"),
        ({"starts_ms": BARS.starts_ms[::-1]}, "window_start_ms"),
        ({"columns": {**BARS.columns, "close": BARS.columns["close"][1:]}}, "close"),
        ({"columns": {**BARS.columns, "close": np.full(len(BARS), np.nan)}}, "close"),
    ],
    ids=["not of the interval", "not in order", "another length", "not finite"],
)
def test_batch_refuses_what_no_stream_could_bring(change: dict[str, Any], field: str) -> None:
    given = {"starts_ms": BARS.starts_ms, "columns": BARS.columns, **change}
    with pytest.raises(BadInputError, match=f"^{field}: expected"):
        compute(given["starts_ms"], given["columns"], 60)


def test_batch_of_nothing() -> None:
    empty = compute([], {name: [] for name in Bar._fields}, 60)
    assert {len(values) for values in empty.values()} == {0}
