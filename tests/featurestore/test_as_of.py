"""What a prediction was made from can be had again, to the bit, whatever was corrected since."""

from __future__ import annotations

import math
import random
import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.support.bar_series import MIDNIGHT_MS, simulated

from contracts.candle import Candle
from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from contracts.message import Message
from contracts.state import MemoryState
from features import SETS, feature_set_id
from featurestore import Store, open_store
from indicators.core import fold as indicators
from modeling.facts import Answer, ModelFacts
from modeling.input_list import input_list
from predictions.core import decision as predictions

PAIRS = ("BTC/USD", "ETH/USD")
SERVED_BARS = 700
#: Bars before the first that is predicted: the features warm up on them.
HISTORY_BARS = 400
FIRST_MS = MIDNIGHT_MS - 300 * 60_000
FACTS = ModelFacts(
    "direction",
    3,
    input_list(),
    sequence_length=1,
    horizon_bars=5,
    interval_s=60,
    trained_to_ms=FIRST_MS + HISTORY_BARS * 60_000,
)


@dataclass
class Served:
    """What happened: messages in the order they were published, and the row each prediction was made from."""

    messages: list[Message] = field(default_factory=list)
    used: dict[str, FeatureRow] = field(default_factory=dict)


@pytest.fixture(scope="module")
def served() -> Served:
    """Two pairs through the services' own folds; some candles are corrected later, some of those twice."""
    chance, happened = random.Random(5), Served()
    for pair in PAIRS:
        state, engines, run = MemoryState(), {}, predictions.initial()
        late: list[Candle] = []
        for n, candle in enumerate(simulated(HISTORY_BARS + SERVED_BARS, first_ms=FIRST_MS).candles(pair)):
            rows = indicators.step(state, candle, engines, "full")
            run, spoken = predictions.step(run, rows[0], FACTS, lambda _bars: Answer(0.6))
            happened.messages += [*rows, *spoken]
            happened.used |= {prediction.message_id: rows[0] for prediction in spoken}
            if n >= HISTORY_BARS and chance.random() < 0.16:
                late += [corrected(candle, revision) for revision in range(1, chance.randint(2, 3))]
            while late and chance.random() < 0.2:
                happened.messages += indicators.step(state, late.pop(0), engines, "full")
    return happened


def corrected(candle: Candle, revision: int) -> Candle:
    return candle.model_copy(update={"revision": revision, "close": candle.low, "volume": f"{revision}"})


def write(store: Store, messages: list[Message]) -> None:
    """Write in batches of any size that overlap, as after restarts."""
    chance, done = random.Random(6), 0
    while done < len(messages):
        size = chance.randint(1, 700)
        store.write(messages[done : done + size])
        done += chance.randint(1, size)


def test_the_exact_vector_of_1000_served_predictions(store_url: str, served: Served) -> None:
    with open_store(store_url) as store:
        write(store, served.messages)
        kept = store.sql("SELECT pair, window_start_ms, interval_s, message_id FROM predictions").dicts()
        revised = set(store.sql("SELECT pair, window_start_ms FROM technical_indicators WHERE revision > 0").rows)
        assert len(kept) == len(served.used) == len(PAIRS) * SERVED_BARS
        of_revised = 0
        for made in random.Random(7).sample(kept, 1_000):
            now_ms = made["window_start_ms"] + made["interval_s"] * 1_000
            (row,) = store.as_of(now_ms, [made["pair"]], 60)
            used = served.used[made["message_id"]]
            assert row == used and row.to_json() == used.to_json()
            assert [bits(value) for value in row.values().values()] == [bits(v) for v in used.values().values()]
            of_revised += (made["pair"], made["window_start_ms"]) in revised
        assert of_revised > 100, "too few of them were corrected later"


def bits(value: float | None) -> str:
    return "null" if value is None else value.hex()


def test_as_of_is_the_window_that_had_ended(store_url: str, served: Served) -> None:
    rows = [row for row in served.messages if isinstance(row, FeatureRow) and row.revision == 0]
    first, second = (row for row in rows[:2])
    with open_store(store_url) as store:
        store.write(row for row in served.messages if isinstance(row, FeatureRow))
        assert store.as_of(first.window_end_ms - 1, PAIRS, 60) == []
        assert store.as_of(first.window_end_ms, PAIRS, 60)[0] == first
        assert store.as_of(second.window_end_ms - 1, ["BTC/USD"], 60) == [first]
        newest = store.as_of(2**60, ["ETH/USD", "BTC/USD"], 60)
        assert [(row.pair, row.revision) for row in newest] == [("BTC/USD", 0), ("ETH/USD", 0)]
        assert {row.window_start_ms for row in newest} == {rows[-1].window_start_ms}
        assert store.as_of(2**60, ["SOL/USD"], 60) == store.as_of(2**60, PAIRS, 300) == []


