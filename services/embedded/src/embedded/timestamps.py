"""Wall-clock times as text."""

from __future__ import annotations

from datetime import UTC, datetime

from contracts.units import US_PER_SECOND


def iso_utc(time_us: int) -> str:
    """Return microseconds since the epoch as ISO 8601, to the second.

    Examples
    --------
    >>> iso_utc(1_772_582_400_000_000)
    '2026-03-04T00:00:00Z'
    """
    return datetime.fromtimestamp(time_us / US_PER_SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
