"""The trading day a moment belongs to."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from contracts.units import MS_PER_DAY, MS_PER_SECOND


def trading_day(time_ms: int, timezone: str) -> str:
    """Return the date of `time_ms` in `timezone`, days of 23 and 25 hours included.

    Returns
    -------
    str
        As ISO 8601 has it.

    Examples
    --------
    >>> trading_day(1_767_225_600_000, "UTC"), trading_day(1_767_225_600_000 - 1, "UTC")
    ('2026-01-01', '2025-12-31')
    """
    if timezone == "UTC":
        return _utc_day(time_ms // MS_PER_DAY)
    return datetime.fromtimestamp(time_ms // MS_PER_SECOND, tz=_zone(timezone)).date().isoformat()


@lru_cache
def _utc_day(number: int) -> str:
    return datetime.fromtimestamp(number * MS_PER_DAY // MS_PER_SECOND, tz=UTC).date().isoformat()


@lru_cache
def _zone(name: str) -> tzinfo:
    # UTC needs no time zone database; slim images have none.
    return UTC if name == "UTC" else ZoneInfo(name)
