"""Every feature on markets that are quiet, coarse, of tiny prices or without known sides.

Equal to what it would be had it been opened long ago, whatever the size of a tick, and the same bar by bar; or null.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from tests.support.bar_series import BarSeries, simulated
from tests.support.quiet_markets import Floats, TickBars, quiet_night

from features import ANCHOR_BARS, CONVERGENCE, FEATURES, WARM_UP_BARS
from features.arrays import Arrays
from features.bars import Bar
from features.batch import compute
from features.engine import Engine
from features.feature import Feature

#: What an error is measured against where it is not 1.
SCALES = {"0..100": 100.0, "-100..0": 100.0, "level": 100.0}
TICKS = [Decimal("1"), Decimal("0.1"), Decimal("0.01"), Decimal("1e-8"), Decimal("2.5"), Decimal("1e-12")]


def batch(bars: BarSeries) -> dict[str, Floats]:
    return compute(bars.starts_ms, bars.columns, bars.interval_s)


def scale(feature: Feature, bars: BarSeries) -> float:
    if feature.unit == "base":
        return float(bars.columns["volume"].sum())
    return float(bars.columns["close"].max()) if feature.unit == "quote" else SCALES.get(feature.unit, 1.0)


def differing(
    found: dict[str, Floats], expected: dict[str, Floats], bars: BarSeries, rows: slice
) -> dict[str, float]:
    """The features that are not equal where both are known, and by how much of their scale."""
    away = {
        each.name: float(np.nanmax(np.abs(found[each.name] - expected[each.name])[rows], initial=0.0))
        / scale(each, bars)
        for each in FEATURES
        if each.name in expected
    }
    return {name: error for name, error in away.items() if error > CONVERGENCE}


def opened_once(bars: BarSeries) -> tuple[dict[str, Floats], int]:
    """The features of the row's own bars, opened at the first anchor and never again."""
    numbers = bars.starts_ms // 60_000
    anchor = next(int(place) for place in np.flatnonzero(numbers % ANCHOR_BARS == 0) if place >= WARM_UP_BARS)
    arrays = Arrays(bars.columns, int(numbers[0]), bars.starts_ms + 60_000, [anchor])
    with np.errstate(all="ignore"):
        return {each.name: arrays.value(each.formula) for each in FEATURES if each.timeframe_s is None}, anchor


@pytest.mark.parametrize("seed", [3, *range(20, 26)])
def test_equal_to_an_endless_history_or_null(seed: int) -> None:
    bars = quiet_night(seed, days=6).series()
    expected, anchor = opened_once(bars)
    wrong = differing(batch(bars), expected, bars, slice(anchor + ANCHOR_BARS, None))
    assert not wrong


@pytest.mark.parametrize("seed", range(4))
def test_the_size_of_a_tick_changes_nothing(seed: int) -> None:
    """The same market at six sizes of a tick: the same values, in its unit, and the same nulls."""
    night = replace(quiet_night(seed), tick=TICKS[0])
    first = batch(night.series())
    for tick in TICKS[1:]:
        bars = replace(night, tick=tick).series()
        of_price = {each.name for each in FEATURES if each.unit == "quote"}
        expected = {name: values * (float(tick) if name in of_price else 1.0) for name, values in first.items()}
        found = batch(bars)
        assert not differing(found, expected, bars, slice(None)), tick
        nulls = [name for name in found if not np.array_equal(np.isnan(found[name]), np.isnan(expected[name]))]
        assert not nulls, (tick, nulls)


def sideless(night: TickBars) -> BarSeries:
    bars = night.series()
    return replace(bars, columns={**bars.columns, "taker_buy_volume": np.full(len(bars), np.nan)})


@pytest.mark.parametrize("seed", [0, 7])
def test_bar_by_bar_to_the_bit(seed: int) -> None:
    """With a peek at every bar around two midnights, and from a start of its own that has fewer bars before them."""
    bars = sideless(quiet_night(seed))
    in_batch = batch(bars)
    for start in (0, 300):
        engine = Engine(60)
        rows = zip(bars.starts_ms.tolist(), *(bars.columns[name].tolist() for name in Bar._fields), strict=True)
        for place, (start_ms, *values) in enumerate(rows):
            if place < start:
                continue
            near = (start_ms // 60_000 + 20) % ANCHOR_BARS < 200
            peeked = engine.peek(start_ms, Bar(*values)) if near else None
            engine.push(start_ms, Bar(*values))
            found = engine.values()
            assert peeked is None or peeked == found
            for name, value in found.items():
                expected = in_batch[name][place]
                assert value == expected or (value is None and (start or np.isnan(expected))), (name, place)


@pytest.mark.parametrize("lengths", [(1,), (1, 2, 5), (60, 1, 1_200), (999, 1_001, 3)])
@pytest.mark.parametrize("quiet", [False, True])
def test_holes_are_what_they_were_one_by_one(lengths: tuple[int, ...], quiet: bool) -> None:
    """All runs at once equal each alone, to the bit; with anchors missing, too."""
    bars = quiet_night(5, days=5).series() if quiet else simulated(7_000, seed=9)
    rng = np.random.default_rng(len(lengths))
    there = np.ones(len(bars), dtype=bool)
    for length in lengths * 3:
        begin = int(rng.integers(0, len(bars) - 1_300))
        there[begin : begin + length] = False
    there[np.flatnonzero(bars.starts_ms // 60_000 % ANCHOR_BARS == 0)[-1]] = False
    holed = bars[there]
    found = batch(holed)
    edges = [0, *(np.flatnonzero(np.diff(holed.starts_ms) != 60_000) + 1).tolist(), len(holed)]
    for first, last in pairwise(edges):
        for name, expected in batch(holed[first:last]).items():
            np.testing.assert_array_equal(found[name][first:last], expected, name)
