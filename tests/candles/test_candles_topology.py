"""The service itself, over the embedded log: recorded markets, restarts, what is set aside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.candles import market
from tests.support.processes import start_service
from tests.support.waiting import wait_for

from candles.app import topology
from candles.core.rules import Rules
from candles.core.twin import CandlesTwin
from candles.settings import CandlesSettings
from contracts.topics import CANDLES, TRADES
from contracts.trade_frame import TradeFrame
from streaming.clients import create_topics, read_topic
from streaming.errors import SettingsError
from streaming.producer import open_producer
from streaming.settings import read_settings
from streaming.testing import run_topology

ROOT = Path(__file__).parents[2]
#: File, whether its ids are the venue's own and consecutive, how many trades of it.
FILES = [
    ("binance_spot_BTCUSDT_20240808-09.csv.gz", True, None),
    ("binance_spot_ETHUSDT_20240808-09.csv.gz", True, None),
    ("binance_spot_BTCUSDT_20230405.csv.gz", True, None),
    ("coinbase_BTC-USD_20230905_1h.csv.gz", False, None),
    pytest.param("bitstamp_BTCUSD_2011-09_2012-05.csv.gz", False, None, marks=pytest.mark.long),
]


def serve(messages: list[Any], folder: Path | None = None, **options):
    return run_topology(topology, CandlesSettings(**options), "candles", {TRADES: messages}, [CANDLES], folder=folder)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "consecutive", "limit"), FILES)
def test_recorded_markets_equal_an_independent_aggregation(name, consecutive, limit) -> None:
    trades = market.recorded(name, limit)
    end = market.end_at(max(trade.us for trade in trades) + 1)
    messages: list[Any] = [*market.frames(trades, 1_000, consecutive), end]
    run = serve(messages)
    assert run.dead_letters == []
    for interval_s in (60, 300):
        market.assert_equals_reference(run["candles"], trades, interval_s)
    assert {candle.revision for candle in run["candles"]} == {0}
    assert all(record.timestamp_ms % 60_000 == 0 for record in run.records["candles"])
    qualities = {candle.quality for candle in run["candles"] if candle.trade_count}
    assert qualities <= ({"gap", "complete"} if consecutive else {"gap", "unverified"})
    assert sum(c.quality == "gap" for c in run["candles"]) <= 4  # the first and the last of each interval
    if limit is None:
        twin = CandlesTwin(Rules((60, 300)))
        assert run["candles"] == [candle for message in messages for candle in twin.feed(message)]


def test_one_trade_a_message_gives_the_same_candles() -> None:
    trades = market.recorded("binance_spot_BTCUSDT_20230405.csv.gz")
    end = market.end_at(trades[-1].us + 1)
    bulk = serve([*market.frames(trades, 1_000), end])
    live = serve([*market.frames(trades, 1), end])
    for interval_s in (60, 300):
        assert [one for one in live["candles"] if one.interval_s == interval_s] == [
            one for one in bulk["candles"] if one.interval_s == interval_s
        ]


def test_a_restart_anywhere_changes_nothing(tmp_path) -> None:
    trades = market.recorded("coinbase_BTC-USD_20230905_1h.csv.gz", 2_000)
    late, there = trades[500], [*trades[:500], *trades[501:]]
    messages = [*market.frames(there, 50), market.frame([late]), market.end_at(trades[-1].us + 1)]
    whole = serve(messages)
    for number, stop in enumerate((1, 20, 39, len(messages) - 1)):
        folder = tmp_path / str(number)
        folder.mkdir()
        first = serve(messages[:stop], folder)["candles"]
        second = serve(messages[stop:], folder)["candles"]
        assert [*first, *second] == whole["candles"]


def test_input_that_comes_again_after_a_restart_is_not_counted_twice(tmp_path) -> None:
    trades = market.recorded("binance_spot_BTCUSDT_20230405.csv.gz")
    parts = market.frames(trades, 100)
    end = market.end_at(trades[-1].us + 1)
    first = serve(parts[:20], tmp_path)["candles"]
    second = serve([*parts[10:], end], tmp_path)["candles"]
    assert [*first, *second] == serve([*parts, end])["candles"]


def test_timestamps_are_window_ends_and_keys_are_pairs() -> None:
    trades = [market.at(40 * index, index + 1) for index in range(20)]
    run = serve([market.heartbeat(0), market.frame(trades)])
    for record, candle in zip(run.records["candles"], run["candles"], strict=True):
        assert record.timestamp_ms == candle.window_start_ms + candle.interval_s * 1_000
        assert record.key == b"BTC/USD"


def test_pairs_do_not_touch_each_other() -> None:
    trades = [market.at(20 * index, index + 1) for index in range(30)]
    one = market.frames(trades, 3)
    other = [part.model_copy(update={"pair": "ETH/USD", "exchange": "coinbase"}) for part in one]
    mixed = [message for both in zip(one, other, strict=True) for message in both]
    run = serve(mixed)
    alone = serve(one)["candles"]
    assert [candle for candle in run["candles"] if candle.pair == "BTC/USD"] == alone
    assert [candle for candle in run["candles"] if candle.pair == "ETH/USD"] == [
        candle.model_copy(update={"pair": "ETH/USD", "exchange": "coinbase"}) for candle in alone
    ]


def test_what_cannot_be_used_is_set_aside_and_the_rest_goes_on() -> None:
    good = [market.heartbeat(0), market.frame([market.at(0, 1), market.at(61, 2)])]
    old = market.frame([market.at(10, 3), market.at(8_000, 4)])
    other_venue = market.frame([market.at(62, 3)], exchange="binance")
    misplaced = market.frame([market.at(63, 3)]).to_json()
    run = serve(
        [
            *good,
            other_venue,
            ("BTC/USD", b"{"),
            ("ETH/USD", misplaced),
            market.heartbeat(7_500),
            old,
            market.heartbeat(8_040),
        ]
    )
    reasons = [letter.headers["reason"].decode() for letter in run.dead_letters]
    assert sorted(reasons) == ["processing-failed", "second-venue", "too-late", "undecodable"]
    letters = dict(zip(reasons, run.dead_letters, strict=True))
    assert letters["second-venue"].value == other_venue.to_json()
    assert letters["processing-failed"].value == misplaced
    refused = TradeFrame.from_json(letters["too-late"].value)
    assert (refused.trade_ids, refused.timestamps_us) == ([3], [market.at(10, 3).us])
    minutes = [one for one in run["candles"] if one.interval_s == 60]
    assert [one.window_start_ms for one in minutes] == [market.START_MS + 60_000 * index for index in range(134)]
    assert [one.trade_count for one in minutes if one.trade_count] == [1, 1, 1]


def test_other_intervals_and_grace() -> None:
    trades = market.recorded("coinbase_BTC-USD_20230905_1h.csv.gz")
    messages = [*market.frames(trades, 100, consecutive=False), market.end_at(trades[-1].us + 1)]
    run = serve(messages, intervals_s=(1, 90, 900, 3_600, 86_400), grace_ms=2_500)
    for interval_s in (1, 90, 900, 3_600, 86_400):
        market.assert_equals_reference(run["candles"], trades, interval_s)


@pytest.mark.parametrize("text", ["7", "60,0", "-60", "x", ""])
def test_intervals_must_divide_a_day(monkeypatch, text) -> None:
    monkeypatch.setenv("CANDLES_INTERVALS_S", text or " ")
    with pytest.raises(SettingsError, match="CANDLES_INTERVALS_S"):
        read_settings(CandlesSettings)


def test_settings_come_from_the_environment(monkeypatch) -> None:
    monkeypatch.setenv("CANDLES_INTERVALS_S", "900,60,60")
    monkeypatch.setenv("CANDLES_GRACE_MS", "250")
    rules = read_settings(CandlesSettings).rules()
    assert (rules.intervals_s, rules.grace_ms) == ((60, 900), 250)


def test_the_module_starts_as_a_program() -> None:
    command = [sys.executable, "-m", "candles"]
    done = subprocess.run(
        command, env={"CANDLES_INTERVALS_S": "7", "PATH": ""}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "CANDLES_INTERVALS_S" in done.stderr


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_kill_9_repeats_at_most_identical_candles(tmp_path) -> None:
    """Killed three times in the middle of its work: what comes twice is identical, nothing is missing or doubled."""
    trades = market.recorded("coinbase_BTC-USD_20230905_1h.csv.gz", 3_000)
    messages = [*market.frames(trades, 10), market.end_at(trades[-1].us + 1)]
    whole = {candle.message_id: candle for candle in serve(messages)["candles"]}
    settings = CandlesSettings(broker_address=f"embedded://{tmp_path}/log", data_dir=tmp_path)
    create_topics(settings, [TRADES, CANDLES])
    seen: dict[str, Any] = {}

    def look() -> int:
        for record in read_topic(settings, CANDLES):
            candle = record.message()
            assert seen.setdefault(candle.message_id, candle) == candle == whole[candle.message_id]
        return len(seen)

    for number in range(4):
        produced = messages[75 * number : 75 * number + 75] if number < 3 else messages[225:]
        with open_producer(settings, "test") as producer:
            for message in produced:
                producer.produce(TRADES, message)
        wanted = len(whole) if number == 3 else len(seen) + 1
        process = start_service("candles", settings, TRADESTREAM_COMMIT_INTERVAL_SECONDS=0.05)
        try:
            wait_for(lambda wanted=wanted: look() >= wanted, f"{wanted} candles", of=process)
        finally:
            process.kill()
            process.wait()
    assert seen == whole


@pytest.mark.parametrize(("before_ms", "after_ms"), [(0, 90_000), (90_000, 0), (30_000, 200_000)])
def test_another_grace_after_a_restart_loses_nothing(tmp_path, before_ms, after_ms) -> None:
    trades = [market.at(20 * index, index + 1, str(100 + index)) for index in range(40)]
    late = [trades.pop(14), trades.pop(17), trades.pop(18)]
    first = [market.heartbeat(0), *market.frames(trades[:20], 1)]
    rest = [*market.frames(late, 1), *market.frames(trades[20:], 1), market.end(1_200)]
    candles = [
        *serve(first, tmp_path, grace_ms=before_ms)["candles"],
        *serve(rest, tmp_path, grace_ms=after_ms)["candles"],
    ]
    whole = serve([market.heartbeat(0), market.frame(sorted([*trades, *late])), market.end(1_200)])
    assert market.last_revisions(candles) == market.last_revisions(whole["candles"])


def test_an_interval_added_later_does_not_claim_to_know_what_came_before(tmp_path) -> None:
    trades = [market.at(20 * index, index + 1) for index in range(40)]
    serve([market.heartbeat(0), *market.frames(trades[:10], 1)], tmp_path, intervals_s=(60,))
    run = serve([*market.frames(trades[10:], 1), market.heartbeat(900)], tmp_path, intervals_s=(60, 300))
    assert [(one.trade_count, one.quality) for one in run["candles"] if one.interval_s == 300] == [
        (5, "gap"),
        (15, "complete"),
        (10, "complete"),
    ]
    serve(market.frames([market.at(910, 41)], 1), tmp_path, intervals_s=(60,))
    again = serve([market.heartbeat(1_500)], tmp_path, intervals_s=(60, 300))
    assert [(one.trade_count, one.quality) for one in again["candles"] if one.interval_s == 300] == [
        (0, "gap"),
        (0, "empty"),
    ]
