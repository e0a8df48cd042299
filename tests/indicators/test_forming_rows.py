"""Forming rows: what the row would be were the candle final now; rows and state know nothing of them."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from tests.support.bar_series import MIDNIGHT_MS, simulated

from contracts.candle import Candle
from contracts.forming_candle import FormingCandle
from contracts.state import MemoryState
from contracts.topics import CANDLES, CANDLES_FORMING, FOREVER, INDICATORS_FORMING, TECHNICAL_INDICATORS
from indicators.app import inputs, outputs, topology
from indicators.core.fold import Engines, step
from indicators.core.forming import forming_row
from indicators.settings import IndicatorsSettings
from streaming.testing import TopologyRun, run_topology

#: Over an anchor and the first warm rows after it.
BARS = simulated(900, first_ms=MIDNIGHT_MS - 700 * 60_000).candles()


def forming(candle: Candle, seconds: int, **changed: Any) -> FormingCandle:
    copied = {name: value for name, value in candle.model_dump().items() if name in FormingCandle.model_fields}
    return FormingCandle(**{**copied, "as_of_ms": candle.window_start_ms + seconds * 1_000, **changed})


@pytest.mark.parametrize("set_name", ["core", "full"])
def test_a_forming_row_is_the_row_were_the_candle_final_now(set_name: str) -> None:
    state, engines = MemoryState(), {}
    for number, candle in enumerate(BARS):
        near = number % 50 == 0 or 695 < number < 705
        if near and number:
            early = candle.model_copy(update={"close": candle.low, "volume": "0.5", "trade_count": 1})
            entries = dict(state.entries)
            shown = forming_row(forming(early, 20), engines, set_name)
            assert state.entries == entries
            assert shown is not None
            (row,) = step(copy.deepcopy(state), early, {}, set_name)
            assert (shown.feature_set, shown.features) == (row.feature_set, row.values())
            assert (shown.window_start_ms, shown.as_of_ms) == (row.window_start_ms, row.window_start_ms + 20_000)
        step(state, candle, engines, set_name)


def test_without_the_candle_before_there_is_none() -> None:
    state, engines = MemoryState(), {}
    for candle in BARS[:10]:
        step(state, candle, engines)
    assert forming_row(forming(BARS[10], 20), engines) is not None
    assert forming_row(forming(BARS[9], 20), engines) is None
    assert forming_row(forming(BARS[11], 20), engines) is None
    assert forming_row(forming(BARS[10], 20), {}) is None


def run(candles: list[Any], bars: list[Any], **settings: Any) -> TopologyRun:
    given = IndicatorsSettings(store_url="off", **settings)
    messages = {CANDLES: candles, CANDLES_FORMING: bars}
    kept = {replace(spec, retention_ms=FOREVER): messages[spec] for spec in inputs(given)}
    to_keep = [replace(spec, retention_ms=FOREVER) for spec in outputs(given)]
    return run_topology(topology, given, "indicators", kept, to_keep)


def test_rows_are_the_same_bytes_with_forming_and_without() -> None:
    """The first follows the last candle; the others have no candle before them, or come after their own."""
    bars = [forming(BARS[100], 20), forming(BARS[100], 40), forming(BARS[101], 10), forming(BARS[50], 10)]
    plain, shown = run(BARS[:100], bars), run(BARS[:100], bars, forming=True)
    assert [record.value for record in plain.records["technical_indicators"]] == [
        record.value for record in shown.records["technical_indicators"]
    ]
    rows = shown["indicators-forming"]
    assert [(row.window_start_ms, row.as_of_ms) for row in rows] == [
        (each.window_start_ms, each.as_of_ms) for each in bars[:2]
    ]
    state, engines = MemoryState(), Engines()
    for candle in BARS[:101]:
        (row,) = step(state, candle, engines)
    assert rows[0].features == row.values()
    assert [record.timestamp_ms for record in shown.records["indicators-forming"]] == [
        each.as_of_ms for each in bars[:2]
    ]


@pytest.mark.parametrize("settings", [{}, {"forming": True, "variant": "historical"}])
def test_it_is_off_by_default_and_in_the_job(settings: dict[str, Any]) -> None:
    given = IndicatorsSettings(**settings)
    assert (inputs(given), outputs(given)) == ([CANDLES], [TECHNICAL_INDICATORS])
    on = IndicatorsSettings(forming=True)
    assert (inputs(on), outputs(on)) == ([CANDLES, CANDLES_FORMING], [TECHNICAL_INDICATORS, INDICATORS_FORMING])
