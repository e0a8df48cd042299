"""What the clock says: trading sessions, days and minutes, for one moment or for many.

Sessions are those of the interbank market, Monday to Friday in their own time zone, so that daylight saving moves
them as it moves the traders. Markets' holidays are not known here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from contracts.units import MS_PER_SECOND
from features.expressions import CalendarName

_MINUTE_MS, _HOUR_MS = 60 * MS_PER_SECOND, 60 * 60 * MS_PER_SECOND
_DAY = 24 * 60
#: The epoch was a Thursday; days are counted from Monday.
_EPOCH_DAY_OF_WEEK = 3
_SATURDAY = 5
#: In the year 9999; who knows what comes after that.
_LAST_HOUR = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp()) // (60 * 60)


class Session(NamedTuple):
    """Trading hours ``[opens, closes)`` on weekdays, in hours of the local day."""

    zone: ZoneInfo
    opens: int
    closes: int


SESSIONS: Mapping[CalendarName, Session] = {
    "tokyo_is_open": Session(ZoneInfo("Asia/Tokyo"), 9, 18),
    "london_is_open": Session(ZoneInfo("Europe/London"), 8, 17),
    "new_york_is_open": Session(ZoneInfo("America/New_York"), 8, 17),
}


def clock(name: CalendarName, time_ms: Any) -> Any:
    """Return what the clock says of a moment, or of each of an array of them.

    Parameters
    ----------
    name
        ``minute_of_day`` and ``day_of_week`` (0 is Monday) in UTC, ``minute_of_week`` since Monday 00:00 UTC, or a
        session of `SESSIONS`: 1 while it is open, else 0.
    time_ms
        Since the epoch: an integer or an array of them.

    Examples
    --------
    >>> clock("day_of_week", 1_670_889_600_000), clock("london_is_open", 1_670_889_600_000)
    (1.0, 0.0)
    """
    if name in SESSIONS:
        return _open(name, time_ms // _HOUR_MS)
    minute = time_ms // _MINUTE_MS
    if name == "minute_of_day":
        return _float(minute % _DAY)
    if name == "day_of_week":
        return _float((minute // _DAY + _EPOCH_DAY_OF_WEEK) % 7)
    return _float((minute + _EPOCH_DAY_OF_WEEK * _DAY) % (7 * _DAY))


def _float(value: Any) -> Any:
    return value.astype(np.float64) if isinstance(value, np.ndarray) else float(value)


def _open(name: CalendarName, hour: Any) -> Any:
    if not isinstance(hour, np.ndarray):
        return _open_in_hour(name, hour)
    first, last = int(hour.min()), int(hour.max())
    return np.array([_open_in_hour(name, each) for each in range(first, last + 1)])[hour - first]


@lru_cache(maxsize=100_000)
def _open_in_hour(name: CalendarName, hour: int) -> float:
    """Return 1 if a session is open in an hour since the epoch; all that happens to it happens on whole hours."""
    if hour > _LAST_HOUR:
        return math.nan
    session = SESSIONS[name]
    local = datetime.fromtimestamp(hour * 60 * 60, UTC).astimezone(session.zone)
    return float(local.weekday() < _SATURDAY and session.opens <= local.hour < session.closes)
