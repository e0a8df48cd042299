"""What every feature must obey; a feature added to the list is tested the day it is added."""

from __future__ import annotations

import json
import math
import random
from itertools import pairwise

import numpy as np
import pytest
from tests.support.bar_series import MIDNIGHT_MS, PRICES, BarSeries, simulated

from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from contracts.state import MemoryState
from contracts.units import MS_PER_SECOND
from features import ANCHOR_BARS, CONVERGENCE, FEATURE_NAMES, FEATURES, SETS, WARM_UP_BARS, Feature
from features.bars import Bar
from features.batch import compute
from features.engine import Engine
from features.expressions import Talib
from features.ratios import RATIOS
from indicators.core.fold import Engines, step
from indicators.core.ring import RING_BARS

#: Five days and a bit, the first bar in the afternoon of the day before.
BARS = simulated(5 * ANCHOR_BARS + 700, first_ms=MIDNIGHT_MS - 700 * 60_000)
THIRTY_DAYS = simulated(30 * ANCHOR_BARS, seed=30, first_ms=MIDNIGHT_MS - 500 * 60_000)
every_feature = pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
#: Scale with prices and with volumes; every other unit with neither.
QUOTE, BASE = ("quote",), ("base",)
#: Formulas that are a ratio of averages: on exact prices.
DECIMAL = {each.name for each in FEATURES if isinstance(each.formula, Talib) and each.formula.function in RATIOS}


def stream(bars: BarSeries, state: MemoryState | None = None, engines: Engines | None = None) -> list[FeatureRow]:
    """The rows that the fold gives."""
    state = MemoryState() if state is None else state
    engines = {} if engines is None else engines
    arrivals = zip(bars.candles(), bars.columns["reference_close"].tolist(), strict=True)
    return [row for candle, reference in arrivals for row in step(state, candle, engines, "full", reference)]


def batch(bars: BarSeries) -> dict[str, np.ndarray]:
    """The features that the batch gives."""
    return compute(bars.starts_ms, bars.columns, bars.interval_s)


def push_all(bars: BarSeries, engine: Engine | None = None) -> dict[str, np.ndarray]:
    """The features bar by bar, without rows: quicker than `stream`."""
    engine = engine or Engine(bars.interval_s)
    found = np.empty((len(bars), len(FEATURES)))
    rows = zip(bars.starts_ms.tolist(), *(bars.columns[name].tolist() for name in Bar._fields), strict=True)
    for place, (start_ms, *values) in enumerate(rows):
        engine.push(start_ms, Bar(*values))
        found[place] = [math.nan if value is None else value for value in engine.values().values()]
    return dict(zip(FEATURE_NAMES, found.T, strict=True))


def column(rows: list[FeatureRow], name: str) -> np.ndarray:
    """A feature over rows, NaN for null."""
    return np.array([np.nan if (value := getattr(row, name)) is None else value for row in rows])


@pytest.fixture(scope="module")
def rows() -> list[FeatureRow]:
    return stream(BARS)


@pytest.fixture(scope="module")
def in_batch() -> dict[str, np.ndarray]:
    return batch(BARS)


@pytest.fixture(scope="module")
def thirty_days() -> dict[str, np.ndarray]:
    return batch(THIRTY_DAYS)


@every_feature
def test_stream_equals_batch_to_the_bit(
    feature: Feature, rows: list[FeatureRow], in_batch: dict[str, np.ndarray]
) -> None:
    assert len(rows) == len(BARS)
    np.testing.assert_array_equal(column(rows, feature.name), in_batch[feature.name])


def test_thirty_days_from_many_starts(thirty_days: dict[str, np.ndarray]) -> None:
    """Also: every feature is there in the end, wherever history begins."""
    starts = random.Random(5).sample(range(len(THIRTY_DAYS) - 6_000), 4)
    for start in starts:
        part = THIRTY_DAYS[start : start + 6_000]
        found = push_all(part)
        for name in FEATURE_NAMES:
            warm = np.isfinite(found[name])
            np.testing.assert_array_equal(found[name][warm], thirty_days[name][start : start + 6_000][warm], name)
            assert warm[WARM_UP_BARS + ANCHOR_BARS :].sum() > 1_000, name


def test_a_kill_in_the_middle_of_thirty_days(thirty_days: dict[str, np.ndarray]) -> None:
    """Nothing is left of the process; what it kept comes back as JSON."""
    state = MemoryState()
    middle = len(THIRTY_DAYS) // 2
    stream(THIRTY_DAYS[middle - RING_BARS : middle], state)
    restarted = MemoryState()
    restarted.entries = json.loads(json.dumps(state.entries))
    found = stream(THIRTY_DAYS[middle : middle + 3_000], restarted)
    for name in FEATURE_NAMES:
        np.testing.assert_array_equal(column(found, name), thirty_days[name][middle : middle + 3_000], name)


