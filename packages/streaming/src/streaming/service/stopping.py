"""A service that is asked to stop while its log is away stops all the same, and says what the log did not take."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from loguru import logger

#: How long a stopping service waits for a log that takes nothing. Kubernetes kills a pod after 40 s or more, compose
#: after 30: what is to be said has to be said before.
STOP_PATIENCE_SECONDS = 15.0
_LOOK_SECONDS = 0.1


class Outgoing(Protocol):
    """A producer with messages that its log may not have taken yet."""

    def __len__(self) -> int: ...

    def purge(self) -> None:
        """Drop them; whoever waits for them is told so."""


@contextmanager
def giving_up(outgoing: Callable[[], Outgoing | None], patience_seconds: float | None = None) -> Iterator[None]:
    """Drop what the log does not take, once a signal has asked for the end and it has taken nothing for a while.

    A flush waits in the client's own code, where Python handles no signal: so the signal is heard by another thread.
    What is dropped was never committed, and is made again by the next start. Does nothing but in the main thread,
    which alone hears signals.

    Parameters
    ----------
    outgoing
        The producer, once there is one.
    patience_seconds
        `STOP_PATIENCE_SECONDS` by default.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    patience = STOP_PATIENCE_SECONDS if patience_seconds is None else patience_seconds
    hearing, told = socket.socketpair()
    told.setblocking(False)
    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    ended = threading.Event()
    thread = threading.Thread(target=_watch, args=(hearing, ended, outgoing, patience), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        signal.set_wakeup_fd(before)
        told.close()
        thread.join()
        hearing.close()


def _watch(
    hearing: socket.socket, ended: threading.Event, outgoing: Callable[[], Outgoing | None], patience: float
) -> None:
    while numbers := hearing.recv(1):
        if numbers[0] in (signal.SIGTERM, signal.SIGINT):
            _give_up(ended, outgoing, patience)
            return


def give_up_soon(outgoing: Outgoing, patience_seconds: float | None = None) -> None:
    """Drop what the log does not take once it has taken nothing for a while: for who has heard a signal himself.

    Parameters
    ----------
    outgoing
        The producer.
    patience_seconds
        `STOP_PATIENCE_SECONDS` by default.
    """
    patience = STOP_PATIENCE_SECONDS if patience_seconds is None else patience_seconds
    arguments = (threading.Event(), lambda: outgoing, patience)
    threading.Thread(target=_give_up, args=arguments, daemon=True).start()


def _give_up(ended: threading.Event, outgoing: Callable[[], Outgoing | None], patience: float) -> None:
    waiting, moved_at = -1, time.monotonic()
    while not ended.wait(_LOOK_SECONDS):
        producer = outgoing()
        left = 0 if producer is None else len(producer)
        if left != waiting or not left:
            waiting, moved_at = left, time.monotonic()
        elif producer is not None and time.monotonic() - moved_at >= patience:
            logger.error(
                "stopping: messages given up: {}; the log has taken none for {:g} s, the next start makes them again",
                left,
                patience,
            )
            producer.purge()
            return
