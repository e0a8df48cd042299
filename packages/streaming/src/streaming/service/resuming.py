"""A service whose log was away for longer than it waits in place: it begins again in its process, as after a kill."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from loguru import logger

from streaming.kafka.errors import came_of_brokers
from streaming.service.exit import describe_error
from streaming.telemetry import metrics
from streaming.telemetry.log_presence import LogPresence, Probe

#: Between a failure and the next beginning, at least: a group that was left is balanced meanwhile.
_PAUSE_SECONDS = 1.0


class Waiting:
    """A loop that turns for as long as anybody looks: there is nothing in it that could hang."""

    @property
    def heartbeat_seconds(self) -> float | None:
        """Now."""
        return time.monotonic()

    @heartbeat_seconds.setter
    def heartbeat_seconds(self, _: float | None) -> None: ...


def is_worth_waiting(error: BaseException, presence: LogPresence | None) -> bool:
    """Return whether `error` came of brokers that were away, so that beginning again once they are back cures it.

    Parameters
    ----------
    error
        What ended the loop.
    presence
        Knows whether the log is there; None: it is one of files.

    Returns
    -------
    bool
        Also while the log is away now: whatever then fails is looked at again when it is back.
    """
    if presence is None:
        return False
    return came_of_brokers(error) or presence.away_seconds() > 0


def wait_for_log(error: BaseException, probe: Probe, pause: Callable[[float], object] | None = None) -> None:
    """Say that what is not committed will be made again, and return when a broker answers.

    Parameters
    ----------
    error
        What ended the loop.
    probe
        Raises while no broker answers.
    pause
        Waits for so many seconds; a signal's handler ends it by raising.
    """
    pause = pause or threading.Event().wait
    metrics.LOG_RESUMES.inc()
    words = describe_error(error) or repr(error)
    logger.warning("going on where the last checkpoint is, once Kafka is there: {}", words)
    while True:
        pause(_PAUSE_SECONDS)
        try:
            probe()
        except Exception as why:  # noqa: BLE001 - said by `LogPresence` now and then
            logger.debug("not yet: {}", describe_error(why) or repr(why))
        else:
            return
