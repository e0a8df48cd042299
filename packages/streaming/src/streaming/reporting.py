"""Reports of a running service to the topics of operation, from a thread of its own."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loguru import logger

from contracts.clock import Clock, SystemClock
from contracts.message import Message
from contracts.service_health import ServiceHealth
from contracts.topics import AUDIT_LOG, METRICS, SERVICE_HEALTH, TopicSpec
from streaming.producer import MessageProducer, open_producer
from streaming.service.exit import describe_error
from streaming.telemetry import metrics
from streaming.telemetry.audit import AuditLog
from streaming.telemetry.health import Condition, Health, assigned_names
from streaming.telemetry.lag_watch import LagWatch
from streaming.telemetry.sample import Sampler
from streaming.topics import producer_name

if TYPE_CHECKING:
    from streaming.settings import ServiceSettings
    from streaming.telemetry.progress import Progress

#: How often the state is looked at: a change is on the log this soon.
_LOOK_SECONDS = 1.0
#: A state that does not change is told so often.
_HEALTH_SECONDS = 60.0
#: What could not be written after so long is dropped, or, if it is an audit event, tried again.
_PATIENCE_SECONDS = 5.0


class Reporter:
    """Writes health, metrics and audit events; never blocks the service, never fails it.

    While the log is away reports are skipped and counted, and audit events wait.

    Parameters
    ----------
    watch
        Of a consumer: measures how far behind it is.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        service: str,
        health: Health,
        audit: AuditLog,
        *,
        progress: Progress | None = None,
        watch: LagWatch | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._service = service
        self._health = health
        self._audit = audit
        self._progress = progress
        self._watch = watch
        self._clock = clock or SystemClock()
        self._sampler = Sampler(settings, service, progress, watch, self._clock)
        self._producer: MessageProducer | None = None
        self._told: Condition | None = None
        self._told_seconds = self._sampled_seconds = float("-inf")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        """Begin to report."""
        self._thread.start()

    def stop(self) -> None:
        """Report the end, and return within a few seconds whatever the log does."""
        self._health.stopping = True
        self._stop.set()
        self._thread.join(_PATIENCE_SECONDS)

    def _run(self) -> None:
        self._sampler.count_start()
        while not self._stop.wait(min(_LOOK_SECONDS, self._settings.report_seconds)):
            self._attempt()
        self._attempt()
        self._let_go()

    def _attempt(self) -> None:
        try:
            self._report()
        except Exception as error:  # noqa: BLE001 - a report is worth less than the service: counted, and tried again
            metrics.REPORT_FAILURES.inc()
            logger.debug("no report: {}", describe_error(error) or repr(error))
            self._let_go()

    def _report(self) -> None:
        due = time.monotonic() - self._sampled_seconds >= self._settings.report_seconds
        if self._watch is not None and due and not self._stop.is_set():
            self._watch.measure()
        self._write_audit()
        self._write_health()
        if due or self._stop.is_set():
            self._write([(METRICS, self._sampler.sample())])
            self._sampled_seconds = time.monotonic()

    def _write_health(self) -> None:
        condition = self._health.condition()
        now = time.monotonic()
        changed = self._told is None or condition.state != self._told.state
        if not changed and now - self._told_seconds < _HEALTH_SECONDS:
            return
        self._write([(SERVICE_HEALTH, self._message(condition))])
        self._told, self._told_seconds = condition, now

    def _message(self, condition: Condition) -> ServiceHealth:
        return ServiceHealth(
            service=self._service,
            instance=self._settings.instance_id,
            version=producer_name(self._service).partition("/")[2],
            state=condition.state,
            reasons=list(condition.reasons),
            last_event_ms=metrics.newest_event_ms(),
            assigned_partitions=assigned_names(self._progress),
            reported_at_us=self._clock.now_us(),
        )

    def _write_audit(self) -> None:
        events = self._audit.take()
        try:
            self._write([(AUDIT_LOG, event) for event in events])
        except Exception:
            self._audit.put_back(events)
            raise

    def _write(self, messages: list[tuple[TopicSpec, Message]]) -> None:
        """Return when all are on the log."""
        if not messages:
            return
        if self._producer is None:
            self._producer = open_producer(
                self._settings, self._service, self._clock, timeout_seconds=_PATIENCE_SECONDS
            )
        for spec, message in messages:
            self._producer.produce(spec, message)
        self._producer.flush()

    def _let_go(self) -> None:
        """Drop the connections, and what they could not write."""
        producer, self._producer = self._producer, None
        try:
            if producer is not None:
                producer.abandon()
            if self._watch is not None:
                self._watch.close()
        except Exception as error:  # noqa: BLE001 - the log is away: there is nothing left to tidy up
            logger.debug("while closing the log: {}", error)


@contextmanager
def reporting(
    settings: ServiceSettings,
    service: str,
    health: Health,
    audit: AuditLog,
    *,
    progress: Progress | None = None,
    watch: LagWatch | None = None,
    clock: Clock | None = None,
) -> Iterator[None]:
    """Report while the block runs, its beginning and its end included; not at all if `report_seconds` is 0.

    Parameters
    ----------
    settings
        Of the service.
    service
        Who reports.
    health
        Says how the service is.
    audit
        What it holds is written too.
    progress
        Says what the service has done; None of one without inputs.
    watch
        Looks after the lag of its inputs.
    clock
        The wall clock, for the reports.

    Raises
    ------
    BaseException
        What the block raised, once it is reported.

    Examples
    --------
    ::

        with reporting(settings, "trades", Health(loop), AuditLog("trades", settings.instance_id)):
            ...
    """
    if not settings.report_seconds:
        yield
        return
    reporter = Reporter(settings, service, health, audit, progress=progress, watch=watch, clock=clock)
    audit.record("service_started", service, version=producer_name(service), settings_sha256=settings_hash(settings))
    reporter.start()
    reason = "asked to stop, or done"
    try:
        yield
    except BaseException as error:
        reason = describe_error(error) or repr(error)
        raise
    finally:
        audit.record("service_stopped", service, reason=reason)
        reporter.stop()


def settings_hash(settings: ServiceSettings) -> str:
    """Return what tells two sets of settings apart, without saying what they are; secrets are left out."""
    return hashlib.sha256(settings.model_dump_json().encode()).hexdigest()
