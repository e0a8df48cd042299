"""Candles wait for those of their reference pair: the same rows however the two topics are mixed."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.bar_series import MIDNIGHT_MS, simulated

from contracts.candle import Candle
from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow
from contracts.reference_candle import ReferenceCandle
from contracts.state import MemoryState
from indicators.core import join as joining
from indicators.core.fold import Engines, step
from indicators.core.join import join

MINUTE_MS = 60_000
FIRST_MS = MIDNIGHT_MS - 40 * MINUTE_MS
CANDLES = simulated(120, first_ms=FIRST_MS).candles("ETH/USD")


def reference(window: int, interval_s: int = 60, pair: str = "BTC/USD") -> ReferenceCandle:
    return ReferenceCandle(
        exchange="kraken",
        pair="ETH/USD",
        interval_s=interval_s,
        window_start_ms=FIRST_MS + window * MINUTE_MS,
        reference_pair=pair,
        close=f"{30_000 + window}.5",
        quality="complete",
    )


REFERENCES = [reference(window) for window in range(len(CANDLES))]


class Run:
    """The fold, on a state that is JSON between any two messages, and what it gave."""

    def __init__(self) -> None:
        self.state = MemoryState()
        self.engines: Engines = {}
        self.rows: list[FeatureRow] = []
        self.refused: list[joining.Refused] = []
        self.without: list[Candle] = []
        self.compared_before: list[str] = []
        self.reference: str | None = "BTC/USD"

    def restart(self, reference: str | None) -> None:
        """Go on with another setting: what was in memory only is gone."""
        self.reference, self.engines = reference, {}

    def take(self, *messages: Candle | ReferenceCandle) -> list[FeatureRow]:
        before = len(self.rows)
        for message in messages:
            self.state.entries = json.loads(json.dumps(self.state.entries, allow_nan=False))
            joined = join(self.state, message, self.reference, self.engines, "full")
            self.rows += joined.rows
            self.refused += joined.refused
            self.without += joined.without
            self.compared_before += [joined.compared_before] if joined.compared_before else []
        return self.rows[before:]


def expected(candles: list[Candle], references: list[ReferenceCandle]) -> list[FeatureRow]:
    """The rows of `candles` in their order, each with its reference: nothing of the join."""
    closes = {each.window_start_ms: float(each.close) for each in references}
    state, engines = MemoryState(), {}
    return [
        row
        for candle in candles
        for row in step(state, candle, engines, "full", closes.get(candle.window_start_ms, math.nan))
    ]


def mixed(data: st.DataObject, *streams: list[Any]) -> list[Any]:
    """The messages of all streams in a drawn order that keeps each stream's own."""
    left = [list(reversed(stream)) for stream in streams]
    found = []
    while any(left):
        several = [stream for stream in left if stream]
        chosen = data.draw(st.integers(0, len(several) - 1))
        count = min(data.draw(st.integers(1, 9)), len(several[chosen]))
        found += [several[chosen].pop() for _ in range(count)]
    return found


@settings(max_examples=40, derandomize=True, deadline=None)
@given(data=st.data())
def test_rows_are_the_same_however_the_topics_are_mixed(data: st.DataObject) -> None:
    """With holes, corrections, and what a kill repeats."""
    length = data.draw(st.integers(20, 60))
    absent = data.draw(st.sets(st.integers(0, length - 2)))
    references = [each for n, each in enumerate(REFERENCES[:length]) if n not in absent]
    candles = list(CANDLES[:length])
    for window in sorted(data.draw(st.sets(st.integers(0, length - 1), max_size=4)), reverse=True):
        late = candles[window].model_copy(update={"revision": 1, "close": "31000", "high": "40000"})
        candles.insert(data.draw(st.integers(window + 1, length)), late)
    wanted = expected(candles, references)
    topics: tuple[list[Any], ...] = (candles, references)
    for topic in topics:  # a writer that was killed repeats its last messages
        end = data.draw(st.integers(1, len(topic)))
        topic[end:end] = topic[max(0, end - data.draw(st.integers(0, 9))) : end]
    run = Run()
    run.take(*mixed(data, candles, references))
    assert run.rows == wanted
    assert run.refused == []
    assert not [name for name in run.state.entries if ":waiting:" in name]


