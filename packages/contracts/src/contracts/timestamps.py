"""Times as text, and text as times."""

from __future__ import annotations

from datetime import UTC, datetime

from contracts.errors import BadInputError
from contracts.units import MS_PER_SECOND, US_PER_MS, US_PER_SECOND

#: What a calendar date can name, and so what can be written as text.
_LATEST_MS = 253_402_300_799_999


def iso_utc(time_us: int) -> str:
    """Return microseconds since the epoch as ISO 8601, to the second.

    Returns
    -------
    str
        Such as ``2026-03-04T00:00:00Z``.

    Examples
    --------
    >>> iso_utc(1_772_582_400_000_000)
    '2026-03-04T00:00:00Z'
    """
    return datetime.fromtimestamp(time_us / US_PER_SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_utc_ms(time_ms: int) -> str:
    """Return milliseconds since the epoch as ISO 8601, to the second.

    Returns
    -------
    str
        Such as ``2026-03-04T00:00:00Z``.
    """
    return iso_utc(time_ms * US_PER_MS)


def parse_time(field: str, text: str | None) -> int | None:
    """Return ISO 8601 (UTC where it names no zone) or milliseconds since the epoch as the latter; None of None.

    Returns
    -------
    int | None
        Milliseconds since the epoch.

    Raises
    ------
    BadInputError
        If `text` is neither; `field` is named.

    Examples
    --------
    >>> parse_time("--from", "2026-03-04T00:00:00Z"), parse_time("--from", "1772582400000")
    (1772582400000, 1772582400000)
    """
    if text is None:
        return None
    try:
        time_ms = int(text) if text.isdecimal() else _from_iso(text)
        if not 0 <= time_ms <= _LATEST_MS:
            raise ValueError("not from 1970 to 9999")
    except ValueError as error:
        expected = "ISO 8601 such as 2026-03-04T00:00:00Z, or milliseconds since the epoch"
        raise BadInputError(field, expected, text) from error
    return time_ms


def _from_iso(text: str) -> int:
    found = datetime.fromisoformat(text)
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * MS_PER_SECOND)
