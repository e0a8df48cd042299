"""A dead feed: its candles come out as gaps, in time, and the repair leaves no trace of it in the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.candles import market

from candles.app import topology
from candles.core.outage import learn_outage, unknown_span
from candles.core.rules import Rules
from candles.core.twin import CandlesTwin
from candles.settings import CandlesSettings
from contracts.topics import CANDLES, TRADES
from streaming.testing import run_topology

LAW = settings(
    derandomize=True, max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
RULES = Rules((60, 300), retained_ms=86_400_000)
STEPS = st.lists(st.sampled_from([0, 0.4, 5, 31, 59.9, 60, 170, 700]), min_size=3, max_size=25)
SIZES = st.lists(st.integers(1, 8), min_size=1, max_size=25)


def minutes(messages: list[Any]) -> list[tuple[Any, ...]]:
    """(minute, quality, count, close, revision) of each candle."""
    return [
        ((one.window_start_ms - market.START_MS) // 60_000, one.quality, one.trade_count, one.close, one.revision)
        for one in market.run(messages, Rules((60,)))
    ]


def broken(
    steps: list[float], sizes: list[int], data, consecutive: bool = True
) -> tuple[list[Any], list[Any], list[Any]]:
    """Trades, messages in which the feed dies somewhere among them and is repaired, and the news of that."""
    trades, seconds = [], 0.0
    for index, step in enumerate(steps):
        seconds += step
        trades.append(market.at(seconds, 1 + index, str(100 + index)))
    cut = data.draw(st.integers(1, len(trades) - 1))
    since = (trades[cut - 1].us - market.START_US) / 1e6
    lengths = data.draw(st.lists(st.sampled_from([0.0, 0.5, 61, 400]), min_size=1, max_size=4))
    news = [market.outage(since, since + sum(lengths[: number + 1])) for number in range(len(lengths))]
    repaired, start = [], cut
    for size in [*sizes, len(trades)]:
        repaired.append(trades[start : start + size])
        start += size
    frames = [market.frame(part, consecutive) for part in repaired if part]
    before = [market.heartbeat(0), market.frame(trades[:cut], consecutive)]
    return trades, [*before, *news, *frames, market.heartbeat(10**5)], news


def test_windows_close_as_gaps_and_are_revised_once_the_trades_are_known() -> None:
    messages = [
        market.heartbeat(0),
        market.frame([market.at(10, 1, "7")]),
        market.heartbeat(50),
        market.outage(50, 65),
        market.outage(50, 125),
        market.outage(50, 125),
        market.outage(50, 190),
    ]
    gaps = [(0, "gap", 1, "7", 0), (1, "gap", 0, "7", 0), (2, "gap", 0, "7", 0)]
    assert minutes(messages) == gaps
    repair = [market.frame([market.at(70, 2, "8")])]
    assert minutes([*messages, *repair]) == [
        *gaps,
        (0, "complete", 1, "7", 1),
        (1, "gap", 1, "8", 1),
        (2, "gap", 0, "8", 1),
    ]
    assert minutes([*messages, *repair, market.heartbeat(240)])[6:] == [
        (1, "complete", 1, "8", 2),
        (2, "empty", 0, "8", 2),
        (3, "empty", 0, "8", 0),
    ]


def test_a_heartbeat_behind_the_writers_clock_says_what_it_can() -> None:
    messages = [market.heartbeat(0), market.frame([market.at(10, 1)]), market.outage(10, 185)]
    assert minutes([*messages, market.heartbeat(130)])[3:] == [
        (0, "complete", 1, "100", 1),
        (1, "empty", 0, "100", 1),
    ]


def test_without_consecutive_ids_only_a_heartbeat_ends_it() -> None:
    def trade(seconds, number):
        return market.frame([market.at(seconds, number)], consecutive=False)

    messages = [market.heartbeat(0), trade(10, 10), market.outage(20, 125), trade(70, 15), trade(130, 20)]
    assert [one[:3] + one[4:] for one in minutes(messages)] == [
        (0, "gap", 1, 0),
        (1, "gap", 0, 0),
        (1, "gap", 1, 1),
    ]
    assert [one[:3] + one[4:] for one in minutes([*messages, market.heartbeat(180)])[3:]] == [
        (0, "unverified", 1, 1),
        (1, "unverified", 1, 2),
        (2, "unverified", 1, 0),
    ]


def test_ids_that_stay_missing_stay_a_gap() -> None:
    messages = [
        market.heartbeat(0),
        market.frame([market.at(10, 1)]),
        market.outage(10, 130),
        market.frame([market.at(70, 3)]),
        market.heartbeat(180),
    ]
    record = market.last_revisions(market.run(messages, Rules((60,))))
    assert [one.quality for _, one in sorted(record.items())] == ["gap", "gap", "empty"]


@LAW
@given(STEPS, SIZES, st.booleans(), st.data())
def test_a_repaired_outage_leaves_no_trace_however_frames_are_cut(steps, sizes, consecutive, data) -> None:
    trades, messages, _ = broken(steps, sizes, data, consecutive)
    whole = [market.heartbeat(0), market.frame(trades, consecutive), market.heartbeat(10**5)]
    record = market.last_revisions(market.run(messages, RULES))
    assert record == market.last_revisions(market.run(whole, RULES))
    assert "gap" not in {candle.quality for candle in record.values()}


@LAW
@given(STEPS, SIZES, st.data())
def test_repeated_news_of_an_outage_changes_nothing(steps, sizes, data) -> None:
    _, messages, news = broken(steps, sizes, data)
    repeated = []
    for message in messages:
        said = [one for one in news if one in [*repeated, message]]
        repeated += [message, *(data.draw(st.lists(st.sampled_from(said), max_size=2)) if said else [])]
    assert market.run(repeated, RULES) == market.run(messages, RULES)


@LAW
@given(STEPS, SIZES, st.data())
def test_every_window_of_a_dead_feed_comes_out_in_time(steps, sizes, data) -> None:
    trades, messages, news = broken(steps, sizes, data)
    dead = messages[: 2 + len(news)]
    closed = [one.window_start_ms for one in market.run(dead, RULES) if one.interval_s == 60]
    first_ms, until_ms = (time_us // 60_000_000 * 60_000 for time_us in (trades[0].us, news[-1].until_us))
    assert closed == list(range(first_ms, until_ms, 60_000))


def test_state_of_an_outage_is_bounded() -> None:
    twin = CandlesTwin(RULES)
    messages: list[Any] = [market.heartbeat(0), market.frame([market.at(1, 1)])]
    for message in messages:
        twin.feed(message)
    pair: Any = twin.pair
    for number in range(1_000):
        pair = learn_outage(pair, market.START_US + 2_000_000 + number, market.START_US + 3_000_000 * number)
    assert pair["outage"] == list(unknown_span(pair) or ()) and len(pair["outage"]) == 2


def test_the_service_gives_what_the_twin_gives_through_restarts(tmp_path: Path) -> None:
    trades = [market.at(20 * index, index + 1, str(100 + index)) for index in range(40)]
    messages = [
        market.heartbeat(0),
        *market.frames(trades[:10], 3),
        market.outage(181, 240),
        market.outage(181, 700),
        *market.frames(trades[10:], 4),
        market.heartbeat(900),
    ]
    expected = market.run(messages)
    assert {one.quality for one in expected} == {"gap", "complete", "empty"}
    found = []
    for part in (messages[:4], messages[4:6], messages[6:9], messages[9:]):
        run = run_topology(topology, CandlesSettings(), "candles", {TRADES: part}, [CANDLES], folder=tmp_path)
        found += run["candles"]
        assert run.dead_letters == []
    assert found == expected


@pytest.mark.parametrize("since", [-5, 0])
def test_an_outage_before_anything_else_is_no_market(since) -> None:
    assert market.run([market.outage(since, 600), market.heartbeat(700)]) == []
