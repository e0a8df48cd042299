"""A broker that is away for long: services wait for it, say so, and go on where they had come to."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.kafka.paced_feed import PacedFeed
from tests.kafka.six_services import SixServices, Written, assert_same
from tests.kafka.throwaway_broker import Broker, free_port
from tests.streaming.recovery_matrix import settings_for
from tests.streaming.tally import TALLIES, TallySettings, beats, topology
from tests.support.waiting import let_pass, wait_for

from contracts.services import INPUTS
from contracts.topics import TRADES
from streaming.clients import create_topics, lag, read_topic
from streaming.producer import open_producer
from streaming.record import Record
from streaming.service import stopping
from streaming.service.assembly import assemble
from streaming.service.runner import run_service

TWO_MINUTES = 125.0
#: A minute more than services wait in place (`TRADESTREAM_BROKER_PATIENCE_SECONDS`).
SIX_MINUTES = 360.0


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path / "kafka", free_port()).running() as broker:
        yield broker


def write(settings: TallySettings, start: int, end: int) -> None:
    with open_producer(settings, "test") as producer:
        for message in beats(end)[start * 3 :]:
            producer.produce(TRADES, message)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_two_minutes_without_a_broker_end_no_service(own_broker: Broker, tmp_path: Path) -> None:
    """It has committed all it had; its session in the group is over long before the broker returns."""
    settings = settings_for(own_broker.address, tmp_path, "away").model_copy(
        update={"commit_interval_seconds": 0.5, "commit_every_messages": 0}
    )
    create_topics(settings, [TRADES, TALLIES])
    write(settings, 0, 50)
    app = assemble(settings, service="tally", inputs=[TRADES], outputs=[TALLIES], topology=topology)
    app.leave_signals_alone()
    ended: list[BaseException | None] = []

    def serve() -> None:
        try:
            app.run()
            ended.append(None)
        except Exception as error:  # noqa: BLE001 - it is looked at below
            ended.append(error)

    def has_done_all() -> bool:
        return bool(ended) or lag(settings, "tally-away", TRADES) == 0

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        wait_for(has_done_all, "its first commits", 60)
        own_broker.run("down")
        let_pass(TWO_MINUTES)
        assert ended == []
        own_broker.up()
        write(settings, 50, 100)
        wait_for(has_done_all, "it to go on", 120)
        assert ended == []
    finally:
        app.stop()
        thread.join()
    assert ended == [None]
    messages = [record.message() for record in read_topic(settings, TALLIES)]
    assert len({(each.key, each.event_time_ms) for each in messages}) == len(messages) == 3 * 9


@pytest.mark.long
def test_a_service_whose_broker_is_away_for_longer_than_it_waits_begins_again_in_its_process(
    own_broker: Broker, tmp_path: Path
) -> None:
    """Messages, a commit and the session have all been given up when the broker returns; nothing is missing."""
    settings = settings_for(own_broker.address, tmp_path, "longer").model_copy(
        update={
            "commit_interval_seconds": 0.2,
            "commit_every_messages": 0,
            "broker_patience_seconds": 3.0,
            "session_timeout_seconds": 6.0,
            "pause_seconds": 0.002,
            "log_level": "INFO",
        }
    )
    create_topics(settings, [TRADES, TALLIES])
    write(settings, 0, 2_000)
    said = io.StringIO()
    wrong: list[BaseException] = []

    def go_away_and_return() -> None:
        try:
            wait_for(lambda: len(list(read_topic(settings, TALLIES))) > 10, "its first outputs", 90)
            own_broker.kill(1)
            wait_for(lambda: "going on where the last checkpoint is" in said.getvalue(), "it to give up", 120)
            wait_for(lambda: "waiting for Kafka, away for" in said.getvalue(), "it to say so", 60)
            own_broker.run("down")
            own_broker.up()
            wait_for(lambda: lag(settings, "tally-longer", TRADES) == 0, "it to do the rest", 120)
            wait_for(lambda: "Kafka is back after" in said.getvalue(), "it to say so", 60)
        except BaseException as error:  # noqa: BLE001 - it is raised below
            wrong.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=go_away_and_return)
    thread.start()
    with contextlib.redirect_stderr(said):
        code = run_service(settings, service="tally", inputs=[TRADES], outputs=[TALLIES], topology=topology)
    thread.join()
    assert not wrong, f"{wrong}: {said.getvalue()[-3_000:]}"
    assert code == 0, said.getvalue()
    assert "Traceback" not in said.getvalue()
    values: dict[tuple[str, int], set[bytes]] = {}
    for record in read_topic(settings, TALLIES):
        message = record.message()
        values.setdefault((message.key, message.event_time_ms), set()).add(message.to_json())
    assert len(values) == 3 * 199 and {len(each) for each in values.values()} == {1}


@pytest.mark.long
@pytest.mark.timeout(1_500)
def test_six_minutes_without_a_broker_end_none_of_the_services(
    services: Callable[..., SixServices], undisturbed_run: SixServices, undisturbed: Written, own_broker: Broker
) -> None:
    """In real time, with the product's own patience, and with work in hand when the broker goes."""
    run = services(on=own_broker)
    frames = list(read_topic(undisturbed_run.settings, TRADES))
    begun, in_hand = len(frames) // 2, len(frames) // 2 + len(frames) // 10
    with run.running(tuple(INPUTS)):
        feed(run, frames[:begun])
        run.drain()  # each has committed: one that is started without a broker ends, as it should
        feed(run, frames[begun:in_hand])
        own_broker.kill(1)
        let_pass(SIX_MINUTES)
        run.look_after()
        own_broker.run("down")
        own_broker.up()
        feed(run, frames[in_hand:])
        run.drain()
    written = run.collect()
    said = {name: run.log(name).read_text(encoding="utf-8") for name in run.processes}
    again = [name for name, words in said.items() if "going on where the last checkpoint is" in words]
    print(f"six minutes without a broker: {written.repeated} messages came again; began again: {again}")
    assert all("waiting for Kafka, away for" in words for words in said.values())
    assert_same(written, undisturbed)


