"""The historical Job of candles on Kafka: killed, its state folder wiped, and the live service goes on from it."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from shutil import rmtree

import pytest
from tests.support.processes import Running, start_service
from tests.support.waiting import wait_for

from candles.core.rules import Rules
from candles.core.twin import CandlesTwin
from candles.settings import CandlesSettings
from contracts.candle import Candle
from contracts.end_of_history import EndOfHistory
from contracts.heartbeat import Heartbeat
from contracts.message import Message
from contracts.topics import CANDLES, TRADES, TRADES_CHECKPOINTS
from contracts.trade_frame import TradeFrame
from contracts.trades_checkpoint import TradesCheckpoint
from streaming.clients import create_topics, lag, read_topic
from streaming.producer import open_producer
from streaming.settings import ServiceSettings

PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD", "XRP/USD")
START_US = 1_700_000_100_000_000 - 1_700_000_100_000_000 % 300_000_000
GROUP_TIMEOUT_SECONDS = 150.0


def messages_of(pair: str, first: int, last: int) -> list[Message]:
    """Trades number `first` to `last`, one every five seconds."""
    return [
        TradeFrame(
            exchange="kraken",
            pair=pair,
            consecutive_ids=True,
            trade_ids=[number],
            timestamps_us=[START_US + number * 5_000_000],
            prices=[str(100 + number % 17)],
            quantities=["0.5"],
            sides=["buy"],
        )
        for number in range(first, last + 1)
    ]


def history_of(pair: str) -> list[Message]:
    start = Heartbeat(exchange="kraken", pair=pair, venue_time_us=START_US)
    end = EndOfHistory(
        exchange="kraken", pair=pair, venue_time_us=START_US + 2_001 * 5_000_000, last_trade_id=2_000, final=False
    )
    return [start, *messages_of(pair, 1, 2_000), end]


def live_of(pair: str) -> list[Message]:
    end = Heartbeat(exchange="kraken", pair=pair, venue_time_us=START_US + 2_500 * 5_000_000)
    return [*messages_of(pair, 2_001, 2_400), end]


def complete(pair: str) -> TradesCheckpoint:
    return TradesCheckpoint(
        exchange="kraken",
        pair=pair,
        last_trade_id=2_000,
        last_timestamp_us=None,
        cursor="0",
        covered_to_us=START_US,
        history_complete=True,
    )


def write(settings: ServiceSettings, parts: list[list[Message]]) -> None:
    with open_producer(settings, "trades") as producer:
        for together in zip_longest(*parts):
            for message in together:
                if message is not None:
                    producer.produce(TRADES, message)


@pytest.mark.parametrize("guarantee", ["at-least-once", pytest.param("exactly-once", marks=pytest.mark.long)])
@pytest.mark.timeout(600)
def test_the_live_service_goes_on_where_a_killed_job_was_finished(
    on_kafka: ServiceSettings, tmp_path: Path, guarantee: str
) -> None:
    settings = CandlesSettings.model_validate({**on_kafka.model_dump(), "store_url": "off"})
    create_topics(settings, [TRADES, TRADES_CHECKPOINTS, CANDLES])
    write(settings, [history_of(pair) for pair in PAIRS])
    for kill in range(2):
        written = len(candles_of(settings))
        job = start(settings, "historical", guarantee, tmp_path / f"killed{kill}")
        if kill == 0:
            write_checkpoints(settings)
        wait_for(
            lambda job=job, was=written: job.poll() is not None or len(candles_of(settings)) > was,
            "candles",
            GROUP_TIMEOUT_SECONDS,
        )
        job.kill()
        job.wait()
    assert start(settings, "historical", guarantee, tmp_path / "job").wait(GROUP_TIMEOUT_SECONDS) == 0
    assert lag(settings, f"candles-{settings.environment}", TRADES) == 0
    rmtree(tmp_path / "job")
    write(settings, [live_of(pair) for pair in PAIRS])
    live = start(settings, "live", guarantee, tmp_path / "live")
    try:
        wait_for(lambda: lag(settings, f"candles-{settings.environment}", TRADES) == 0, "live", GROUP_TIMEOUT_SECONDS)
    finally:
        live.terminate()
        assert live.wait(60) == 0
    found = candles_of(settings)
    distinct = list(dict.fromkeys(candle.to_json() for candle in found))
    if guarantee == "exactly-once":
        assert len(distinct) == len(found)
    for pair in PAIRS:
        twin = CandlesTwin(Rules((60, 300)))
        expected = [candle for message in [*history_of(pair), *live_of(pair)] for candle in twin.feed(message)]  # type: ignore[arg-type]
        mine = [raw for raw in distinct if f'"{pair}"'.encode() in raw]
        assert mine == [candle.to_json() for candle in expected]


def write_checkpoints(settings: ServiceSettings) -> None:
    with open_producer(settings, "trades") as producer:
        for pair in PAIRS:
            producer.produce(TRADES_CHECKPOINTS, complete(pair))


def candles_of(settings: ServiceSettings) -> list[Candle]:
    return [record.message() for record in read_topic(settings, CANDLES)]


def start(settings: ServiceSettings, variant: str, guarantee: str, folder: Path) -> Running:
    """The service in a pod of its own: an empty folder."""
    folder.mkdir()
    return start_service(
        "candles",
        settings.model_copy(update={"data_dir": folder}),
        TRADESTREAM_STORE_URL="off",
        TRADESTREAM_METRICS_PORT=0,
        TRADESTREAM_PROCESSING_GUARANTEE=guarantee,
        TRADESTREAM_COMMIT_INTERVAL_SECONDS=0.1,
        TRADESTREAM_SESSION_TIMEOUT_SECONDS=6,
        CANDLES_VARIANT=variant,
    )
