"""A signal ends the gateway, in whatever moment it comes."""

from __future__ import annotations

import signal
import threading

import pytest

from gateway.stop import Stop

TIMES = 3_000


@pytest.mark.timeout(60)
def test_a_handler_may_ask_while_the_main_thread_waits() -> None:
    """Signals come ten thousand times a second: an event's lock would be held as one of them does."""
    stop = Stop()
    before = signal.signal(signal.SIGALRM, lambda *_: stop.ask())
    signal.setitimer(signal.ITIMER_REAL, 0.000_1, 0.000_1)
    try:
        for _ in range(TIMES):
            stop = Stop()
            while not stop.wait(0.000_05):
                pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_who_waits_goes_on_when_it_is_asked_for() -> None:
    stop = Stop()
    assert not stop.wait(0.01) and not stop.is_asked()
    timer = threading.Timer(0.05, stop.ask)
    timer.start()
    assert stop.wait(60)
    timer.join()