def test_a_row_waits_for_both_and_comes_in_window_order() -> None:
    run = Run()
    assert run.take(*CANDLES[:3]) == []
    assert [row.window_start_ms for row in run.take(REFERENCES[0])] == [CANDLES[0].window_start_ms]
    assert len(run.take(REFERENCES[1], REFERENCES[2])) == 2
    assert run.take(REFERENCES[3]) == []
    assert len(run.take(CANDLES[3])) == 1
    assert run.rows == expected(CANDLES[:4], REFERENCES)


def test_a_later_reference_says_that_a_window_has_none() -> None:
    run = Run()
    run.take(*CANDLES[:5], *REFERENCES[:2])
    assert len(run.rows) == 2
    run.take(REFERENCES[4])
    assert run.rows == expected(CANDLES[:5], [*REFERENCES[:2], REFERENCES[4]])
    assert run.rows != expected(CANDLES[:5], REFERENCES)


def test_a_correction_waits_its_turn_and_keeps_what_its_window_came_with() -> None:
    run = Run()
    late = CANDLES[1].model_copy(update={"revision": 1, "close": "31000", "high": "40000"})
    run.take(*CANDLES[:3], *REFERENCES[:2])
    assert run.take(CANDLES[3], late) == []
    rows = run.take(REFERENCES[2], REFERENCES[3])
    assert [(row.window_start_ms, row.revision) for row in rows] == [
        (CANDLES[2].window_start_ms, 0),
        (CANDLES[3].window_start_ms, 0),
        (CANDLES[1].window_start_ms, 1),
    ]
    assert run.rows == expected([*CANDLES[:4], late], REFERENCES)


def test_intervals_and_exchanges_wait_alone() -> None:
    run = Run()
    other = CANDLES[0].model_copy(update={"exchange": "coinbase"})
    longer = simulated(1, first_ms=FIRST_MS, interval_s=300).candles("ETH/USD")[0]
    assert run.take(other, longer, CANDLES[0]) == []
    assert [row.interval_s for row in run.take(reference(0, interval_s=300))] == [300]
    assert [row.exchange for row in run.take(REFERENCES[0])] == ["kraken"]


def test_a_candle_that_cannot_be_used_is_refused_and_holds_nobody_up() -> None:
    run = Run()
    run.take(*CANDLES[5:7], *REFERENCES[5:7])
    shifted = CANDLES[7].model_copy(update={"window_start_ms": CANDLES[7].window_start_ms + 1})
    run.take(CANDLES[7], shifted, CANDLES[2], CANDLES[8], *REFERENCES[7:9])
    assert run.rows == expected(CANDLES[5:9], REFERENCES)
    assert [refused.candle for refused in run.refused] == [shifted, CANDLES[2]]


def held(run: Run, kind: str) -> int:
    """How many entries of that kind the state holds."""
    return sum(f":{kind}:" in name for name in run.state.entries)


def test_at_the_bound_the_oldest_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "MAX_WAITING", 10)
    run = Run()
    assert run.take(*CANDLES[:10]) == []
    assert run.take(CANDLES[10]) == expected(CANDLES[:1], [])
    assert run.without == CANDLES[:1]
    run.take(*CANDLES[11:60])
    assert held(run, "waiting") == 10
    assert run.without == CANDLES[:50]
    run.take(*REFERENCES[:60])
    assert run.rows == expected(CANDLES[:60], REFERENCES[50:60])
    assert held(run, "closes") == 0


def test_at_the_bound_the_oldest_close_is_forgotten_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "MAX_WAITING", 10)
    run = Run()
    run.take(*REFERENCES[:60])
    assert held(run, "closes") == 10
    run.take(*CANDLES[:60])
    assert run.rows == expected(CANDLES[:60], REFERENCES[50:60])
    assert run.without == CANDLES[:50]
    assert held(run, "closes") == 0


@pytest.mark.parametrize("swift", ["candles", "references"])
def test_pairs_of_unequal_pace_lose_nothing(swift: str) -> None:
    """As their history is fetched side by side: more than a day apart in the end."""
    length = 2_400
    candles = simulated(length, first_ms=FIRST_MS).candles("ETH/USD")
    streams: list[list[Any]] = [candles, [reference(window) for window in range(length)]]
    first, second = streams if swift == "candles" else reversed(streams)
    messages: list[Any] = []
    for n in range(length):
        messages += [*first[3 * n : 3 * n + 3], second[n]]
    state, engines, rows = MemoryState(), {}, []
    for message in messages:
        joined = join(state, message, "BTC/USD", engines)
        rows += [(row.window_start_ms, row.revision) for row in joined.rows]
        assert not joined.without and not joined.refused
    assert rows == [(candle.window_start_ms, 0) for candle in candles]