@every_feature
def test_null_exactly_until_warm(feature: Feature, in_batch: dict[str, np.ndarray]) -> None:
    starts = BARS.starts_ms
    window, anchored, held, least = feature.reach
    if feature.timeframe_s is not None:
        ends = starts + 60_000
        first = int(-starts[0] % (feature.timeframe_s * MS_PER_SECOND)) // 60_000
        needed = surely = first + window * feature.timeframe_s // 60 - 1
        assert ends[needed] % (feature.timeframe_s * MS_PER_SECOND) == 0
    elif anchored:
        anchors = np.flatnonzero(starts % (ANCHOR_BARS * 60_000) == 0)
        needed = max(int(anchors[anchors >= least][0]) + held, window - 1)
        surely = max(int(anchors[anchors >= anchored][0]) + held, window - 1)
    else:
        needed = surely = window - 1
    known = np.isfinite(in_batch[feature.name])
    assert not known[:needed].any()
    unknown = {name: np.isnan(BARS.columns[name]) for name in sorted(feature.columns)}
    missing = np.convolve(np.any([*unknown.values(), np.zeros(len(BARS), dtype=bool)], axis=0), np.ones(window))
    assert known[surely:][missing[surely : len(BARS)] == 0].all()
    if "taker_buy_volume" in unknown:
        assert not known[missing[: len(BARS)] > 0].any(), "what is not known is null"


@pytest.mark.parametrize("start", [1, 59, 700, 701, 2_141])
def test_a_value_does_not_depend_on_where_history_starts(start: int, in_batch: dict[str, np.ndarray]) -> None:
    later = batch(BARS[start:])
    for name in FEATURE_NAMES:
        warm = np.isfinite(later[name])
        np.testing.assert_array_equal(later[name][warm], in_batch[name][start:][warm], err_msg=name)
        assert warm[WARM_UP_BARS + ANCHOR_BARS :].any(), name


@pytest.mark.parametrize("cut", [1, 699, 700, 701, 2_140, 2_141, 2_142, 4_000, 5_021])
def test_a_restart_changes_nothing(cut: int, rows: list[FeatureRow]) -> None:
    state = MemoryState()
    stream(BARS[max(0, cut - RING_BARS) : cut], state)
    restarted = MemoryState()
    restarted.entries = json.loads(json.dumps(state.entries))
    assert stream(BARS[cut : cut + 40], restarted) == rows[cut : cut + 40]


def test_a_cache_that_is_ahead_of_the_state_is_not_used(rows: list[FeatureRow]) -> None:
    """As after a batch that was rolled back, or a partition that came back from another process."""
    state, engines = MemoryState(), {}
    stream(BARS[:2_500], state, engines)
    kept = json.loads(json.dumps(state.entries))
    stream(BARS[2_500:2_600], state, engines)
    state.entries = kept
    assert stream(BARS[2_500:2_600], state, engines) == rows[2_500:2_600]


@pytest.mark.parametrize("at", [600, 700, 719, 2_140, 3_000])
def test_a_bar_that_is_forming_gives_what_it_would_and_changes_nothing(
    at: int, in_batch: dict[str, np.ndarray]
) -> None:
    before = BARS[:at]
    engine = Engine(60)
    push_all(before, engine)
    start_ms = int(BARS.starts_ms[at])
    closing = Bar(*(float(BARS.columns[name][at]) for name in Bar._fields))
    for forming in (closing._replace(close=closing.low, volume=0.5), closing._replace(high=1e6), closing):
        peeked = engine.peek(start_ms, forming)
    expected = {name: None if np.isnan(values[at]) else values[at] for name, values in in_batch.items()}
    assert peeked == expected
    engine.push(start_ms, closing)
    assert engine.values() == expected


@pytest.mark.parametrize("cut", [800, 2_200, 5_555])
def test_no_look_ahead(cut: int, in_batch: dict[str, np.ndarray]) -> None:
    other = simulated(len(BARS), seed=8)
    columns = {name: np.concatenate([BARS.columns[name][:cut], other.columns[name][cut:]]) for name in Bar._fields}
    changed = compute(BARS.starts_ms, columns, 60)
    for name in FEATURE_NAMES:
        np.testing.assert_array_equal(changed[name][:cut], in_batch[name][:cut], err_msg=name)
    assert sum(not np.array_equal(changed[name], in_batch[name], equal_nan=True) for name in FEATURE_NAMES) == sum(
        bool(feature.columns) for feature in FEATURES
    )