def feed(run: SixServices, frames: Sequence[Record]) -> None:
    """Write trades, within some seconds."""
    writing = PacedFeed(run.settings, frames, 5.0)
    writing.start()
    writing.wait_for(1.0)
    writing.join()


@pytest.mark.long
def test_a_service_that_is_stopped_while_it_waits_for_a_broker_ends_at_once(
    own_broker: Broker, tmp_path: Path
) -> None:
    settings = settings_for(own_broker.address, tmp_path, "gone").model_copy(update={"broker_patience_seconds": 2.0})
    create_topics(settings, [TRADES, TALLIES])
    write(settings, 0, 20)
    said = io.StringIO()
    stopped_at: list[float] = []

    def leave() -> None:
        wait_for(lambda: bool(list(read_topic(settings, TALLIES))), "its first outputs", 60)
        own_broker.run("down")
        with contextlib.suppress(AssertionError):
            wait_for(lambda: "going on where the last checkpoint is" in said.getvalue(), "it to wait", 120)
        stopped_at.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGTERM)

    leaving = threading.Thread(target=leave)
    leaving.start()
    with contextlib.redirect_stderr(said), pytest.raises(SystemExit) as left:
        run_service(settings, service="tally", inputs=[TRADES], outputs=[TALLIES], topology=topology)
    leaving.join()
    assert left.value.code == 0 and time.monotonic() - stopped_at[0] < 30, said.getvalue()
    assert "no broker was to be reached" in said.getvalue() and "Traceback" not in said.getvalue()


@pytest.mark.long
def test_a_service_that_is_stopped_while_the_broker_is_away_says_what_was_not_taken(
    own_broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next start, with a broker, makes again what was given up: nothing is missing and nothing has two values."""
    monkeypatch.setattr(stopping, "STOP_PATIENCE_SECONDS", 2.0)
    settings = settings_for(own_broker.address, tmp_path, "stopped").model_copy(
        update={"commit_interval_seconds": 0.5, "commit_every_messages": 0}
    )
    create_topics(settings, [TRADES, TALLIES])
    write(settings, 0, 3_000)
    said = io.StringIO()
    stopped_at: list[float] = []

    def stop() -> None:
        wait_for(lambda: bool(list(read_topic(settings, TALLIES))), "its first outputs", 60)
        own_broker.kill(1)
        let_pass(2.0)
        stopped_at.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGTERM)

    def run() -> int:
        return run_service(settings, service="tally", inputs=[TRADES], outputs=[TALLIES], topology=topology)

    stopper = threading.Thread(target=stop)
    stopper.start()
    with contextlib.redirect_stderr(said):
        code = run()
    took = time.monotonic() - stopped_at[0]
    stopper.join()
    assert code == 1 and took < 35, f"{code} after {took:.0f} s: {said.getvalue()}"
    own_broker.run("down")
    own_broker.up()
    app = assemble(settings, service="tally", inputs=[TRADES], outputs=[TALLIES], topology=topology, stop_at_end=True)
    app.leave_signals_alone()
    app.run()
    messages = [record.message() for record in read_topic(settings, TALLIES)]
    values: dict[tuple[str, int], set[bytes]] = {}
    for each in messages:
        values.setdefault((each.key, each.event_time_ms), set()).add(each.to_json())
    assert len(values) == 3 * 299 and {len(each) for each in values.values()} == {1}


@pytest.mark.long
def test_a_transaction_of_more_than_a_minute_is_committed(own_broker: Broker, tmp_path: Path) -> None:
    settings = settings_for(own_broker.address, tmp_path, "slow").model_copy(
        update={
            "processing_guarantee": "exactly-once",
            "commit_interval_seconds": 80.0,
            "commit_every_messages": 0,
        }
    )
    create_topics(settings, [TRADES, TALLIES])
    write(settings, 0, 20)
    app = assemble(settings, service="tally", inputs=[TRADES], outputs=[TALLIES], topology=topology)
    app.leave_signals_alone()
    thread = threading.Thread(target=app.run)
    thread.start()
    try:
        wait_for(lambda: lag(settings, "tally-slow", TRADES) == 0 or not thread.is_alive(), "its commit", 150)
        assert thread.is_alive()
    finally:
        app.stop()
        thread.join()
    assert len(list(read_topic(settings, TALLIES))) == 3
