"""Partial bars of open windows: what the candle would be were it final now, and nothing else changes."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.candles import market

from candles.app import outputs, topology
from candles.core import admit, forming
from candles.core.forming import PartialBar
from candles.core.rules import Rules
from candles.core.twin import CandlesTwin
from candles.settings import CandlesSettings
from contracts.candle import Candle
from contracts.forming_candle import FormingCandle
from contracts.topics import CANDLES, FOREVER, TRADES
from streaming.testing import TopologyRun, run_topology

LAW = settings(
    derandomize=True, max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SHOWN = [name for name in FormingCandle.model_fields if name in Candle.model_fields]


def partial_bars_of(messages: list[Any], rules: Rules, step_ms: int) -> list[list[PartialBar]]:
    """The partial bars after each message; state goes through JSON after each, as at a restart."""
    pair: Any = None
    state, found = None, []
    for message in messages:
        before, led_to = pair, []
        for after, parts in admit.step(before, message, rules):
            pair = after
            led_to += parts
        state, bars = forming.step(state, before, pair, led_to, rules, step_ms)
        pair, state = json.loads(json.dumps([pair, state]))
        found.append(bars)
    return found


def as_if_final(messages: list[Any], rules: Rules, bar: PartialBar) -> Candle:
    """The candle of the bar's window, had input ended with `messages`."""
    twin = CandlesTwin(rules)
    end = market.end_at(bar.time_ms * 1_000 + 1_000)
    found = [candle for message in [*messages, end] for candle in twin.feed(message)]
    shown = bar.candle
    (candle,) = [
        each
        for each in found
        if (each.interval_s, each.window_start_ms, each.revision) == (shown.interval_s, shown.window_start_ms, 0)
    ]
    return candle


@LAW
@given(
    st.lists(st.sampled_from([0.1, 0.3, 0.9, 7, 7, 20, 20, 61, -30]), min_size=30, max_size=80),
    st.sampled_from([0, 0, 2_500, 90_000]),
    st.sampled_from([1, 1_000, 10_000]),
    st.data(),
)
def test_a_partial_bar_is_the_candle_were_it_final_now(moves, grace_ms, step_ms, data) -> None:
    rules, trades, seconds = Rules((60, 90), grace_ms=grace_ms), [], 200.0
    for index, move in enumerate(moves):
        seconds += move
        trades.append(market.at(seconds, index + 1, str(1 + index % 7), f"0.{1 + index % 9}"))
    messages: list[Any] = []
    while trades:
        size = data.draw(st.integers(1, 5))
        messages.append(market.frame(trades[:size]))
        trades = trades[size:]
        if data.draw(st.booleans()):
            messages.append(market.heartbeat(seconds - 30))
    shown: dict[int, list[int]] = {}
    for count, bars in enumerate(partial_bars_of(messages, rules, step_ms), start=1):
        for bar in bars:
            final = as_if_final(messages[:count], rules, bar)
            assert {name: getattr(bar.candle, name) for name in SHOWN} == {
                name: getattr(final, name) for name in SHOWN
            }
            shown.setdefault(bar.candle.interval_s, []).append(bar.time_ms // step_ms)
    assert all(before < after for times in shown.values() for before, after in pairwise(times))


def serve(messages: list[Any], folder: Path | None = None, **given_settings: Any) -> TopologyRun:
    given = CandlesSettings(store_url="off", **given_settings)
    # These trades are years old: a topic that keeps a day would have let go of them before one looks.
    kept = [replace(spec, retention_ms=FOREVER) for spec in outputs(given)]
    return run_topology(topology, given, "candles", {TRADES: messages}, kept, folder=folder)


def trade_every(seconds: float, count: int, first: int = 1) -> list[Any]:
    return [market.frame([market.at(seconds * n, n, price=str(100 + n))]) for n in range(first, first + count)]


def test_candles_are_the_same_bytes_and_bars_are_bounded() -> None:
    messages = [*trade_every(0.4, 500), market.heartbeat(201.5), market.heartbeat(301)]
    plain, shown = serve(messages), serve(messages, forming=True)
    assert [record.value for record in plain.records["candles"]] == [
        record.value for record in shown.records["candles"]
    ]
    assert "candles-forming" not in plain
    minutes = [each for each in shown["candles-forming"] if each.interval_s == 60]
    assert 138 <= len(minutes) <= 141, "one a second from the second minute on"
    assert {each.pair for each in minutes} == {"BTC/USD"}
    assert [record.timestamp_ms for record in shown.records["candles-forming"]] == [
        each.as_of_ms for each in shown["candles-forming"]
    ]
    assert len(serve(messages, forming=True, forming_step_ms=20_000)["candles-forming"]) < 12


def test_a_window_that_was_not_looked_at_from_its_beginning_is_not_shown(tmp_path: Path) -> None:
    """Off, in the middle of a minute, and on again: the minute is shown neither before it ends nor wrongly."""
    messages = trade_every(10, 30)
    first = serve(messages[:9], tmp_path, forming=True)["candles-forming"]
    assert first[-1].trade_count == 4
    serve(messages[9:11], tmp_path)
    again = serve(messages[11:], tmp_path, forming=True)["candles-forming"]
    assert min(each.window_start_ms for each in again if each.interval_s == 60) == market.START_MS + 120_000
    assert [each.trade_count for each in again if each.interval_s == 60][:3] == [1, 2, 3]


def test_a_restart_in_the_middle_of_a_window_shows_all_of_it(tmp_path: Path) -> None:
    messages = trade_every(10, 20)
    parts = [serve(part, tmp_path, forming=True)["candles-forming"] for part in (messages[:9], messages[9:])]
    assert [*parts[0], *parts[1]] == serve(messages, forming=True)["candles-forming"]


@pytest.mark.parametrize("settings", [{}, {"forming": True, "variant": "historical"}])
def test_it_is_off_by_default_and_in_the_job(settings: dict[str, Any]) -> None:
    assert outputs(CandlesSettings(**settings)) == [CANDLES]
