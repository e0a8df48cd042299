"""Running a service: dead letters, headers, signals, health, and errors that are not one message's fault."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from quixstreams.sinks import BatchingSink, SinkBackpressureError, SinkBatch
from tests.streaming.tally import TALLIES, TallySettings, beat, beats, topology
from tests.support.processes import free_port
from tests.support.waiting import wait_for

from contracts.clock import FixedClock
from contracts.heartbeat import Heartbeat
from contracts.topics import TRADES, TopicSpec
from streaming.clients import end_offsets, lag, read_dead_letters, read_topic
from streaming.errors import ServiceError
from streaming.producer import open_producer
from streaming.service.runner import run_service
from streaming.settings import ServiceSettings
from streaming.testing import run_topology
from streaming.topics import Topics, publish

ECHO = TopicSpec("echo", (Heartbeat,), key="pair", written_by="echo")


def echo(inputs: dict[str, Any], topics: Topics, settings: ServiceSettings) -> None:
    publish(inputs["trades"], topics["echo"])


def failing(error: Exception) -> Callable[..., None]:
    def build(inputs: dict[str, Any], topics: Topics, settings: ServiceSettings) -> None:
        def fail(message: Heartbeat) -> Heartbeat:
            if message.venue_time_us == beat(2).venue_time_us:
                raise error
            return message

        publish(inputs["trades"].apply(fail), topics["echo"])

    return build


GOOD = [beat(number) for number in range(5)]


@pytest.mark.parametrize("guarantee", ["at-least-once", "exactly-once"])
def test_poison_is_set_aside_whole_and_the_rest_goes_on(guarantee: str) -> None:
    poison = ("BTC/USD", b'{"type":"heartbeat","exchange":"kraken","pair":"btc"}')
    settings = ServiceSettings(processing_guarantee=guarantee)
    run = run_topology(echo, settings, "echo", {TRADES: [GOOD[0], poison, *GOOD[1:], ("x", b"\xff")]}, [ECHO])
    assert run["echo"] == GOOD
    first, second = run.dead_letters
    assert (first.key, first.value) == (b"BTC/USD", poison[1])
    assert first.headers["reason"] == b"undecodable"
    assert first.headers["source_topic"] == b"trades-dev"
    assert (first.headers["source_partition"], first.headers["source_offset"]) == (b"0", b"1")
    assert first.headers["service"] == b"echo"
    assert b"pair: expected" in (first.headers["error"] or b"")
    assert (second.key, second.value) == (b"x", b"\xff")


def test_a_dead_letter_is_not_written_again_after_a_restart(tmp_path: Path) -> None:
    run_topology(echo, ServiceSettings(), "echo", {TRADES: [("x", b"bad")]}, [ECHO], folder=tmp_path)
    again = run_topology(echo, ServiceSettings(), "echo", {TRADES: GOOD}, [ECHO], folder=tmp_path)
    assert again["echo"] == GOOD
    assert again.dead_letters == []


def test_a_message_whose_processing_raises_is_set_aside_with_its_bytes() -> None:
    run = run_topology(failing(ValueError("bad luck")), ServiceSettings(), "echo", {TRADES: GOOD}, [ECHO])
    assert run["echo"] == [GOOD[0], GOOD[1], GOOD[3], GOOD[4]]
    (letter,) = run.dead_letters
    assert letter.value == GOOD[2].to_json()
    assert letter.headers["error"] == b"ValueError: bad luck"
    assert letter.headers["schema"] == b"heartbeat", "the original headers are kept"


def test_a_topology_can_set_aside_a_part() -> None:
    def build(inputs: dict[str, Any], topics: Topics, settings: ServiceSettings) -> None:
        def split(message: Heartbeat) -> Heartbeat:
            topics.dead_letters.send(message.key, b"a part", "late", "arrived after its window")
            return message

        publish(inputs["trades"].apply(split), topics["echo"])

    run = run_topology(build, ServiceSettings(), "echo", {TRADES: GOOD[:1]}, [ECHO])
    assert run["echo"] == GOOD[:1]
    assert [(letter.value, letter.headers["reason"]) for letter in run.dead_letters] == [(b"a part", b"late")]


@pytest.mark.parametrize("error", [ServiceError("model is gone"), OSError(28, "No space left on device")])
def test_an_error_that_hits_every_message_stops_the_service(settings: ServiceSettings, error: Exception) -> None:
    with open_producer(settings, "test") as producer:
        for message in GOOD:
            producer.produce(TRADES, message)
    options: dict[str, Any] = {"service": "echo", "inputs": [TRADES], "outputs": [ECHO], "stop_at_end": True}
    assert run_service(settings, topology=failing(error), **options) == 1
    assert list(read_dead_letters(settings, "echo")) == []
    assert run_service(settings, topology=echo, **options) == 0
    assert {record.message().message_id for record in read_topic(settings, ECHO)} == {m.message_id for m in GOOD}


def test_headers_tell_who_made_it_and_when_it_entered() -> None:
    clock = FixedClock(1_800_000_000_000_000)
    run = run_topology(topology, TallySettings(), "tally", {TRADES: beats(11)}, [TALLIES], clock=clock)
    record = run.records["tallies"][0]
    assert record.key == b"BTC/USD"
    assert record.timestamp_ms == run["tallies"][0].event_time_ms
    assert record.headers == {
        "schema": b"tally",
        "schema_version": b"1",
        "producer": b"tally/0",
        "produced_at_us": b"1800000000000000",
        "ingested_at_us": b"1800000000000000",
    }


def test_the_clock_changes_no_value() -> None:
    runs = [
        run_topology(topology, TallySettings(), "tally", {TRADES: beats(30)}, [TALLIES], clock=FixedClock(now_us))
        for now_us in (1, 2_000_000_000_000_000)
    ]
    assert runs[0] == runs[1]


def test_a_topology_goes_on_where_it_ended(tmp_path: Path) -> None:
    whole = run_topology(topology, TallySettings(), "tally", {TRADES: beats(40)}, [TALLIES])["tallies"]
    halves = [
        run_topology(topology, TallySettings(), "tally", {TRADES: part}, [TALLIES], folder=tmp_path)["tallies"]
        for part in (beats(40)[:61], beats(40)[61:])
    ]
    assert halves[0] + halves[1] == whole
    assert halves[0]


def test_a_sink_that_is_away_for_a_moment_gets_everything_again() -> None:
    written: list[list[Heartbeat]] = []

    class Flaky(BatchingSink):
        away = 2

        def write(self, batch: SinkBatch) -> None:
            if self.away:
                self.away -= 1
                raise SinkBackpressureError(retry_after=0.02)
            written.append([item.value for item in batch])

    def build(inputs: dict[str, Any], topics: Topics, settings: ServiceSettings) -> None:
        inputs["trades"].sink(Flaky(on_client_connect_success=lambda: None))

    settings = ServiceSettings(commit_interval_seconds=0.0)
    run = run_topology(build, settings, "echo", {TRADES: GOOD}, [ECHO])
    assert [message for batch in written for message in batch] == GOOD
    assert run.dead_letters == []


def test_a_taken_metrics_port_is_named(settings: ServiceSettings, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        busy = settings.model_copy(update={"metrics_port": port})
        assert run_service(busy, service="echo", inputs=[TRADES], outputs=[ECHO], topology=echo) == 1
    assert f"TRADESTREAM_METRICS_PORT: expected a free port on 127.0.0.1, was {port}" in capsys.readouterr().err


def serving(settings: TallySettings, **environment: str) -> subprocess.Popen[str]:
    program = "import sys\n" + (
        "from tests.streaming.tally import *\nfrom streaming.service.runner import run_service\n"
        "from streaming.settings import load_settings\n"
        "sys.exit(run_service(load_settings(TallySettings), service='tally', inputs=[TRADES], outputs=[TALLIES],"
        " topology=topology))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, str(Path(__file__).parent)],
        env={
            "TRADESTREAM_BROKER_ADDRESS": settings.broker_address,
            "TRADESTREAM_DATA_DIR": str(settings.data_dir),
            "TRADESTREAM_COMMIT_INTERVAL_SECONDS": "30",
            **environment,
        },
        stderr=subprocess.PIPE,
        text=True,
    )


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""
    except OSError:
        return 0, ""


def test_sigterm_commits_and_health_answers_meanwhile(tmp_path: Path) -> None:
    settings = TallySettings(broker_address=f"embedded://{tmp_path}/log", data_dir=tmp_path)
    with open_producer(settings, "test") as producer:
        for message in beats(40):
            producer.produce(TRADES, message)
    port = free_port()
    process = serving(settings, TRADESTREAM_METRICS_PORT=str(port), TRADESTREAM_LOG_FORMAT="json")
    try:
        wait_for(lambda: end_offsets(settings, TALLIES).get(0, 0) == 9, "nine tallies", of=process)
        assert lag(settings, "tally-dev", TRADES) == 120, "not committed yet"
        assert get(f"http://localhost:{port}/health/ready")[0] == 200
        assert get(f"http://localhost:{port}/health/live")[0] == 200
        consumed = 'tradestream_messages_consumed_total{topic="trades"} 120.0'
        # Of what the ninth tally did not need some may still be in its way.
        wait_for(lambda: consumed in get(f"http://localhost:{port}/metrics")[1], consumed, of=process)
        second = serving(settings)
        _, refused = second.communicate(timeout=60)
        assert second.returncode == 1
        assert "consumer group 'tally-dev'" in refused and "TRADESTREAM_BROKER_ADDRESS=host:9092" in refused
        process.send_signal(signal.SIGTERM)
        _, output = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, output
    assert lag(settings, "tally-dev", TRADES) == 0
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    assert [line["message"] for line in lines][-1] == "stopped"
    assert {line["service"] for line in lines} == {"tally"}
