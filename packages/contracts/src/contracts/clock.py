"""Wall-clock time, injected: the only place of the project that reads it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Something that knows what time it is."""

    def now_us(self) -> int:
        """Return microseconds since the Unix epoch, UTC.

        Returns
        -------
        int
            UTC.
        """


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> int:
        """Return microseconds since the Unix epoch, UTC.

        Returns
        -------
        int
            UTC, as the machine has it.
        """
        return time.time_ns() // 1_000  # noqa: TID251 - the one place where the wall clock is read


class FixedClock:
    """A clock that stands still until it is moved: for tests and replays."""

    def __init__(self, now_us: int) -> None:
        self._now_us = now_us

    def now_us(self) -> int:
        """Return the time it was set to."""
        return self._now_us

    def set_us(self, now_us: int) -> None:
        """Move the clock to `now_us`."""
        self._now_us = now_us
