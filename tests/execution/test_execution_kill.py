"""Signals and execution killed together in the middle of their work: the books are as if nothing had happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.processes import Running, start_service
from tests.support.waiting import wait_for

from contracts.feature_row import FeatureRow
from contracts.message import Message
from contracts.prediction import Prediction
from contracts.state import MemoryState
from contracts.topics import PREDICTIONS, SIGNALS, TECHNICAL_INDICATORS
from execution.app import OUTPUTS
from execution.core.execute import run
from execution.settings import ExecutionSettings
from features import feature_set_id
from signals.core.at_work import Streams
from signals.core.decide import step
from signals.settings import SignalsSettings
from streaming.clients import create_topics, read_topic
from streaming.producer import open_producer

PAIRS = ("BTC/USD", "ETH/USD")
MIDNIGHT_MS = 1_772_582_400_000
MINUTES, ROUNDS = 480, 3
FEATURE_SET = feature_set_id()


def prediction(minute: int, pair: str) -> Prediction:
    """A saw-tooth market and a model that is often sure."""
    price = 1_000 + (minute * 7 + len(pair)) % 61
    probability = (minute * 37 % 100) / 100
    return Prediction(
        exchange="kraken",
        pair=pair,
        interval_s=60,
        window_start_ms=MIDNIGHT_MS + minute * 60_000,
        model_name="direction",
        model_version=1,
        feature_set="fs",
        horizon_bars=5,
        probability_up=probability,
        confidence=max(probability, 1 - probability),
        direction=1 if probability > 0.5 else -1,
        reason="ok",
        mark_open=str(price),
        mark_high=str(price + 3),
        mark_low=str(price - 3),
        mark_close=str(price + 1),
        mark_trade_count=minute % 4,
        mark_quality="complete" if minute % 4 else "empty",
    )


def row(said: Prediction) -> FeatureRow:
    """The candle that a prediction is made on."""
    return FeatureRow(
        exchange=said.exchange,
        pair=said.pair,
        interval_s=said.interval_s,
        window_start_ms=said.window_start_ms,
        revision=0,
        open=said.mark_open,
        high=said.mark_high,
        low=said.mark_low,
        close=said.mark_close,
        volume=str(said.mark_trade_count),
        trade_count=said.mark_trade_count,
        first_trade_id=None,
        last_trade_id=None,
        quality=said.mark_quality,
        feature_set=FEATURE_SET,
    )


def expected(settings: ExecutionSettings, stream: list[Prediction]) -> list[Message]:
    (account,) = settings.configured_accounts
    states: defaultdict[str, MemoryState] = defaultdict(MemoryState)
    desk, streams = SignalsSettings(accounts=(account,)).desk, Streams()
    messages = [each for said in stream for each in (row(said), said)]
    told = [each for message in messages for each in step(states[message.pair], message, desk, streams).messages]
    return run(told, account, settings.broker, settings.policy)


@contextmanager
def services(settings: ExecutionSettings) -> Iterator[list[Running]]:
    """Both services as processes of their own, killed with -9 at the end."""
    told = {
        "TRADESTREAM_COMMIT_INTERVAL_SECONDS": 0.05,
        "TRADES_PAIRS": ",".join(PAIRS),
        "SIGNALS_MAXIMUM_PENDING_BARS": MINUTES,
    }
    started = [start_service(name, settings, **told) for name in ("signals", "execution")]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


@pytest.mark.long
def test_kill_9_repeats_at_most_identical_messages_and_loses_none(tmp_path: Path) -> None:
    settings = ExecutionSettings(broker_address=f"embedded://{tmp_path}/log", data_dir=tmp_path, pairs=PAIRS)
    create_topics(settings, [TECHNICAL_INDICATORS, PREDICTIONS, SIGNALS, *OUTPUTS])
    stream = [prediction(minute, pair) for minute in range(MINUTES) for pair in PAIRS]
    whole = {(message.schema_name, message.message_id): message for message in expected(settings, stream)}
    seen: dict[tuple[str, str], Message] = {}
    part = len(stream) // ROUNDS

    def look() -> int:
        for spec in OUTPUTS:
            for record in read_topic(settings, spec):
                message = record.message()
                key = (message.schema_name, message.message_id)
                assert seen.setdefault(key, message) == message == whole[key]
        return len(seen)

    for number in range(ROUNDS):
        with open_producer(settings, "test") as producer:
            for each in stream[number * part : (number + 1) * part]:
                producer.produce(TECHNICAL_INDICATORS, row(each))
                producer.produce(PREDICTIONS, each)
        wanted = len(whole) if number == ROUNDS - 1 else len(seen) + 1
        with services(settings) as (_, execution):
            wait_for(lambda wanted=wanted: look() >= wanted, f"{wanted} messages", of=execution)
    assert seen == whole
