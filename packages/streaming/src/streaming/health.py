"""What a supervisor or Kubernetes asks a service: is it alive, is it ready, how is it doing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from loguru import logger
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streaming.errors import ServiceError

if TYPE_CHECKING:
    from streaming.application import ServiceApplication

#: A loop that has not turned for so long hangs: one message may take its time, a model reload too.
STUCK_SECONDS = 60.0

#: Whether all is well, and in words what is.
Check = Callable[[], tuple[bool, str]]


class Health:
    """The health of one application, read from the HTTP server's thread.

    Parameters
    ----------
    checks
        What the service itself knows about its feed. While one fails it is alive, a restart would change nothing,
        and not ready.
    """

    def __init__(self, app: ServiceApplication, checks: Sequence[Check] = ()) -> None:
        self._app = app
        self._checks = tuple(checks)

    def live(self) -> tuple[bool, str]:
        """Whether the loop turns; a service that is still starting or recovering is alive."""
        turned = self._app.heartbeat_seconds
        if turned is None:
            return True, "starting"
        idle_seconds = time.monotonic() - turned
        return idle_seconds < STUCK_SECONDS, f"loop turned {idle_seconds:.1f} s ago"

    def ready(self) -> tuple[bool, str]:
        """Whether messages are being processed: partitions assigned and state recovered."""
        if self._app.heartbeat_seconds is None:
            return False, "starting"
        found = [self.live(), *(check() for check in self._checks)]
        return all(good for good, _ in found), "; ".join(text for _, text in found)


@contextmanager
def serve_health(port: int, health: Health) -> Iterator[int]:
    """Serve `/health/live`, `/health/ready` and `/metrics` on `port` while the block runs; 0 serves nothing.

    Yields
    ------
    int
        The port.

    Raises
    ------
    ServiceError
        If the port is taken.
    """
    if port == 0:
        yield 0
        return
    try:
        server = _Server(("", port), _Handler)
    except OSError as error:
        raise ServiceError(
            f"TRADESTREAM_METRICS_PORT: expected a free port, was {port} ({error.strerror})"
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
            self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
        elif self.path in ("/health/live", "/health/ready"):
            good, text = self.server.health.live() if self.path.endswith("live") else self.server.health.ready()
            self._answer(200 if good else 503, f"{text}\n".encode(), "text/plain; charset=utf-8")
        else:
            self._answer(404, b"expected /metrics, /health/live or /health/ready\n", "text/plain; charset=utf-8")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        logger.trace("health: " + format % args)
