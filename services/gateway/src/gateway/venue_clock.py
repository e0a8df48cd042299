"""The venue's time between two looks at it."""

from __future__ import annotations

import time

from contracts.units import MS_PER_SECOND


class VenueClock:
    """Goes on from what the venue said last, however this machine's clock is set meanwhile."""

    def __init__(self) -> None:
        self._said_ms = 0
        self._heard_seconds = 0.0

    def heard(self, venue_ms: int) -> None:
        """Note what time it is at the venue."""
        self._said_ms = venue_ms
        self._heard_seconds = time.monotonic()

    def now_ms(self) -> int:
        """Return the venue's time, milliseconds since the epoch."""
        return self._said_ms + int((time.monotonic() - self._heard_seconds) * MS_PER_SECOND)
