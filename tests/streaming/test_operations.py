"""What a running service reports of itself, and that reporting neither fails nor delays it."""

from __future__ import annotations

import json
import signal
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.streaming.tally import TALLIES, TallySettings, beats, topology
from tests.streaming.test_service import get, serving
from tests.support.message_examples import example
from tests.support.processes import free_port
from tests.support.waiting import wait_for

from contracts.audit_event import AuditEvent
from contracts.clock import FixedClock
from contracts.message import Message
from contracts.model_event import ModelEvent
from contracts.pnl import Pnl
from contracts.risk_alert import RiskAlert
from contracts.service_health import ServiceHealth
from contracts.service_metrics import ServiceMetrics
from contracts.topics import AUDIT_LOG, METRICS, MODEL_EVENTS, SERVICE_HEALTH, TOPICS, TRADES
from streaming.clients import end_offsets, read_topic
from streaming.embedded.errors import EmbeddedLogError
from streaming.producer import open_producer
from streaming.reporting import Reporter, reporting, settings_hash
from streaming.service.runner import run_service
from streaming.settings import ServiceSettings
from streaming.telemetry import metrics
from streaming.telemetry.audit import MAX_WAITING, AuditLog
from streaming.telemetry.health import Health
from streaming.testing import run_topology

NO_BROKER = "127.0.0.1:9"


class Turning:
    """A loop that has just turned."""

    def __init__(self) -> None:
        self.heartbeat_seconds: float | None = time.monotonic()


def messages(settings: ServiceSettings, spec: object) -> list[Message]:
    return [record.message() for record in read_topic(settings, spec)]  # type: ignore[arg-type]


def test_a_service_reports_from_its_start_to_its_end(tmp_path: Path) -> None:
    settings = TallySettings(broker_address=f"embedded://{tmp_path}/log", data_dir=tmp_path)
    with open_producer(settings, "test") as producer:
        for message in beats(40):
            producer.produce(TRADES, message)
    port = free_port()
    process = serving(settings, TRADESTREAM_METRICS_PORT=str(port), TRADESTREAM_REPORT_SECONDS="0.1")

    def health() -> Any:
        status, body = get(f"http://localhost:{port}/health")
        assert status == 200
        return json.loads(body)

    try:
        said = partial(messages, settings)
        wait_for(lambda: any(each.state == "ready" for each in said(SERVICE_HEALTH)), "it to be ready", of=process)  # type: ignore[attr-defined]
        wait_for(lambda: any(each.messages_in == 120 for each in said(METRICS)), "all messages", of=process)  # type: ignore[attr-defined]
        # The lag is measured now and then: the last look may be older than the last message.
        wait_for(lambda: health()["lag_messages"] == {"trades-dev[0]": 0}, lambda: f"no lag: {health()}", of=process)
        details = health()
        assert (details["state"], details["assigned_partitions"]) == ("ready", ["trades-dev[0]"])
        exposed = get(f"http://localhost:{port}/metrics")[1]
        for name in (
            'tradestream_consumer_lag_messages{partition="0",topic="trades-dev"} 0.0',
            'tradestream_stage_latency_seconds_count{stage="tally"} 9.0',
            'tradestream_from_ingest_latency_seconds_bucket{le="0.15",stage="tally"}',
            "process_start_time_seconds",
            "tradestream_state_bytes",
            "tradestream_restarts 0.0",
        ):
            assert name in exposed, name
        process.send_signal(signal.SIGTERM)
        _, output = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, output
    told = [each for each in messages(settings, SERVICE_HEALTH) if isinstance(each, ServiceHealth)]
    assert told[-1].state == "stopping"
    assert {each.service for each in told} == {"tally"}
    sample = messages(settings, METRICS)[-1]
    assert isinstance(sample, ServiceMetrics)
    assert (sample.messages_in, sample.messages_out, sample.dead_letters, sample.restarts) == (120, 9, 0, 0)
    events = [each for each in messages(settings, AUDIT_LOG) if isinstance(each, AuditEvent)]
    assert [each.action for each in events] == ["service_started", "service_stopped"]
    assert events[0].actor == "tally/0"
    assert len(events[0].details["settings_sha256"]) == 64


def test_reporting_can_be_off(settings: ServiceSettings) -> None:
    quiet = TallySettings(**{**settings.model_dump(), "report_seconds": 0})
    assert (
        run_service(quiet, service="tally", inputs=[TRADES], outputs=[TALLIES], topology=topology, stop_at_end=True)
        == 0
    )
    assert end_offsets(settings, AUDIT_LOG) == {}


