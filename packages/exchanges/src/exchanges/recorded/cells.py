"""From the text of one cell to an exact value: prices and quantities never pass through a float."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from contracts.errors import BadInputError
from contracts.units import MAX_AMOUNT_CHARACTERS, US_PER_MS, US_PER_SECOND, positive_decimal_string

MAX_DECIMAL_TEXT = 48
LATEST_US = 9_999_999_999_999_999
LARGEST_ID = 2**63 - 1
_NEVER = Decimal(10**20)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: A number below so much counts seconds, or milliseconds, or microseconds; a larger one nanoseconds.
_UNITS = ((Decimal(10**11), 1_000_000), (Decimal(10**14), 1_000), (Decimal(10**17), 1))

_PLAIN = re.compile(r"(?:0|[1-9][0-9]{0,23})(?:\.[0-9]{1,24})?").fullmatch
_ANY_DECIMAL = re.compile(r"\+?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?").fullmatch


def positive(text: str, field: str) -> str:
    """Return the canonical spelling of a price or quantity.

    Raises
    ------
    BadInputError
        If `text` is not a decimal greater than zero, of at most 48 characters as written and 40 as canonical text.

    Examples
    --------
    >>> positive("28165.47000000", "price"), positive("5.1E-5", "qty")
    ('28165.47', '0.000051')
    """
    if _PLAIN(text):
        canonical = text.rstrip("0").rstrip(".") if "." in text else text
        if canonical != "0" and len(canonical) <= MAX_AMOUNT_CHARACTERS:
            return canonical
    if len(text) > MAX_DECIMAL_TEXT or not _ANY_DECIMAL(text):
        raise BadInputError(field, "a positive decimal", text)
    return positive_decimal_string(text, field)


def trade_id(text: str, field: str) -> int:
    """Return a trade id.

    Raises
    ------
    BadInputError
        If `text` is not a whole number of 63 bits.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > LARGEST_ID:
        raise BadInputError(field, "a trade id, a whole number", text)
    return int(text)


def microseconds(text: str, field: str) -> int:
    """Return a time written in whole microseconds."""
    return _in_range(_whole(text, field), text, field)


def milliseconds(text: str, field: str) -> int:
    """Return a time written in whole milliseconds, in microseconds."""
    return _in_range(_whole(text, field) * US_PER_MS, text, field)


def nanoseconds(text: str, field: str) -> int:
    """Return a time written in whole nanoseconds, in microseconds, truncated."""
    return _in_range(_whole(text, field) // 1_000, text, field)


def seconds(text: str, field: str) -> int:
    """Return a time written in seconds, fractions allowed, in microseconds, truncated.

    Examples
    --------
    >>> seconds("1688669597.8277369", "time")
    1688669597827736
    """
    if text.isascii() and text.isdigit() and len(text) <= 19:
        return _in_range(int(text) * US_PER_SECOND, text, field)
    if not _PLAIN(text):
        raise BadInputError(field, "seconds since the epoch", text)
    return _in_range(int(Decimal(text) * US_PER_SECOND), text, field)


def iso_8601(text: str, field: str) -> int:
    """Return a time written as ISO 8601 with its zone, in microseconds.

    Examples
    --------
    >>> iso_8601("2023-09-05T16:00:01.281719Z", "timestamp")
    1693929601281719
    """
    try:
        moment = datetime.fromisoformat(text[:-4] + "Z" if text.endswith(" UTC") else text)
    except ValueError as error:
        raise BadInputError(field, "an ISO 8601 time", text) from error
    if moment.tzinfo is None:
        raise BadInputError(field, "an ISO 8601 time with its zone, such as a final Z", text)
    return _in_range((moment - _EPOCH) // _MICROSECOND, text, field)


def any_time(text: str, field: str) -> int:
    """Return a time whose column names no unit: ISO 8601, or a number whose size tells the unit.

    Below 10^11 it is seconds, below 10^14 milliseconds, below 10^17 microseconds, else nanoseconds. Fractions and
    exponents are read exactly, and truncated.

    Examples
    --------
    >>> [any_time(text, "time") for text in ("1700000000.5", "1.7000000005E+12", "1700000000500000")]
    [1700000000500000, 1700000000500000, 1700000000500000]
    """
    if not (text.isascii() and text.isdigit()):
        return (
            _any_number(text, field)
            if len(text) <= MAX_DECIMAL_TEXT and _ANY_DECIMAL(text)
            else iso_8601(text, field)
        )
    digits = len(text.lstrip("0"))
    for limit, read in ((11, seconds), (14, milliseconds), (17, microseconds)):
        if digits <= limit:
            return read(text, field)
    return nanoseconds(text, field)


def _any_number(text: str, field: str) -> int:
    value = Decimal(text)
    for limit, us_per_unit in _UNITS:
        if value < limit:
            return _in_range(int(value * us_per_unit), text, field)
    return _in_range(int(value / 1_000) if value < _NEVER else 0, text, field)


def _whole(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 20:
        raise BadInputError(field, "a whole number of time units since the epoch", text)
    return int(text)


def _in_range(time_us: int, text: str, field: str) -> int:
    if not 0 < time_us <= LATEST_US:
        raise BadInputError(field, "a time between 1970 and 2286 in the column's unit", text)
    return time_us
