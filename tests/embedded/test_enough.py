"""What is said of trades that are too short to train on is what training would find."""

from __future__ import annotations

import math
import random

import pytest

from embedded.enough import History, samples_at_most, training_settings, warm_from_ms, why_too_short
from features import ANCHOR_BARS, feature_set
from features.bars import Bar
from features.engine import Engine

MIDNIGHT_MS = 1_772_582_400_000
MINUTE_MS = 60_000
BEFORE = max(feature.bars(60) for feature in feature_set("core"))


def first_warm_ms(first_ms: int, interval_s: int = 60) -> int:
    """Return the first bar at which an engine that began at `first_ms` has every feature of the models."""
    engine, rng, price = Engine(interval_s, feature_set("core")), random.Random(1), 100.0
    start_ms = first_ms // (interval_s * 1_000) * interval_s * 1_000
    while True:
        before, price = price, price * math.exp(rng.gauss(0, 1e-3))
        high, low = max(before, price) * 1.0002, min(before, price) * 0.9998
        engine.push(start_ms, Bar(before, high, low, price, 1.0 + rng.random(), 5.0, 0.5, math.nan))
        if all(value is not None for value in engine.values().values()):
            return start_ms
        start_ms += interval_s * 1_000


@pytest.mark.parametrize("bars", [BEFORE - 1, BEFORE, BEFORE + 1, ANCHOR_BARS])
def test_rows_are_warm_where_it_is_said(bars: int) -> None:
    first_ms = MIDNIGHT_MS - bars * MINUTE_MS + 1
    assert warm_from_ms(first_ms, 60) <= first_warm_ms(first_ms), (
        "never too late, or training would be left out wrongly"
    )
    assert warm_from_ms(first_ms, 60) == MIDNIGHT_MS + (0 if bars >= BEFORE else ANCHOR_BARS * MINUTE_MS)


@pytest.mark.parametrize("pairs", [1, 2, 3])
def test_what_would_be_enough_is_enough_and_a_bar_less_is_not(pairs: int) -> None:
    settings = training_settings({}, "logistic")
    firsts = [MIDNIGHT_MS - (BEFORE + 1) * MINUTE_MS - number * 90 * MINUTE_MS for number in range(pairs)]

    def histories(last_ms: int) -> list[History]:
        return [History(f"P{number}/USD", first, last_ms) for number, first in enumerate(firsts)]

    said = why_too_short(histories(MIDNIGHT_MS), settings)
    assert said is not None and "Features of 1m bars are warm from 2026-03-04 00:00" in said
    last_ms = MIDNIGHT_MS
    while samples_at_most(histories(last_ms), settings) < settings.min_samples:
        last_ms += MINUTE_MS
    assert why_too_short(histories(last_ms), settings) is None
    assert why_too_short(histories(last_ms - MINUTE_MS), settings) is not None
    hours, minutes = divmod((last_ms - MIDNIGHT_MS) // MINUTE_MS, 60)
    assert f"samples would be there at 2026-03-04 {hours:02}:{minutes:02}" in said


def test_longer_bars_need_longer_trades() -> None:
    day_ms = 86_400_000
    settings = training_settings({"PREDICTIONS_INTERVAL_S": "300"}, "logistic")
    two_days = [History("BTC/USD", MIDNIGHT_MS - day_ms, MIDNIGHT_MS + day_ms)]
    assert "Features of 5m bars" in (why_too_short(two_days, settings) or "")
