"""The venue's clock: stands still, runs at a multiple of real time, stands still again."""

from __future__ import annotations

import time
from collections.abc import Callable

NS_PER_US = 1_000


class SimulatedClock:
    """Event time of the simulated venue, a `contracts.clock.Clock`.

    Parameters
    ----------
    live_from_us
        Where it stands until `start`.
    live_until_us
        Where it stops for good; None for never.
    speed
        Event seconds per real second.
    monotonic_ns
        Real time that only goes forward.

    Examples
    --------
    >>> real_ns = [0]
    >>> clock = SimulatedClock(1_000_000, 9_000_000, speed=2, monotonic_ns=lambda: real_ns[0])
    >>> real_ns[0] = 5_000_000_000; clock.now_us()
    1000000
    >>> clock.start(); real_ns[0] += 1_000_000_000; clock.now_us()
    3000000
    >>> real_ns[0] += 60_000_000_000; clock.now_us(), clock.ended
    (9000000, True)
    """

    def __init__(
        self,
        live_from_us: int,
        live_until_us: int | None,
        speed: float,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._live_from_us = live_from_us
        self._live_until_us = live_until_us
        self._speed = speed
        self._monotonic_ns = monotonic_ns
        self._started_ns: int | None = None

    def start(self) -> None:
        """Let it run; a second start changes nothing."""
        if self._started_ns is None:
            self._started_ns = self._monotonic_ns()

    @property
    def started(self) -> bool:
        """Say whether it was ever started."""
        return self._started_ns is not None

    @property
    def ended(self) -> bool:
        """Say whether it has reached its end and stands still."""
        return self._live_until_us is not None and self.now_us() >= self._live_until_us

    @property
    def running(self) -> bool:
        """Say whether it moves."""
        return self.started and not self.ended

    def now_us(self) -> int:
        """Return microseconds since the Unix epoch, UTC, as the venue sees them."""
        if self._started_ns is None:
            return self._live_from_us
        elapsed_us = (self._monotonic_ns() - self._started_ns) / NS_PER_US * self._speed
        now_us = self._live_from_us + int(elapsed_us)
        return now_us if self._live_until_us is None else min(now_us, self._live_until_us)
