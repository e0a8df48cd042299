"""Single trades wait to go to the windows together: nobody can tell from the candles, and no state grows from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.candles import market

from candles.app import topology
from candles.core.admit import MAX_WAITING
from candles.core.rules import Rules
from candles.core.twin import CandlesTwin
from candles.settings import CandlesSettings
from contracts.topics import CANDLES, TRADES
from contracts.units import MAX_AMOUNT_CHARACTERS
from streaming.testing import run_topology

LAW = settings(
    derandomize=True, max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
STEPS = st.lists(st.sampled_from([0, 0, 0.1, 0.3, 0.9, 7, 61]), min_size=1, max_size=120)


def trades_of(steps: list[float]) -> list[Any]:
    seconds, trades = 0.0, []
    for index, step in enumerate(steps):
        seconds += step
        trades.append(market.at(seconds, index + 1, str(1 + index % 7), f"0.{1 + index % 9}"))
    return trades


def run_from_json(messages: list[Any], rules: Rules) -> list[Any]:
    """Candles of a twin whose pairs go through JSON after every message, as at a restart."""
    twin, candles = CandlesTwin(rules), []
    for message in messages:
        candles += twin.feed(message)
        twin.pair = json.loads(json.dumps(twin.pair))
        assert len((twin.pair["waiting"] or [[]])[0]) <= MAX_WAITING
    return candles


@LAW
@given(STEPS, st.sampled_from([0, 2_500, 90_000]), st.booleans(), st.data())
def test_single_trades_and_a_whole_frame_give_the_same_candles(steps, grace_ms, consecutive, data) -> None:
    trades, rules = trades_of(steps), Rules((60, 90), grace_ms=grace_ms)
    sizes = data.draw(st.lists(st.integers(1, 3), min_size=len(trades), max_size=len(trades)))
    parts, start = [], 0
    for size in sizes:
        parts.append(trades[start : start + size])
        start += size
    end = market.end_at(trades[-1].us + 1)
    single = [market.frame(part, consecutive) for part in parts if part]
    found = run_from_json([market.heartbeat(0), *single, end], rules)
    whole = market.run([market.heartbeat(0), market.frame(trades, consecutive), end], rules)
    for interval_s in rules.intervals_s:
        assert [one for one in found if one.interval_s == interval_s] == [
            one for one in whole if one.interval_s == interval_s
        ]
        market.assert_equals_reference(found, trades, interval_s)


def serve(messages: list[Any], folder: Path | None = None, **options):
    return run_topology(topology, CandlesSettings(**options), "candles", {TRADES: messages}, [CANDLES], folder=folder)


@pytest.mark.parametrize(("before", "after"), [((300,), (60, 300)), ((60, 300), (300,)), ((60,), (60, 300))])
def test_trades_wait_for_the_intervals_they_came_for(tmp_path, before, after) -> None:
    trades = [market.at(10 * index, index + 1) for index in range(1, 60)]
    first = [market.heartbeat(0), *market.frames(trades[:15], 1)]  # the last of them wait
    serve(first, tmp_path, intervals_s=before)
    run = serve([*market.frames(trades[15:], 1), market.heartbeat(600)], tmp_path, intervals_s=after)
    assert run.dead_letters == []
    counts = [(one.trade_count, one.quality) for one in run["candles"] if one.interval_s == 300]
    known = 300 in before
    assert counts == [(29, "complete") if known else (14, "gap"), (30, "complete")]


@pytest.mark.parametrize(("before_ms", "after_ms"), [(0, 90_000), (90_000, 0), (90_000, 2_000)])
def test_trades_that_wait_survive_another_grace(tmp_path, before_ms, after_ms) -> None:
    trades = [market.at(9 * index, index + 1) for index in range(1, 60)]
    first = [market.heartbeat(0), *market.frames(trades[:16], 1)]
    run = serve(first, tmp_path, grace_ms=before_ms)["candles"]
    rest = serve([*market.frames(trades[16:], 1), market.end(700)], tmp_path, grace_ms=after_ms)
    whole = serve([market.heartbeat(0), market.frame(trades), market.end(700)])["candles"]
    assert rest.dead_letters == []
    assert market.last_revisions([*run, *rest["candles"]]) == market.last_revisions(whole)


def test_a_number_too_long_to_be_added_exactly_is_set_aside_alone() -> None:
    good = [market.at(index, index + 1) for index in range(1, 8)]
    short = market.frame([market.at(4.5, 9, "100", "1")])
    long = short.model_copy(update={"prices": ["1" * (MAX_AMOUNT_CHARACTERS + 1)]})
    run = serve([market.heartbeat(0), *market.frames(good, 1), long, market.heartbeat(60)])
    assert [letter.value for letter in run.dead_letters] == [long.to_json()]
    assert [one.trade_count for one in run["candles"]] == [7]


def test_the_longest_numbers_add_up_without_losing_a_digit() -> None:
    large, small = "9" * MAX_AMOUNT_CHARACTERS, "0." + "0" * (MAX_AMOUNT_CHARACTERS - 3) + "1"
    trades = [market.at(1, 1, large, large), market.at(2, 2, small, small), market.at(3, 3, large, small)]
    messages = [market.heartbeat(0), *market.frames(trades, 1), market.heartbeat(300)]
    market.assert_equals_reference(market.run(messages), trades, 300)
