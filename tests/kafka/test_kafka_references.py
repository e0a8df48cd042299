"""A follower's rows over a broker: two topics of six partitions each, read by time, killed in between."""

from __future__ import annotations

import json
import math
from functools import partial
from typing import Any

from tests.support.bar_series import MIDNIGHT_MS, simulated
from tests.support.processes import Running, start_service
from tests.support.waiting import wait_for

from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from contracts.reference_candle import ReferenceCandle
from contracts.state import MemoryState
from contracts.topics import CANDLES, REFERENCE_CANDLES, TECHNICAL_INDICATORS
from indicators.core.fold import step
from streaming.clients import create_topics, read_topic
from streaming.producer import open_producer
from streaming.settings import ServiceSettings

FOLLOWERS = ("ETH/USD", "SOL/USD")
BARS = simulated(300, first_ms=MIDNIGHT_MS - 200 * 60_000)


def copies(candles: list[Candle], follower: str) -> list[ReferenceCandle]:
    return [
        ReferenceCandle(
            exchange=each.exchange,
            pair=follower,
            reference_pair=each.pair,
            interval_s=each.interval_s,
            window_start_ms=each.window_start_ms,
            close=each.close,
            quality=each.quality,
        )
        for each in candles
    ]


def rows_of(candles: list[Candle], references: list[Candle]) -> list[FeatureRow]:
    closes = {each.window_start_ms: float(each.close) for each in references}
    state, engines = MemoryState(), {}
    return [
        row
        for each in candles
        for row in step(state, each, engines, "full", closes.get(each.window_start_ms, math.nan))
    ]


def start(settings: ServiceSettings) -> Running:
    return start_service(
        "indicators",
        settings,
        TRADESTREAM_STORE_URL="off",
        TRADESTREAM_COMMIT_INTERVAL_SECONDS=0.2,
        TRADESTREAM_SESSION_TIMEOUT_SECONDS=6,
        TRADESTREAM_REFERENCE_PAIRS=json.dumps(dict.fromkeys(FOLLOWERS, "BTC/USD")),
        INDICATORS_FEATURE_SET="full",
    )


def test_rows_wait_for_both_topics_and_survive_a_kill(on_kafka: ServiceSettings) -> None:
    create_topics(on_kafka, [CANDLES, REFERENCE_CANDLES, TECHNICAL_INDICATORS])
    bitcoin = BARS.candles("BTC/USD")
    own = {
        pair: simulated(300, seed=seed, first_ms=MIDNIGHT_MS - 200 * 60_000).candles(pair)
        for seed, pair in enumerate(FOLLOWERS)
    }

    def published() -> list[Any]:
        return [record.message() for record in read_topic(on_kafka, TECHNICAL_INDICATORS)]

    def are_there(rows: int) -> bool:
        return len({(row.pair, row.window_start_ms) for row in published()}) >= rows

    with open_producer(on_kafka, "candles") as producer:
        # Of the last twenty the reference is not known yet when the service is killed.
        for mine, references in ((slice(0, 200), slice(0, 180)), (slice(200, 300), slice(180, 300))):
            for pair, candles in own.items():
                for message in candles[mine]:
                    producer.produce(CANDLES, message)
                for copy in copies(bitcoin, pair)[references]:
                    producer.produce(REFERENCE_CANDLES, copy)
            producer.flush()
            process = start(on_kafka)
            wait_for(partial(are_there, 2 * references.stop), f"the rows up to window {references.stop}", 60)
            process.kill()
            process.wait(30)
    assert set(published()) == {row for candles in own.values() for row in rows_of(candles, bitcoin)}