def test_a_close_is_kept_only_until_its_candle_was_used() -> None:
    run = Run()
    for candle, close in zip(CANDLES[:20], REFERENCES, strict=False):
        run.take(candle, close)
        assert (held(run, "closes"), held(run, "waiting")) == (0, 0)
    run.take(*REFERENCES[20:25], CANDLES[20])
    assert held(run, "closes") == 4


def test_a_line_of_weeks_goes_on_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "MAX_RELEASED", 10)
    run = Run()
    run.take(*CANDLES[:35])
    assert len(run.take(REFERENCES[34])) == 10
    assert len(run.take(CANDLES[35])) == 10
    run.take(REFERENCES[35], REFERENCES[36], CANDLES[36])
    assert run.rows == expected(CANDLES[:37], REFERENCES[34:37])


def test_another_reference_pair_is_not_mixed_with_the_one_before() -> None:
    others = [reference(window, pair="SOL/USD") for window in range(len(CANDLES))]
    run = Run()
    run.take(*CANDLES[:73], *REFERENCES[:70], reference(75))
    late = CANDLES[60].model_copy(update={"revision": 1, "close": "31000", "high": "40000"})
    run.restart("SOL/USD")
    assert run.compared_before == []
    rows = run.take(*[message for pair in zip(CANDLES[73:], others[73:], strict=True) for message in pair])
    assert run.compared_before == ["BTC/USD"]
    # As if what was compared with BTC/USD had not been compared at all.
    assert rows == expected(CANDLES, others[73:])[-len(rows) :]
    assert len(run.rows) == len(CANDLES)
    assert run.take(late) == expected([*CANDLES, late], REFERENCES[:70])[-1:]


def test_candles_that_wait_go_on_with_the_new_reference_pair() -> None:
    others = [reference(window, pair="SOL/USD") for window in range(80)]
    run = Run()
    run.take(*CANDLES[:75], *REFERENCES[:70])
    run.restart("SOL/USD")
    assert run.take(REFERENCES[70], *REFERENCES[71:75]) == []  # of the setting before
    rows = run.take(*others)
    assert [row.window_start_ms for row in rows] == [candle.window_start_ms for candle in CANDLES[70:75]]
    assert rows == expected(CANDLES[:75], others[70:])[70:]


def test_without_a_reference_those_that_wait_go_on_first() -> None:
    run = Run()
    run.take(*CANDLES[:70], *REFERENCES[:60])
    run.restart(None)
    assert run.take(REFERENCES[60]) == []
    assert run.take(CANDLES[70]) == expected(CANDLES[:71], REFERENCES[:0])[60:]
    run.take(*CANDLES[71:80])
    assert (held(run, "closes"), held(run, "waiting")) == (0, 0)
    run.restart("BTC/USD")
    run.take(*CANDLES[80:90], *REFERENCES[60:90])
    assert [row.window_start_ms for row in run.rows] == [candle.window_start_ms for candle in CANDLES[:90]]
    assert run.rows[80:] == expected(CANDLES[:90], REFERENCES[80:90])[80:]
    assert run.refused == []


def test_an_error_of_one_that_waited_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows before it come out, those after it too, and the reference candle is not to blame."""
    broken = OverflowError("int too large")

    def failing(state: Any, candle: Candle, *rest: Any) -> Any:
        if candle == CANDLES[13]:
            raise broken
        return step(state, candle, *rest)

    monkeypatch.setattr(joining, "step", failing)
    run = Run()
    run.take(*CANDLES[:16], REFERENCES[15])
    assert run.refused == [joining.Refused(CANDLES[13], broken)]
    assert run.rows == expected([*CANDLES[:13], *CANDLES[14:16]], REFERENCES[15:])


def test_a_reference_close_that_no_float_has_is_refused() -> None:
    run = Run()
    with pytest.raises(BadInputError, match="close: expected a number"):
        run.take(CANDLES[0], REFERENCES[0].model_copy(update={"close": "1" + "0" * 400}))
    assert run.take(REFERENCES[1]) == expected(CANDLES[:1], [])