@every_feature
def test_price_scale(feature: Feature, in_batch: dict[str, np.ndarray], cheaper: dict[str, np.ndarray]) -> None:
    """Prices in another unit scale features that are prices and leave the others; by a power of two, exactly.

    What counts in decimal units counts in others then.
    """
    expected = in_batch[feature.name] * (2.0**-7 if feature.unit in QUOTE else 1)
    if feature.name in DECIMAL:
        np.testing.assert_allclose(cheaper[feature.name], expected, rtol=0, atol=CONVERGENCE)
    else:
        np.testing.assert_array_equal(cheaper[feature.name], expected)


@every_feature
def test_volume_scale(feature: Feature, in_batch: dict[str, np.ndarray], busier: dict[str, np.ndarray]) -> None:
    """The same of volumes."""
    expected = in_batch[feature.name] * (2.0**9 if feature.unit in BASE else 1)
    np.testing.assert_array_equal(busier[feature.name], expected)


@pytest.fixture(scope="module")
def cheaper() -> dict[str, np.ndarray]:
    return scaled(2.0**-7, (*PRICES, "reference_close"))


@pytest.fixture(scope="module")
def busier() -> dict[str, np.ndarray]:
    return scaled(2.0**9, ("volume", "taker_buy_volume"))


def scaled(factor: float, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The features of bars some columns of which are in another unit."""
    columns = {name: values * (factor if name in names else 1) for name, values in BARS.columns.items()}
    return compute(BARS.starts_ms, columns, 60)


def test_keys_and_intervals_are_independent() -> None:
    one, other = simulated(900, seed=1), simulated(900, seed=2)
    five_minutes = simulated(900, seed=3, interval_s=300)
    alone = (
        one.candles("BTC/USD"),
        other.candles("ETH/USD"),
        five_minutes.candles("BTC/USD"),
        other.candles("BTC/USD", exchange="coinbase"),
    )
    states = {"BTC/USD": MemoryState(), "ETH/USD": MemoryState()}
    engines: Engines = {}
    mixed = [
        row
        for several in zip(*alone, strict=True)
        for candle in several
        for row in step(states[candle.pair], candle, engines, "full")
    ]
    for candles in alone:
        first, state, own = candles[0], MemoryState(), Engines()
        key = (first.exchange, first.pair, first.interval_s)
        expected = [row for candle in candles for row in step(state, candle, own, "full")]
        assert [row for row in mixed if (row.exchange, row.pair, row.interval_s) == key] == expected


def test_state_is_bounded_and_small() -> None:
    state = MemoryState()
    bars = simulated(RING_BARS + 200)
    engines: Engines = {}
    for candle in bars.candles():
        step(state, candle, engines)
    assert len(state.entries) == RING_BARS + 1
    assert max(len(json.dumps(value)) for value in state.entries.values()) < 150


def test_a_set_is_a_part_of_the_full_one(in_batch: dict[str, np.ndarray]) -> None:
    """Which other features are computed beside it changes no feature."""
    for features in SETS.values():
        found = compute(BARS.starts_ms, BARS.columns, 60, features)
        assert list(found) == [feature.name for feature in features]
        for name, values in found.items():
            np.testing.assert_array_equal(values, in_batch[name])
    for feature in FEATURES:
        np.testing.assert_array_equal(
            compute(BARS.starts_ms, BARS.columns, 60, [feature])[feature.name], in_batch[feature.name]
        )


def test_input_is_not_changed() -> None:
    bars = simulated(2_300)
    before = {name: values.copy() for name, values in bars.columns.items()}
    for values in bars.columns.values():
        values.setflags(write=False)
    batch(bars)
    for name, values in bars.columns.items():
        np.testing.assert_array_equal(values, before[name])


def test_rows_say_what_their_candle_said(rows: list[FeatureRow]) -> None:
    candles: list[Candle] = BARS.candles()
    for candle, row in zip(candles, rows, strict=True):
        assert row.message_id == candle.message_id
        assert row.event_time_ms == candle.window_end_ms
        assert (row.open, row.high, row.low, row.close, row.volume) == (
            candle.open,
            candle.high,
            candle.low,
            candle.close,
            candle.volume,
        )
    assert all(later.event_time_ms > earlier.event_time_ms for earlier, later in pairwise(rows))