def test_a_log_that_is_away_delays_nothing_and_loses_no_audit_event(
    settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    reporting_soon = settings.model_copy(update={"report_seconds": 0.02})
    attempts: list[int] = []

    def away(*_arguments: object, **_options: object) -> None:
        attempts.append(1)
        raise OSError(28, "No space left on device")

    audit = AuditLog("tally")
    failures = metrics.total(metrics.REPORT_FAILURES)
    with monkeypatch.context() as broken:
        broken.setattr("streaming.reporting.open_producer", away)
        reporter = Reporter(reporting_soon, "tally", Health(Turning()), audit)
        audit.record("operator_command", "paper", actor="anna", command="halt")
        reporter.start()
        wait_for(lambda: len(attempts) > 2, "attempts")
        broken.undo()
        wait_for(lambda: end_offsets(settings, AUDIT_LOG).get(0, 0) == 1, "the event")
        reporter.stop()
    assert metrics.total(metrics.REPORT_FAILURES) - failures >= 3
    (event,) = messages(settings, AUDIT_LOG)
    assert isinstance(event, AuditEvent)
    assert (event.actor, event.action, event.details) == ("anna", "operator_command", {"command": "halt"})


def test_a_full_disk_leaves_nothing_open_behind_each_attempt(
    settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[int] = []

    def refuse(*_arguments: object, **_options: object) -> None:
        attempts.append(1)
        raise EmbeddedLogError("disk full")

    with monkeypatch.context() as full:
        full.setattr("streaming.embedded.topic_log.TopicLog.append", refuse)
        reporter = Reporter(
            settings.model_copy(update={"report_seconds": 0.01}), "tally", Health(Turning()), AuditLog("tally")
        )
        reporter.start()
        wait_for(lambda: len(attempts) > 20, "20 attempts")
        open_files = len(list(Path("/proc/self/fd").iterdir()))
        threads = threading.active_count()
        wait_for(lambda: len(attempts) > 60, "60 attempts")
        assert len(list(Path("/proc/self/fd").iterdir())) < open_files + 10
        assert threading.active_count() < threads + 5
        reporter.stop()


def test_a_broker_that_never_answers_does_not_hold_up_the_end() -> None:
    settings = ServiceSettings(broker_address=NO_BROKER, report_seconds=0.1, log_level="CRITICAL")
    began = time.monotonic()
    with reporting(settings, "tally", Health(Turning()), AuditLog("tally")):
        pass
    assert time.monotonic() - began < 8


def test_while_the_log_is_away_audit_events_are_bounded_and_the_newest_stay() -> None:
    audit = AuditLog("tally")
    for number in range(MAX_WAITING + 5):
        audit.record("limit_hit", str(number))
    taken = audit.take()
    assert [taken[0].subject, taken[-1].subject] == ["5", str(MAX_WAITING + 4)]
    audit.record("limit_hit", "newest")
    audit.put_back(taken)
    again = audit.take()
    assert len(again) == MAX_WAITING
    assert [again[0].subject, again[-1].subject] == ["6", "newest"]


def test_messages_that_are_events_in_themselves_are_audited(settings: ServiceSettings) -> None:
    with open_producer(settings, "predictions") as producer:
        producer.produce(MODEL_EVENTS, example(ModelEvent))
    audit = AuditLog("execution", clock=FixedClock(5))
    for state in ("ACTIVE", "HALTED", "HALTED", "ACTIVE"):
        audit.note(example(Pnl, trading_state=state))
    audit.note(example(RiskAlert))
    (promoted,) = messages(settings, AUDIT_LOG)
    assert isinstance(promoted, AuditEvent)
    assert (promoted.action, promoted.subject) == ("model_promoted", "direction:3")
    halted, resumed, hit = audit.take()
    assert [halted.details["after"], resumed.details["after"]] == ["HALTED", "ACTIVE"]
    assert (hit.action, hit.details["rule"], hit.occurred_at_us) == ("limit_hit", "DAILY_LOSS", 5)


def test_a_topology_audits_through_its_topics() -> None:
    taken: list[AuditLog] = []

    def build(inputs: dict[str, Any], topics: object, settings: TallySettings) -> None:
        taken.append(topics.audit)  # type: ignore[attr-defined]
        topology(inputs, topics, settings)  # type: ignore[arg-type]

    run_topology(build, TallySettings(), "tally", {TRADES: beats(11)}, [TALLIES])
    assert taken[0].take() == []


def test_the_settings_hash_tells_settings_apart_and_no_secret() -> None:
    one, other = ServiceSettings(environment="dev"), ServiceSettings(environment="prod")
    assert settings_hash(one) == settings_hash(ServiceSettings(environment="dev")) != settings_hash(other)


def test_operational_topics_are_no_part_of_a_replay() -> None:
    of_machines, for_screens = {"service-health", "metrics", "audit-log"}, {"candles-forming", "indicators-forming"}
    assert {spec.name for spec in TOPICS if spec.operational} == of_machines | for_screens
    assert AUDIT_LOG.retention_ms == -1
