"""A partition goes to another replica and comes back: what a process remembers of it has to hold still."""

from __future__ import annotations

import json
import random
from itertools import pairwise

from tests.support.bar_series import simulated
from tests.support.feature_rows import START_MS, make_rows

from contracts.state import MemoryState
from indicators.core.fold import Engines
from indicators.core.fold import step as indicators_step
from modeling.facts import Answer, ModelFacts
from modeling.input_list import input_list
from predictions.core.decision import step as predictions_step
from predictions.run_store import RunStore

BARS = 700
OWNERS = 3


def turns(seed: int) -> list[tuple[int, range]]:
    """Return who owns the partition for which messages: long turns and short ones, each owner again and again."""
    dice = random.Random(seed)
    cuts = sorted({0, BARS, *dice.sample(range(1, BARS), 40)})
    return [(dice.randrange(OWNERS), range(start, end)) for start, end in pairwise(cuts)]


def through_the_changelog(state: MemoryState) -> MemoryState:
    return MemoryState(json.loads(json.dumps(state.entries)))


def test_engines_of_indicators_that_have_fallen_behind_are_not_used() -> None:
    candles = simulated(BARS).candles()
    alone: Engines = {}
    state = MemoryState()
    expected = [indicators_step(state, candle, alone) for candle in candles]

    caches: list[Engines] = [{} for _ in range(OWNERS)]
    state, found = MemoryState(), []
    for owner, part in turns(1):
        state = through_the_changelog(state)
        found += [indicators_step(state, candles[number], caches[owner]) for number in part]
    assert found == expected


def test_runs_of_predictions_that_have_fallen_behind_are_not_used() -> None:
    rows = make_rows(count=BARS)
    facts = ModelFacts("m", 1, input_list(), 20, 5, 60, START_MS)

    def forecast(bars: object) -> Answer:
        return Answer(hash(tuple(map(tuple, bars))) % 1_000 / 1_000)  # type: ignore[call-overload]

    def predict(store: RunStore, state: MemoryState, number: int) -> object:
        row = rows[number]
        before = store.load(row, state)
        after, predictions = predictions_step(before, row, facts, forecast)
        if after is not before:
            store.save(row, after, state)
        return predictions

    state, alone = MemoryState(), RunStore(60)
    expected = [predict(alone, state, number) for number in range(BARS)]
    assert any(expected)

    stores = [RunStore(60) for _ in range(OWNERS)]
    state, found = MemoryState(), []
    for owner, part in turns(2):
        state = through_the_changelog(state)
        found += [predict(stores[owner], state, number) for number in part]
    assert found == expected
