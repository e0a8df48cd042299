"""While Kafka is away a service waits, says so, and begins again in its process: the mechanism, without a broker."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from loguru import logger
from tests.streaming.tally import TALLIES, TallySettings, topology

from contracts.topics import TRADES
from streaming.errors import NoAnswerError, PutOutError, ServiceError
from streaming.exit_codes import EXIT_FAILED, EXIT_OK
from streaming.kafka.errors import came_of_brokers
from streaming.service import runner
from streaming.service.resuming import Waiting
from streaming.service.runner import run_service
from streaming.telemetry import log_presence, metrics
from streaming.telemetry.health import STUCK_SECONDS, Health
from streaming.telemetry.log_presence import LogPresence

AWAY = KafkaException(KafkaError(KafkaError._TRANSPORT, "nobody there"))


class Log:
    """Is there or not, and takes messages or not; its clock goes as the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.there, self.waiting, self.now = True, 0, 1_000.0
        monkeypatch.setattr(log_presence, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.presence = LogPresence(self.probe, lambda: range(self.waiting))

    def probe(self) -> None:
        if not self.there:
            raise AWAY

    def after(self, seconds: float) -> float:
        """Return for how long it is said to be away."""
        self.now += seconds
        self.presence.look()
        return self.presence.away_seconds()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    return Log(monkeypatch)


def test_a_log_that_answers_is_there_and_a_restart_is_no_news(log: Log) -> None:
    assert log.after(1) == 0
    log.there = False
    assert [log.after(2), log.after(2)] == [0, 0]
    log.there = True
    assert log.after(2) == 0


def test_one_that_is_away_is_said_now_and_then_until_it_is_back(log: Log) -> None:
    said = io.StringIO()
    sink = logger.add(said, level="INFO", format="{message}")
    try:
        log.there = False
        away = [log.after(2) for _ in range(70)]
        assert away[:3] == [0, 0, 0] or away[:4] == [0, 0, 0, 6]
        assert away[-1] == metrics.LOG_AWAY_SECONDS._value.get() == 138
        log.there = True
        assert log.after(2) == metrics.LOG_AWAY_SECONDS._value.get() == 0
    finally:
        logger.remove(sink)
    lines = said.getvalue().splitlines()
    assert [line for line in lines if line.startswith("waiting for Kafka, away for")] == lines[:-1]
    assert len(lines) == 4 and lines[-1] == "Kafka is back after 140 s", lines


def test_one_that_answers_and_takes_nothing_is_away_too(log: Log) -> None:
    log.waiting = 3
    assert [log.after(2) for _ in range(8)] == [0] * 8
    for _ in range(4):
        away = log.after(2)
    assert away > 0 and "takes none of 3 messages" in log.presence.reason
    log.waiting = 2
    assert log.after(2) == 0


def test_a_loop_that_stands_still_for_the_log_is_alive_and_not_ready(log: Log) -> None:
    loop = SimpleNamespace(heartbeat_seconds=-STUCK_SECONDS * 10)
    health = Health(loop, log=log.presence)
    assert health.condition().state == "not-live"
    log.there = False
    log.after(1)
    log.after(10)
    condition = health.condition()
    assert (condition.state, condition.live, condition.ready) == ("log-away", True, False)
    assert "Kafka is away for 10 s" in condition.text
    assert Health(Waiting(), log=None).condition().live


@pytest.mark.parametrize(
    ("error", "cured"),
    [
        (KafkaException(KafkaError(KafkaError._MSG_TIMED_OUT)), True),
        (KafkaException(KafkaError(KafkaError.UNKNOWN_MEMBER_ID)), True),
        (PutOutError("it stood still"), True),
        (NoAnswerError("nobody"), True),
        (KafkaException(KafkaError(KafkaError.FENCED_INSTANCE_ID)), False),
        (KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)), False),
        (KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)), False),
        (ServiceError("wrong"), False),
        (ValueError("a bug"), False),
    ],
    ids=lambda value: str(value)[:40],
)
def test_only_what_brokers_did_is_cured_by_waiting(error: Exception, cured: bool) -> None:
    assert came_of_brokers(error) is cured
    wrapped = RuntimeError("while it ran")
    wrapped.__cause__ = error
    assert came_of_brokers(wrapped) is cured


class Application:
    """Ends as it is told."""

    service, progress, audit, heartbeat_seconds = "tally", None, None, None

    def __init__(self, ends: BaseException | None, dropped: list[str]) -> None:
        self._ends, self._dropped = ends, dropped

    def outgoing(self) -> None:
        """Nothing."""

    def drop_outgoing(self) -> None:
        self._dropped.append("dropped")

    def run(self) -> None:
        if self._ends is not None:
            raise self._ends


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[int, int, list[str], str]]:
    """Run a service whose applications end so, one after the other."""

    def run(*ends: BaseException | None) -> tuple[int, int, list[str], str]:
        left, dropped, said = list(ends), [], io.StringIO()

        def assemble(*_: Any, **__: Any) -> Application:
            found = left.pop(0)
            if isinstance(found, NoAnswerError):
                raise found
            return Application(found, dropped)

        monkeypatch.setattr(runner, "assemble", assemble)
        monkeypatch.setattr(runner, "KafkaProbe", lambda _settings: lambda: None)
        monkeypatch.setattr("streaming.service.resuming._PAUSE_SECONDS", 0.001)
        monkeypatch.setattr(runner, "LagWatch", lambda *_: None)
        settings = TallySettings(broker_address="127.0.0.1:1", data_dir=tmp_path, report_seconds=0)
        with contextlib.redirect_stderr(said):
            code = run_service(settings, service="tally", inputs=[TRADES], outputs=[TALLIES], topology=topology)
        return code, len(left), dropped, said.getvalue()

    return run


def test_it_begins_again_as_often_as_brokers_leave(run: Any) -> None:
    before = metrics.total(metrics.LOG_RESUMES)
    code, left, dropped, said = run(AWAY, NoAnswerError("not yet"), PutOutError("stood still"), None)
    assert (code, left, dropped) == (EXIT_OK, 0, ["dropped"] * 2)
    assert said.count("going on where the last checkpoint is") == 3 == metrics.total(metrics.LOG_RESUMES) - before
    assert "Traceback" not in said


def test_what_is_no_brokers_fault_ends_it_and_so_does_a_first_start_without_one(run: Any) -> None:
    assert run(AWAY, ServiceError("wrong"), None)[:2] == (EXIT_FAILED, 1)
    assert run(NoAnswerError("a wrong address"), None)[:2] == (EXIT_FAILED, 1)
