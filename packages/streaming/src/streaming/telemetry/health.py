"""What a supervisor or Kubernetes asks a service: is it alive, is it ready, how is it doing."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from loguru import logger
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from contracts.clock import Clock, SystemClock
from contracts.counted import counted
from contracts.service_health import ServiceState
from contracts.timestamps import iso_utc_ms
from contracts.units import MS_PER_DAY, MS_PER_SECOND, US_PER_MS
from streaming.errors import ServiceError
from streaming.telemetry import metrics
from streaming.telemetry.log_presence import LogPresence
from streaming.telemetry.progress import Progress

#: A loop that has not turned for so long hangs: one message may take its time, a model reload too.
STUCK_SECONDS = 60.0
#: With more than so many messages waiting a service is catching up.
CATCHING_UP_MESSAGES = 1_000
#: So long after it set something aside a service counts as degraded.
DEGRADED_SECONDS = 60.0

#: Whether all is well, and in words what is.
Check = Callable[[], tuple[bool, str]]


class Loop(Protocol):
    """Whatever turns: `heartbeat_seconds` is when it last did, on the monotonic clock; None before the first time."""

    heartbeat_seconds: float | None


@dataclass(frozen=True)
class Condition:
    """How a service is.

    Attributes
    ----------
    live
        Not to be restarted.
    ready
        At work.
    reasons
        Why, in words.
    """

    state: ServiceState
    live: bool
    ready: bool
    reasons: tuple[str, ...]

    @property
    def text(self) -> str:
        """Everything on one line."""
        return f"{self.state}: {'; '.join(self.reasons)}"


class Health:
    """The health of one application, read from other threads than the one that works.

    Parameters
    ----------
    app
        The loop of the service.
    checks
        What the service itself knows about its feed. While one fails the feed is dead: the service is alive, since a
        restart would change nothing, and not ready. A quiet market fails no check.
    progress
        Of a consumer. A consumer behind a dead feed is ready: its input is quiet, and it says how old its last
        event is.
    clock
        The wall clock, for the age of the newest message.
    log
        Knows whether the log is there. While it is away the loop may stand still: a restart would change nothing.
    """

    def __init__(
        self,
        app: Loop,
        checks: Sequence[Check] = (),
        progress: Progress | None = None,
        clock: Clock | None = None,
        log: LogPresence | None = None,
    ) -> None:
        self._app = app
        self._checks = tuple(checks)
        self._progress = progress
        self._clock = clock or SystemClock()
        self._log = log
        self._letters = metrics.total(metrics.DEAD_LETTERS)
        self._letter_seconds = float("-inf")
        self.stopping = False

    def live(self) -> tuple[bool, str]:
        """Whether the loop turns and gets what its input holds; a service that starts or recovers is alive.

        Returns
        -------
        tuple[bool, str]
            Whether, and why in words.
        """
        condition = self.condition()
        return condition.live, condition.text

    def ready(self) -> tuple[bool, str]:
        """Whether messages are being processed: partitions assigned, state recovered, the feed alive.

        Returns
        -------
        tuple[bool, str]
            Whether, and why in words.
        """
        condition = self.condition()
        return condition.ready, condition.text

    def condition(self) -> Condition:
        """Return how the service is now.

        Returns
        -------
        Condition
            Its state, with the reasons.
        """
        found = self._not_at_work()
        if found is not None:
            return found
        checked = [check() for check in self._checks]
        words = tuple(text for _, text in checked) + self._facts()
        if not all(good for good, _ in checked):
            return Condition("dead-feed", True, False, words)
        waiting = self._progress.waiting() if self._progress else None
        if waiting is not None and waiting > CATCHING_UP_MESSAGES:
            return Condition("catching-up", True, True, words)
        if self._sets_aside():
            return Condition("degraded", True, True, ("messages were set aside in the last minute", *words))
        return Condition("ready", True, True, words)

    def details(self) -> dict[str, Any]:
        """Return everything that is known, for `/health`.

        Returns
        -------
        dict[str, Any]
            By name, ready for JSON.
        """
        progress = self._progress
        known: dict[str, Any] = {**asdict(self.condition()), "last_event_ms": metrics.newest_event_ms()}
        if progress is not None:
            known["assigned_partitions"] = assigned_names(progress)
            known["lag_messages"] = {f"{topic}[{part}]": lag for (topic, part), lag in (progress.lags or {}).items()}
            known["messages_processed"] = progress.processed
        return known

    def _not_at_work(self) -> Condition | None:
        """Return why nothing can be processed, None if it can."""
        turned, progress = self._app.heartbeat_seconds, self._progress
        if self.stopping:
            return Condition("stopping", True, False, ("asked to stop",))
        if self._log is not None and (away := self._log.away_seconds()):
            return Condition("log-away", True, False, (f"Kafka is away for {away:.0f} s: {self._log.reason}",))
        if progress is not None and progress.recovering():
            return Condition("recovering", True, False, ("state is being rebuilt from its changelog",))
        if turned is None:
            return Condition("starting", True, False, ("its loop has not turned yet",))
        now = time.monotonic()
        if now - turned >= STUCK_SECONDS:
            return Condition("not-live", False, False, (f"loop turned {now - turned:.1f} s ago",))
        if progress is None:
            return None
        starved = progress.starved_since_seconds
        if starved is not None and now - starved >= STUCK_SECONDS:
            where = ", ".join(f"{topic}[{partition}]" for topic, partition in progress.starved)
            words = f"messages wait on {where}, and none reached it for {now - starved:.0f} s"
            return Condition("not-live", False, False, (words,))
        if progress.assigned is None:
            return Condition("starting", True, False, ("no partitions assigned yet",))
        return None

    def _facts(self) -> tuple[str, ...]:
        now = time.monotonic()
        facts = [f"loop turned {now - (self._app.heartbeat_seconds or now):.1f} s ago"]
        waiting = self._progress.waiting() if self._progress else None
        if waiting is not None:
            facts.append(counted(waiting, "message waits", "messages wait"))
        event_ms = metrics.newest_event_ms()
        if event_ms is not None:
            age_seconds = (self._clock.now_us() // US_PER_MS - event_ms) / MS_PER_SECOND
            # A replay's is years old, and that of a fast market lies ahead.
            young = 0 <= age_seconds < MS_PER_DAY / MS_PER_SECOND
            facts.append(f"last event {age_seconds:.1f} s old" if young else f"last event at {iso_utc_ms(event_ms)}")
        return tuple(facts)

    def _sets_aside(self) -> bool:
        letters = metrics.total(metrics.DEAD_LETTERS)
        if letters != self._letters:
            self._letters, self._letter_seconds = letters, time.monotonic()
        return time.monotonic() - self._letter_seconds < DEGRADED_SECONDS


def assigned_names(progress: Progress | None) -> list[str]:
    """Return the assigned partitions as ``topic[partition]``."""
    assigned = progress.assigned if progress is not None else None
    return [f"{topic}[{partition}]" for topic, partition in sorted(assigned or ())]


@contextmanager
def serve_health(port: int, health: Health, host: str = "127.0.0.1") -> Iterator[int]:
    """Serve `/health`, `/health/live`, `/health/ready` and `/metrics` on `port` while the block runs; 0: nothing.

    Parameters
    ----------
    port
        To listen on.
    health
        What is told.
    host
        Address of the interface: whoever reaches it reads everything, so by default only this machine does.

    Yields
    ------
    int
        The port.

    Raises
    ------
    ServiceError
        If the port is taken, or the address is none of this machine's.
    """
    if port == 0:
        yield 0
        return
    try:
        server = _Server((host, port), _Handler)
    except socket.gaierror as error:
        raise ServiceError(f"TRADESTREAM_METRICS_HOST: expected an address of this machine, was {host!r}") from error
    except OSError as error:
        raise ServiceError(
            f"TRADESTREAM_METRICS_PORT: expected a free port on {host}, was {port} ({error.strerror})"
        ) from error
    server.health = health
    thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        yield port
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    health: Health


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        if self.path == "/metrics":
            metrics.show_state(self.server.health.condition().state)
            self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
        elif self.path in ("/health/live", "/health/ready"):
            good, text = self.server.health.live() if self.path.endswith("live") else self.server.health.ready()
            self._answer(200 if good else 503, f"{text}\n".encode(), "text/plain; charset=utf-8")
        elif self.path == "/health":
            details = self.server.health.details()
            self._answer(200 if details["ready"] else 503, json.dumps(details, indent=2).encode(), "application/json")
        else:
            self._answer(
                404, b"expected /metrics, /health, /health/live or /health/ready\n", "text/plain; charset=utf-8"
            )

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        logger.trace("health: " + format % args)
