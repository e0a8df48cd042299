"""The trading day of each bar."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from contracts.units import MS_PER_DAY

_HOUR_MS = 3_600_000


def day_numbers(starts_ms: NDArray[np.int64], timezone: str) -> NDArray[np.int64]:
    """Return a number for the date of each time in `timezone`; equal numbers are equal dates.

    Returns
    -------
    NDArray[np.int64]
        Of one shape with `starts_ms`, which need not be in order.

    Examples
    --------
    >>> midnight_ms = 1_774_738_800_000  # 29 March 2026 in Prague, a day of 23 hours
    >>> numbers = day_numbers(np.array([midnight_ms, midnight_ms + 22 * 3_600_000, midnight_ms + 23 * 3_600_000]), "Europe/Prague")
    >>> (numbers - numbers[0]).tolist()
    [0, 0, 1]
    """  # noqa: E501 - one doctest line
    if timezone == "UTC":
        return starts_ms // MS_PER_DAY
    zone = ZoneInfo(timezone)
    hours, places = np.unique(starts_ms // _HOUR_MS, return_inverse=True)
    begun, ended = (_local(hours + later, zone) for later in (0, 1))
    # Offsets that are equal an hour apart have not changed between: the clock only went on.
    same = (begun == ended).all(axis=1)[places]
    numbers: NDArray[np.int64] = begun[places, 0]
    for place in np.flatnonzero(~same).tolist():
        numbers[place] = _date(int(starts_ms[place]) / 1_000, zone)[0]
    return numbers


def _local(hours: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Return, for the beginning of each hour since the epoch, its date and the seconds between zone and UTC."""
    return np.array([_date(hour * 3_600, zone) for hour in hours.tolist()], dtype=np.int64).reshape(-1, 2)


def _date(time_s: float, zone: ZoneInfo) -> tuple[int, int]:
    local = datetime.fromtimestamp(time_s, tz=UTC).astimezone(zone)
    offset = local.utcoffset()
    assert offset is not None  # of a time with a zone
    return local.date().toordinal(), round(offset.total_seconds())
