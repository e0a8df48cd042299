"""What takes minutes; `make kafka-sweep` runs it with more kills."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.kafka.six_services import SixServices, Written, assert_same
from tests.kafka.throwaway_broker import Broker, free_port

from contracts.services import FLOW_NAMES
from contracts.topics import CANDLES

Run = Callable[..., SixServices]
SEED = int(os.environ.get("KAFKA_SWEEP_SEED", "1"))
KILLS = int(os.environ.get("KAFKA_SWEEP_KILLS", "3"))

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(1_800),
]


@pytest.fixture
def three_brokers(tmp_path: Path) -> Iterator[Broker]:
    """Three brokers of which one may be lost."""
    with Broker(tmp_path / "brokers", free_port(), brokers=3).running() as three:
        yield three


def test_many_kills(services: Run, undisturbed: Written) -> None:
    run = services()
    with run.running():
        kills = run.kill_each(SEED, KILLS, undisturbed.messages)
        run.drain()
    written = run.collect()
    print(f"seed {SEED}, {len(kills)} kills: {kills}; {written.repeated} messages came again")
    assert len(kills) == KILLS * len(FLOW_NAMES)
    assert_same(written, undisturbed)


def test_two_trades_processes_for_the_same_pairs(services: Run, undisturbed: Written) -> None:
    run = services()
    with run.running((*FLOW_NAMES, "trades:1")):
        run.drain()
    written = run.collect()
    print(f"two trades processes: {written.repeated} messages came again")
    assert_same(written, undisturbed)
    assert written.messages["trades"] == 2 * undisturbed.messages["trades"]
    assert written.messages["candles"] == undisturbed.messages["candles"], "the second one's trades are dropped by id"


def test_one_of_three_brokers_is_killed(services: Run, three_brokers: Broker, undisturbed: Written) -> None:
    run = services(on=three_brokers, TRADESTREAM_REPLICATION_FACTOR="3")
    with run.running():
        run.wait_for(CANDLES, undisturbed.messages["candles"] // 3)
        three_brokers.kill(2)
        run.drain(may_restart=True)
    written = run.collect()
    print(f"{run.restarts} services started again; {written.repeated} messages came again")
    assert_same(written, undisturbed)
