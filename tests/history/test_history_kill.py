"""SIGKILL again and again: the files hold each trade once, and candles of their replay are the same bytes."""

from __future__ import annotations

import random
from pathlib import Path

from polars.testing import assert_frame_equal
from tests.history.trade_source import PAIRS, expected_rows, market, stored_files, stored_rows
from tests.support.processes import Running, start_service
from tests.support.waiting import GIVE_UP_SECONDS, wait_for

from candles.app import topology as candles_topology
from candles.settings import CandlesSettings
from contracts.end_of_history import EndOfHistory
from contracts.heartbeat import Heartbeat
from contracts.message import Message
from contracts.topics import CANDLES, TRADES
from exchanges.recorded import open_recording
from streaming.clients import committed_offsets, create_topics, end_offsets
from streaming.producer import open_producer
from streaming.settings import ServiceSettings
from streaming.testing import run_topology

KILLS = 3


def start(settings: ServiceSettings) -> Running:
    return start_service(
        "history",
        settings,
        HISTORY_COMMIT_INTERVAL_SECONDS=0.02,
        HISTORY_COMMIT_EVERY_MESSAGES=3,
        HISTORY_COMPACT_AFTER_S=300,
    )


def committed(settings: ServiceSettings) -> int:
    return sum(committed_offsets(settings, "history-dev", TRADES).values())


def reaches(settings: ServiceSettings, process: Running, offset: int) -> None:
    wait_for(lambda: committed(settings) >= offset, f"history to reach {offset}", of=process, poll_seconds=0.002)


def candles_of(messages: list[Message]) -> list[bytes]:
    run = run_topology(candles_topology, CandlesSettings(store_url="off"), "candles", {TRADES: messages}, [CANDLES])
    newest: dict[tuple[object, ...], bytes] = {}
    for candle in run["candles"]:
        newest[candle.pair, candle.interval_s, candle.window_start_ms] = candle.model_copy(
            update={"revision": 0}
        ).to_json()
    return [newest[key] for key in sorted(newest)]


def replay_of(root: Path, source: list[Message]) -> list[Message]:
    """The stored files as the trades service would write them, between the source's first and last word on a pair."""
    found: list[Message] = [message for message in source if isinstance(message, Heartbeat)]
    for pair in PAIRS:
        for file in stored_files(root, pair):
            found.extend(open_recording(file).frames(lambda bad: (_ for _ in ()).throw(AssertionError(bad))))
    return [*found, *(message for message in source if isinstance(message, EndOfHistory))]


def test_killed_at_random_it_stores_each_trade_once_and_replays_to_the_same_candles(tmp_path: Path) -> None:
    settings = ServiceSettings(broker_address=f"embedded://{tmp_path}/log", data_dir=tmp_path)
    source = market()
    create_topics(settings, [TRADES])
    with open_producer(settings, "test") as producer:
        for message in source:
            producer.produce(TRADES, message)
    (end,) = end_offsets(settings, TRADES).values()
    dice = random.Random(11)
    process = start(settings)
    try:
        for point in sorted(dice.randrange(1, end) for _ in range(KILLS)):
            reaches(settings, process, point)
            process.kill()
            process.wait()
            process = start(settings)
        reaches(settings, process, end)
        process.terminate()
        assert process.wait(GIVE_UP_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
    root = tmp_path / "history"
    assert_frame_equal(stored_rows(root), expected_rows(source))
    assert candles_of(replay_of(root, source)) == candles_of(source)
