"""Signals and execution killed together in the middle of their work: the books are as if nothing had happened."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import start_service
from tests.support.waiting import wait_for

from contracts.message import Message
from contracts.prediction import Prediction
from contracts.state import MemoryState
from contracts.topics import PREDICTIONS, SIGNALS
from execution.app import OUTPUTS
from execution.core.execute import run
from execution.settings import ExecutionSettings
from signals.core.decide import step
from signals.deciders import decider_of
from streaming.clients import create_topics, read_topic
from streaming.producer import open_producer

PAIRS = ("BTC/USD", "ETH/USD")
MIDNIGHT_MS = 1_772_582_400_000
MINUTES, ROUNDS = 900, 4


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


def expected(settings: ExecutionSettings, stream: list[Prediction]) -> list[Message]:
    (account,) = settings.configured_accounts
    states: defaultdict[str, MemoryState] = defaultdict(MemoryState)
    deciders = [decider_of(account)]
    signals = [signal for each in stream for signal in step(states[each.pair], each, deciders, 300)]
    return run(signals, account, settings.broker, settings.policy)


@contextmanager
def services(settings: ExecutionSettings) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Both services as processes of their own, killed with -9 at the end."""
    told = {"TRADESTREAM_COMMIT_INTERVAL_SECONDS": 0.05, "TRADES_PAIRS": ",".join(PAIRS)}
    started = [start_service(name, settings, **told) for name in ("signals", "execution")]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def test_kill_9_repeats_at_most_identical_messages_and_loses_none(tmp_path: Path) -> None:
    settings = ExecutionSettings(broker_address=f"embedded://{tmp_path}/log", data_dir=tmp_path, pairs=PAIRS)
    create_topics(settings, [PREDICTIONS, SIGNALS, *OUTPUTS])
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
                producer.produce(PREDICTIONS, each)
        wanted = len(whole) if number == ROUNDS - 1 else len(seen) + 1
        with services(settings) as (_, execution):
            wait_for(lambda wanted=wanted: look() >= wanted, f"{wanted} messages", of=execution)
    assert seen == whole
