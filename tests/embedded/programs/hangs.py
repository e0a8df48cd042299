"""Hangs where no signal of Python's gets a turn, as a lock that is never released; logs as a service does."""

import threading

from streaming.telemetry.logging import configure_logging


def for_ever() -> None:
    lock = threading.Lock()
    lock.acquire()
    print("here", flush=True)
    lock.acquire()


configure_logging("hangs")
for_ever()
