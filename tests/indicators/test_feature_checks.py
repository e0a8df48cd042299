"""What every feature must obey; a feature added to the list is tested the day it is added."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import numpy as np
import pytest
import talib
from bar_series import COLUMNS, MIDNIGHT_MS, BarSeries, simulated

from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from contracts.features import ANCHOR_BARS, CONVERGENCE, FEATURE_NAMES, FEATURES, WARM_UP_BARS, Feature
from indicators.core.batch import compute
from indicators.core.fold import Engines, step
from indicators.core.ring import RING_BARS, MemoryState

#: Five days and a bit, the first bar in the afternoon of the day before.
BARS = simulated(5 * ANCHOR_BARS + 700, first_ms=MIDNIGHT_MS - 700 * 60_000)
every_feature = pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)


def stream(
    candles: list[Candle], state: MemoryState | None = None, engines: Engines | None = None
) -> list[FeatureRow]:
    """The rows that the fold gives."""
    state = MemoryState() if state is None else state
    engines = {} if engines is None else engines
    return [row for candle in candles for row in step(state, candle, engines)[1]]


def batch(bars: BarSeries) -> dict[str, np.ndarray]:
    """The features that the batch gives."""
    return compute(bars.starts_ms, bars.columns, bars.interval_s)


def column(rows: list[FeatureRow], name: str) -> np.ndarray:
    """A feature over rows, NaN for null."""
    return np.array([np.nan if (value := getattr(row, name)) is None else value for row in rows])


@pytest.fixture(scope="module")
def rows() -> list[FeatureRow]:
    return stream(BARS.candles())


@pytest.fixture(scope="module")
def in_batch() -> dict[str, np.ndarray]:
    return batch(BARS)


@every_feature
def test_stream_equals_batch_to_the_bit(
    feature: Feature, rows: list[FeatureRow], in_batch: dict[str, np.ndarray]
) -> None:
    assert len(rows) == len(BARS)
    np.testing.assert_array_equal(column(rows, feature.name), in_batch[feature.name])


@every_feature
def test_null_exactly_until_warm(feature: Feature, rows: list[FeatureRow]) -> None:
    starts = BARS.starts_ms
    needed = feature.bars - 1
    if feature.memory == "recursive":
        anchors = starts[starts % (ANCHOR_BARS * 60_000) == 0]
        anchor = anchors[anchors >= starts[0] + feature.bars * 60_000][0]
        needed = int((anchor - starts[0]) // 60_000)
    warm = np.isfinite(column(rows, feature.name))
    assert not warm[:needed].any()
    assert warm[needed:].all()


@pytest.mark.parametrize("start", [1, 59, 613, 700, 701, 1_999, 3_210, 5_004])
def test_a_value_does_not_depend_on_where_history_starts(start: int, in_batch: dict[str, np.ndarray]) -> None:
    later = stream(BARS[start:].candles())
    for name in FEATURE_NAMES:
        found = column(later, name)
        warm = np.isfinite(found)
        np.testing.assert_array_equal(found[warm], in_batch[name][start:][warm], err_msg=name)
    enough = start + WARM_UP_BARS + ANCHOR_BARS
    assert all(value is not None for row in later[enough - start :] for value in row.values().values())


@every_feature
def test_equals_talib_on_the_whole_history(feature: Feature, in_batch: dict[str, np.ndarray]) -> None:
    found = in_batch[feature.name]
    warm = np.isfinite(found)
    whole = whole_history(feature)
    scale = {"quote": BARS.columns["close"].max(), "0..100": 100.0, "base": BARS.columns["volume"].sum()}
    assert warm.sum() > 3 * ANCHOR_BARS
    assert np.abs(found - whole)[warm].max() <= CONVERGENCE * scale[feature.unit]


def whole_history(feature: Feature) -> np.ndarray:
    """TA-Lib over all bars, as everybody else would call it."""
    if feature.function == "ROLLING_OBV":
        obv = talib.OBV(BARS.columns["close"], BARS.columns["volume"])
        bars = int(feature.parameters["timeperiod"])
        return np.concatenate([np.full(bars, np.nan), obv[bars:] - obv[:-bars]])
    inputs = [BARS.columns[name] for name in feature.inputs]
    result = getattr(talib, feature.function)(*inputs, **feature.parameters)
    return result[feature.output] if isinstance(result, tuple | list) else result


@pytest.mark.parametrize("cut", [1, 699, 700, 701, 2_140, 2_141, 4_000])
def test_a_restart_changes_nothing(cut: int, rows: list[FeatureRow]) -> None:
    candles = BARS[:5_000].candles()
    state = MemoryState()
    stream(candles[:cut], state)
    restarted = MemoryState()
    restarted.entries = json.loads(json.dumps(state.entries))
    assert stream(candles[cut:], restarted) == rows[cut:5_000]


def test_a_cache_that_is_ahead_of_the_state_is_not_used(rows: list[FeatureRow]) -> None:
    """As after a batch that was rolled back, or a partition that came back from another process."""
    candles = BARS[:3_000].candles()
    state, engines = MemoryState(), {}
    stream(candles[:2_500], state, engines)
    kept = json.loads(json.dumps(state.entries))
    stream(candles[2_500:], state, engines)
    state.entries = kept
    assert stream(candles[2_500:], state, engines) == rows[2_500:3_000]


@pytest.mark.parametrize("cut", [800, 2_200, 5_555])
def test_no_look_ahead(cut: int, in_batch: dict[str, np.ndarray]) -> None:
    other = simulated(len(BARS), seed=8)
    columns = {name: np.concatenate([BARS.columns[name][:cut], other.columns[name][cut:]]) for name in COLUMNS}
    changed = compute(BARS.starts_ms, columns, 60)
    for name in FEATURE_NAMES:
        np.testing.assert_array_equal(changed[name][:cut], in_batch[name][:cut], err_msg=name)


@every_feature
def test_price_scale(feature: Feature, in_batch: dict[str, np.ndarray]) -> None:
    """Prices in another unit scale features that are prices and leave the others; by a power of two, exactly."""
    factor = 2.0**-7
    scaled = {name: values * (1 if name == "volume" else factor) for name, values in BARS.columns.items()}
    expected = in_batch[feature.name] * (factor if feature.unit == "quote" else 1)
    np.testing.assert_array_equal(compute(BARS.starts_ms, scaled, 60)[feature.name], expected)


def test_keys_and_intervals_are_independent() -> None:
    one, other = simulated(2_400, seed=1), simulated(2_400, seed=2)
    five_minutes = simulated(2_400, seed=3, interval_s=300)
    bitcoin, ether, slow, elsewhere = (
        one.candles("BTC/USD"), other.candles("ETH/USD"), five_minutes.candles("BTC/USD"),
        other.candles("BTC/USD", exchange="coinbase"),
    )  # fmt: skip
    states = {"BTC/USD": MemoryState(), "ETH/USD": MemoryState()}
    engines: Engines = {}
    mixed = [
        row
        for several in zip(bitcoin, ether, slow, elsewhere, strict=True)
        for candle in several
        for row in step(states[candle.pair], candle, engines)[1]
    ]
    for alone in (bitcoin, ether, slow, elsewhere):
        first = alone[0]
        key = (first.exchange, first.pair, first.interval_s)
        assert [row for row in mixed if (row.exchange, row.pair, row.interval_s) == key] == stream(alone)


def test_state_is_bounded_and_small() -> None:
    state = MemoryState()
    stream(simulated(RING_BARS + 500).candles(), state)
    assert len(state.entries) == RING_BARS + 1
    assert max(len(json.dumps(value)) for value in state.entries.values()) < 150


def test_input_is_not_changed() -> None:
    bars = simulated(2_300)
    before = {name: values.copy() for name, values in bars.columns.items()}
    for values in bars.columns.values():
        values.setflags(write=False)
    batch(bars)
    for name, values in bars.columns.items():
        np.testing.assert_array_equal(values, before[name])


def test_the_list_reaches_its_convergence() -> None:
    """`bars` of a recursive feature must be enough for its oldest input to have decayed."""
    for feature in FEATURES:
        if feature.function == "EMA":
            period = feature.parameters["timeperiod"]
            assert math.pow((period - 1) / (period + 1), feature.bars - period) <= CONVERGENCE


def test_rows_say_what_their_candle_said(rows: list[FeatureRow]) -> None:
    for candle, row in zip(BARS.candles(), rows, strict=True):
        assert row.message_id == candle.message_id
        assert row.event_time_ms == candle.window_end_ms
        assert (row.open, row.high, row.low, row.close, row.volume) == (
            candle.open, candle.high, candle.low, candle.close, candle.volume,
        )  # fmt: skip
    assert all(later.event_time_ms > earlier.event_time_ms for earlier, later in pairwise(rows))
