"""The venue's time where the venue cannot be asked."""

from __future__ import annotations

import time

from contracts.clock import Clock
from contracts.units import US_PER_SECOND


class MarketClock(Clock):
    """The newest time the venue gave, and what has passed since.

    An outage is told in the market's time, and a simulated market's is not the wall clock's.
    """

    def __init__(self, venue_time_us: int) -> None:
        self._heard_us = venue_time_us
        self._heard_at = time.monotonic()

    def heard(self, venue_time_us: int) -> None:
        """Note what the venue said."""
        if venue_time_us > self.now_us():
            self._heard_us, self._heard_at = venue_time_us, time.monotonic()

    def now_us(self) -> int:
        """Return the market's time, microseconds since the epoch."""
        return self._heard_us + round((time.monotonic() - self._heard_at) * US_PER_SECOND)
