"""Embedded and Kafka: the same six services, one setting changed, the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.kafka.six_services import SixServices, Written, assert_same
from tests.kafka.throwaway_broker import Broker, free_port

from contracts.services import FLOW_NAMES
from contracts.topics import TRADES

Run = Callable[..., SixServices]
SEED, KILLS = 11, 3


def test_the_market_is_worth_comparing(undisturbed: Written) -> None:
    print(undisturbed.messages)
    for topic, least in {"trades": 100, "candles": 2_000, "predictions": 500, "orders": 20, "fills": 10}.items():
        assert undisturbed.messages[topic] >= least, f"{topic} has {undisturbed.messages[topic]}"


@pytest.mark.long
def test_kafka_and_the_embedded_log_carry_the_same_bytes(services: Run, undisturbed: Written) -> None:
    run = services()
    with run.running():
        run.drain()
    written = run.collect()
    print(written.messages, written.partitions)
    assert_same(written, undisturbed)
    assert written.repeated == 0, "nothing was killed, so nothing is repeated"
    assert written.partitions["trades"] > 1, "the pairs are spread over partitions"


@pytest.mark.long
def test_killed_services_leave_the_same_bytes(services: Run, undisturbed: Written) -> None:
    run = services()
    with run.running():
        kills = run.kill_each(SEED, KILLS, undisturbed.messages)
        run.drain()
    written = run.collect()
    print(f"seed {SEED}, {len(kills)} kills: {kills}; {written.repeated} messages came again")
    assert len(kills) == KILLS * len(FLOW_NAMES)
    assert_same(written, undisturbed)
    assert written.repeated > 0, "kills between checkpoints repeat messages"


@pytest.mark.long
def test_killed_services_in_transactions_repeat_nothing(services: Run, undisturbed: Written) -> None:
    run = services(TRADESTREAM_PROCESSING_GUARANTEE="exactly-once")
    with run.running():
        kills = run.kill_each(SEED + 1, 1, undisturbed.messages)
        run.drain()
    written = run.collect()
    print(f"seed {SEED + 1}, kills: {kills}; {written.repeated} messages came again")
    assert_same(written, undisturbed)
    again = {topic: count - written.distinct.get(topic, 0) for topic, count in written.messages.items()}
    del again["trades"]  # has no input to commit with its output; its repeats are dropped by trade id
    assert not any(again.values()), again


def test_a_broker_that_stops_and_comes_back_changes_nothing(
    services: Run, undisturbed: Written, tmp_path: Path
) -> None:
    # A broker of its own: the other workers' tests go on with theirs.
    with Broker(tmp_path / "kafka", free_port()).running() as broker:
        run = services(on=broker)
        with run.running():
            run.wait_for(TRADES, undisturbed.messages["trades"] // 3)
            stopped = broker.run("down")
            assert stopped.returncode == 0, stopped.stderr
            broker.up()
            run.drain(may_restart=True)
        written = run.collect()
    print(f"{run.restarts} services started again; {written.repeated} messages came again")
    assert_same(written, undisturbed)