def test_a_frame_has_the_features_of_its_set_and_refuses_rows_that_do_not_serve_it(store_url: str) -> None:
    names = {name: {feature.name for feature in SETS[name]} for name in SETS}
    bars = simulated(50, first_ms=FIRST_MS)
    rows = {name: rows_of(bars.candles(pair), name) for name, pair in (("core", "BTC/USD"), ("full", "ETH/USD"))}
    minutes = (FIRST_MS, FIRST_MS + 86_400_000, 60)
    with open_store(store_url) as store:
        store.write([*rows["core"], *rows["full"]])
        frame = store.frame(PAIRS, *minutes, feature_set="core")
        assert set(frame) & names["full"] == names["core"]
        assert Counter(frame["feature_set"]) == {feature_set_id("core"): 50, feature_set_id("full"): 50}
        assert frame["sma_7"] == [row.sma_7 for row in [*rows["core"], *rows["full"]]]
        assert set(store.frame(PAIRS[1:], *minutes, feature_set="full")) == set(FeatureRow.model_fields)
        with pytest.raises(BadInputError, match=f"rows of a set that has what full:.*{feature_set_id('core')}"):
            store.frame(PAIRS, *minutes, feature_set="full")
        store.write([rows["core"][5].model_copy(update={"feature_set": "core:of-last-year"})])
        with pytest.raises(BadInputError, match="core:of-last-year"):
            store.frame(PAIRS, *minutes, feature_set="core")
        with pytest.raises(BadInputError, match="feature_set: expected one of core, full, was 'mine'"):
            store.frame(PAIRS, *minutes, feature_set="mine")


def rows_of(candles: list[Candle], set_name: str) -> list[FeatureRow]:
    state, engines = MemoryState(), {}
    return [row for candle in candles for row in indicators.step(state, candle, engines, set_name)]


def test_any_float_comes_back_to_the_bit(store_url: str) -> None:
    """Every pattern of bits that is a finite number, but minus zero, which SQLite keeps as zero."""
    chance = random.Random(8)
    names = [feature.name for feature in SETS["full"]]
    numbers = [5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 0.1 + 0.2, 2.0**53 + 2, 3.0, 0.0, -1e22]
    while len(numbers) < 5 * len(names):
        (number,) = struct.unpack("<d", chance.randbytes(8))
        numbers += [number] if math.isfinite(number) else []
    (row,) = rows_of(simulated(1, first_ms=FIRST_MS).candles(), "full")
    rows = [
        row.model_copy(update={"window_start_ms": n * 60_000, **dict(zip(names, numbers[n::5], strict=False))})
        for n in range(5)
    ]
    with open_store(store_url) as store:
        store.write(rows)
        for made in rows:
            (found,) = store.as_of(made.window_end_ms, ["BTC/USD"], 60)
            assert [bits(value) for value in found.values().values()] == [bits(v) for v in made.values().values()]


def test_a_correction_of_a_smaller_set_leaves_nothing_of_the_larger(store_url: str) -> None:
    candles = simulated(150, first_ms=FIRST_MS).candles()
    full = rows_of(candles, "full")
    core = rows_of([corrected(candle, 1) for candle in candles], "core")
    with open_store(store_url) as store:
        store.write(full)
        assert store.latest(["BTC/USD"], 60) == full[-1:]
        store.write(core)
        assert store.latest(["BTC/USD"], 60) == core[-1:]
        assert store.sql("SELECT count(roc_10), count(sma_7) FROM technical_indicators").rows == [(0, 144)]
        store.write(full)
        assert store.latest(["BTC/USD"], 60) == core[-1:]


def test_a_row_of_a_set_that_is_not_known_any_more_has_what_is_not_null(store_url: str) -> None:
    (row,) = rows_of(simulated(1, first_ms=FIRST_MS).candles(), "core")
    old = row.model_copy(update={"feature_set": "core:of-last-year", "sma_7": 1.5})
    with open_store(store_url) as store:
        store.write([old])
        (found,) = store.latest(["BTC/USD"], 60)
    assert found.feature_set == old.feature_set and found.values() == {"sma_7": 1.5}


@pytest.mark.parametrize("pairs", [[], "BTC/USD", [None]])
def test_what_cannot_be_asked_is_refused_in_words(pairs: Any) -> None:
    with open_store("sqlite:///:memory:") as store:
        for ask in (
            lambda: store.latest(pairs, 60),
            lambda: store.as_of(0, pairs, 60),
            lambda: store.frame(pairs, 0, 1, 60),
        ):
            with pytest.raises(BadInputError, match="pairs: expected a list of pairs such as"):
                ask()
        with pytest.raises(BadInputError, match="interval_s: expected a positive number of seconds, was 0"):
            store.latest(["BTC/USD"], 0)
        with pytest.raises(BadInputError, match=r"to_ms: expected 5 \(from_ms\) or later, was 4"):
            store.frame(["BTC/USD"], 5, 4, 60)
