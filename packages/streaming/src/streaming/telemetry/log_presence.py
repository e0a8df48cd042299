"""Whether the log is there and takes what is written: looked at from a thread of its own, and said."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException
from loguru import logger

from streaming.broker_address import is_embedded
from streaming.errors import ServiceError, SettingsError
from streaming.kafka.access import open_admin
from streaming.telemetry import metrics

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

    from streaming.settings import ServiceSettings

#: Raises in words while no broker answers.
Probe = Callable[[], None]

_LOOK_SECONDS = 2.0
_ANSWER_SECONDS = 5.0
#: A broker that is restarted is no news.
_PATIENCE_SECONDS = 5.0
#: Messages that none was taken of for so long are not merely on their way.
_STALLED_SECONDS = 15.0
#: How often it is said that the log is still away.
_SAY_SECONDS = 60.0


class LogPresence:
    """Knows since when the log has been away: no broker answers, or it takes none of the messages that wait.

    Parameters
    ----------
    probe
        Asks a broker.
    outgoing
        What waits to be taken, once there is a producer; asked from another thread than the one that writes.
    look_seconds
        Between two looks.
    """

    def __init__(
        self, probe: Probe, outgoing: Callable[[], Sized | None] = lambda: None, look_seconds: float = _LOOK_SECONDS
    ) -> None:
        self._probe = probe
        self._outgoing = outgoing
        self._look_seconds = look_seconds
        self._since: float | None = None
        self._waiting, self._moved_at = 0, time.monotonic()
        self._said_at: float | None = None
        self._stop = threading.Event()
        self.reason = ""

    def away_seconds(self) -> float:
        """Return for how long the log has been away; 0 while it is there, or has only just gone."""
        since = self._since
        away = 0.0 if since is None else time.monotonic() - since
        return away if away >= _PATIENCE_SECONDS else 0.0

    def look(self) -> None:
        """Ask the log, and say what has changed."""
        now = time.monotonic()
        if (why := self._trouble()) is None:
            self._is_back()
        else:
            self.reason = why
            self._since = now if self._since is None else self._since
        away = self.away_seconds()
        metrics.LOG_AWAY_SECONDS.set(away)
        if away and (self._said_at is None or now - self._said_at >= _SAY_SECONDS):
            self._said_at = now
            logger.warning("waiting for Kafka, away for {:.0f} s: {}; nothing is given up", away, self.reason)

    def _trouble(self) -> str | None:
        try:
            self._probe()
        except (KafkaException, ServiceError, SettingsError) as error:
            return f"no broker answers ({error.args[0].str() if isinstance(error, KafkaException) else error})"
        producer = self._outgoing()
        waiting = 0 if producer is None else len(producer)
        if not waiting or waiting != self._waiting:
            self._waiting, self._moved_at = waiting, time.monotonic()
        stalled = time.monotonic() - self._moved_at
        return None if stalled < _STALLED_SECONDS else f"it answers, and takes none of {waiting} messages"

    def _is_back(self) -> None:
        if self._said_at is not None and self._since is not None:
            logger.info("Kafka is back after {:.0f} s", time.monotonic() - self._since)
        self._since = self._said_at = None

    def run(self) -> None:
        """Look until told to end."""
        while not self._stop.wait(self._look_seconds):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - what only tells of the service must not end it
                logger.debug("the log was not looked at: {!r}", error)

    def end(self) -> None:
        """Look no more."""
        self._stop.set()
        metrics.LOG_AWAY_SECONDS.set(0)


class KafkaProbe:
    """Asks the brokers that `settings` name, over a connection that stays open."""

    def __init__(self, settings: ServiceSettings, answer_seconds: float = _ANSWER_SECONDS) -> None:
        self._settings = settings
        self._answer_seconds = answer_seconds
        self._admin: AdminClient | None = None

    def __call__(self) -> None:
        if self._admin is None:
            self._admin = open_admin(self._settings, self._answer_seconds)
        else:
            self._admin.list_topics(timeout=self._answer_seconds)


@contextmanager
def watching_log(
    settings: ServiceSettings, outgoing: Callable[[], Sized | None] = lambda: None
) -> Iterator[LogPresence | None]:
    """Watch whether the log is there while the block runs; a log of files always is.

    Parameters
    ----------
    settings
        Of the log.
    outgoing
        What waits to be taken by it.

    Yields
    ------
    LogPresence | None
        None of a log of files.
    """
    if is_embedded(settings.broker_address):
        yield None
        return
    presence = LogPresence(KafkaProbe(settings), outgoing)
    threading.Thread(target=presence.run, name="log-presence", daemon=True).start()
    try:
        yield presence
    finally:
        presence.end()
