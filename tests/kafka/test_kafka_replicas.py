"""Several replicas of the services share partitions; they come, go and are killed while messages flow."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from tests.kafka.consumer_groups import wait_for_replicas
from tests.kafka.paced_feed import PacedFeed
from tests.kafka.six_services import PROGRESS, SixServices, Written, assert_same
from tests.support.fork_server import prepare_server
from tests.support.waiting import wait_for

from contracts.services import INPUTS
from contracts.topics import CANDLES, TRADES
from streaming.clients import committed_offsets, lag, read_topic
from streaming.record import Record
from streaming.service.checkpoint_mark import CheckpointMark
from streaming.settings import ServiceSettings

Run = Callable[..., SixServices]
CONSUMERS = tuple(INPUTS)
SEED = int(os.environ.get("KAFKA_SWEEP_SEED") or "1")
#: The broker's least: a replica that is gone for good is missed after so long.
SHORT_SESSION = {"TRADESTREAM_SESSION_TIMEOUT_SECONDS": "6"}
_ASSIGNED = "Rebalancing: assigning partitions"


@pytest.fixture(scope="session")
def frames(undisturbed_run: SixServices) -> list[Record]:
    """What the trades service wrote in the undisturbed run."""
    return list(read_topic(undisturbed_run.settings, TRADES))


def start_replicas(run: SixServices, admin: AdminClient) -> None:
    for name in CONSUMERS:
        for instance in ("1", "2"):
            run.start(f"{name}:{instance}")
    for name, spec in INPUTS.items():
        wait_for_replicas(admin, name, spec, run.environment, {"0", "1", "2"})


def remove_one_of_each(
    run: SixServices, admin: AdminClient, dice: random.Random, gently: Callable[[int], bool]
) -> None:
    """Remove one replica of each service, drawn by `dice`, and have it missed."""
    left = {}
    for number, name in enumerate(CONSUMERS):
        gone = dice.choice(("0", "1", "2"))
        run.remove(name if gone == "0" else f"{name}:{gone}", gently=gently(number))
        left[name] = {"0", "1", "2"} - {gone}
    for name, spec in INPUTS.items():
        wait_for_replicas(admin, name, spec, run.environment, left[name])


def test_a_replica_that_is_started_again_has_its_partitions_back_at_once(
    services: Run, frames: list[Record], undisturbed: Written
) -> None:
    run = services(TRADESTREAM_LOG_LEVEL="DEBUG")
    group = f"candles-{run.environment}"
    with run.running(["candles"]):
        admin = AdminClient({"bootstrap.servers": run.broker_address})
        run.start("candles:1")
        before = wait_for_replicas(admin, "candles", TRADES, run.environment, {"0", "1"})
        feed = PacedFeed(run.settings, frames, 12.0)
        feed.start()
        feed.wait_for(0.3)
        assigned = run.log("candles").read_text().count(_ASSIGNED)
        run.processes["candles:1"].kill()
        run.processes["candles:1"].join()
        mine = sum(committed_offsets(run.settings, group, TRADES).get(number, 0) for number in before["1"])
        started = time.monotonic()
        run.start("candles:1")
        wait_for(
            lambda: sum(committed_offsets(run.settings, group, TRADES).get(n, 0) for n in before["1"]) > mine,
            "the first commit of the replica that was started again",
        )
        seconds = time.monotonic() - started
        assert wait_for_replicas(admin, "candles", TRADES, run.environment, {"0", "1"}) == before
        assert run.log("candles").read_text().count(_ASSIGNED) == assigned, "the other replica is left alone"
        feed.wait_for(1.0)
        wait_for(lambda: lag(run.settings, group, TRADES) == 0, "candles to catch up")
    print(f"a killed replica of candles: {seconds:.1f} s from its start to its first commit, no rebalance")
    candles = {record.value for record in read_topic(run.settings, CANDLES)}
    assert candles == {next(iter(v)) for (topic, _, _), v in undisturbed.values.items() if topic == "candles"}


def test_two_replicas_with_one_name_do_not_run_side_by_side(on_kafka: ServiceSettings, tmp_path: Path) -> None:
    prepare_server()
    run = SixServices(on_kafka.broker_address, tmp_path, {}, on_kafka.environment)
    with run.running(["candles"]):
        admin = AdminClient({"bootstrap.servers": run.broker_address})
        wait_for_replicas(admin, "candles", TRADES, run.environment, {"0"})
        first = run.processes.pop("candles")
        run.start("candles")
        second = run.processes["candles"]
        wait_for(lambda: second.exitcode is not None, "the second to end")
        assert second.exitcode == 1
        assert "TRADESTREAM_INSTANCE_ID: another process is using the state of candles" in run.last_words("candles")
        assert first.exitcode is None
        run.own["candles"] = {"TRADESTREAM_DATA_DIR": str(tmp_path / "another machine")}
        (tmp_path / "another machine").mkdir()
        run.start("candles")
        wait_for(lambda: first.exitcode is not None, "the first to end")
        assert first.exitcode == 1
        assert "another process has this one's TRADESTREAM_INSTANCE_ID" in run.last_words("candles")
        wait_for_replicas(admin, "candles", TRADES, run.environment, {"0"})


@pytest.mark.long
def test_replicas_come_and_go_and_nothing_is_lost_or_different(
    services: Run, frames: list[Record], undisturbed: Written
) -> None:
    run = services(**SHORT_SESSION)
    with run.running(CONSUMERS):
        admin = AdminClient({"bootstrap.servers": run.broker_address})
        feed = PacedFeed(run.settings, frames, 20.0)
        feed.start()
        feed.wait_for(0.1)
        start_replicas(run, admin)
        feed.wait_for(0.5)
        remove_one_of_each(run, admin, random.Random(SEED), gently=lambda number: number % 2 == 0)
        feed.wait_for(1.0)
        run.drain()
    written = run.collect()
    print(f"1 -> 3 -> 2 replicas of five services: {written.repeated} messages came again")
    assert_same(written, undisturbed)


@pytest.mark.long
def test_a_replica_that_was_frozen_past_its_session_leaves_alone_what_others_took_over(
    services: Run, frames: list[Record], undisturbed: Written
) -> None:
    run = services(**SHORT_SESSION)
    with run.running(CONSUMERS):
        admin = AdminClient({"bootstrap.servers": run.broker_address})
        feed = PacedFeed(run.settings, frames, 60.0)
        feed.start()
        feed.wait_for(0.1)
        for name in CONSUMERS:
            run.start(f"{name}:1")
        _wait_for_all(admin, run, {"0", "1"})
        for name in CONSUMERS:
            wait_for(lambda name=name: _is_frozen_between_checkpoints(run, name), f"{name} to be frozen")
        _wait_for_all(admin, run, {"1"})
        behind = {name: run.written(PROGRESS[name]) for name in CONSUMERS}
        wait_for(lambda: all(run.written(PROGRESS[n]) > behind[n] for n in ("candles", "indicators")), "the others")
        for name in CONSUMERS:
            os.kill(run.processes[name].pid or 0, signal.SIGCONT)
        _wait_for_all(admin, run, {"0", "1"})
        feed.wait_for(1.0)
        run.drain()
    written = run.collect()
    stood = [name for name in CONSUMERS if "stood still for" in run.log(name).read_text()]
    print(f"frozen and back: {written.repeated} messages came again; asked whose partitions they are: {stood}")
    assert_same(written, undisturbed)


def _is_frozen_between_checkpoints(run: SixServices, name: str) -> bool:
    """Freeze the first replica of a service; let it go on where it is about to write a checkpoint.

    Of one that is half written the rest goes out once the process goes on, whoever has the partitions then; the next
    start refuses that. Only transactions prevent it.
    """
    pid = run.processes[name].pid or 0
    os.kill(pid, signal.SIGSTOP)
    mark = CheckpointMark.file_of(run.folder, run.settings.group_for(name), "0").name
    if any(run.folder.rglob(mark)):
        os.kill(pid, signal.SIGCONT)
        return False
    return True


def _wait_for_all(admin: AdminClient, run: SixServices, instances: set[str]) -> None:
    for name, spec in INPUTS.items():
        wait_for_replicas(admin, name, spec, run.environment, instances)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("gently", [True, False], ids=["SIGTERM", "SIGKILL"])
def test_replicas_come_and_go_again_and_again(
    services: Run, frames: list[Record], undisturbed: Written, gently: bool
) -> None:
    rounds = 3
    run = services(**SHORT_SESSION)
    dice = random.Random(SEED)
    with run.running(CONSUMERS):
        admin = AdminClient({"bootstrap.servers": run.broker_address})
        feed = PacedFeed(run.settings, frames, 60.0 * rounds)
        feed.start()
        for number in range(rounds):
            feed.wait_for((number + 0.1) / rounds)
            for name in CONSUMERS:
                for instance in ("0", "1", "2"):
                    if (member := name if instance == "0" else f"{name}:{instance}") not in run.processes:
                        run.start(member)
            for name, spec in INPUTS.items():
                wait_for_replicas(admin, name, spec, run.environment, {"0", "1", "2"})
            feed.wait_for((number + 0.5) / rounds)
            remove_one_of_each(run, admin, dice, gently=lambda _: gently)
        feed.wait_for(1.0)
        run.drain()
    written = run.collect()
    print(f"seed {SEED}, {rounds} x 1 -> 3 -> 2, {'SIGTERM' if gently else 'SIGKILL'}: {written.repeated} came again")
    assert_same(written, undisturbed)
