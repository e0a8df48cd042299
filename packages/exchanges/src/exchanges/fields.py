"""The single fields of a trade: exact numbers, times, ids, sides; each error names the field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from contracts.errors import BadInputError
from contracts.trade_frame import Side
from contracts.units import US_PER_MS, US_PER_SECOND, positive_decimal_string
from exchanges.exact_json import NumberText

T = TypeVar("T")
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?[Zz]", re.ASCII
)
_DIGITS = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_MAX_ID = 2**63 - 1
_MAX_TIME_US = 253_402_300_800 * US_PER_SECOND  # the year 10000


def positive_number(value: Any, field: str) -> str:
    """Return a price or quantity as a canonical decimal, whether the venue wrote a JSON number or a string.

    Raises
    ------
    BadInputError
        If it is not a positive number of at most 40 characters.

    Examples
    --------
    >>> positive_number("97412.30000", "price"), positive_number(NumberText("5.1e-05"), "qty")
    ('97412.3', '0.000051')
    """
    text = _number_text(value, field, "a positive decimal")
    return positive_decimal_string(text, field)


def decimal_number(value: Any, field: str) -> Decimal:
    """Return an amount that may be zero, whether the venue wrote a JSON number or a string.

    Raises
    ------
    BadInputError
        If it is not a number from 0 of at most 30 digits before and after the point.

    Examples
    --------
    >>> decimal_number("1.50", "vol_exec"), decimal_number(NumberText("0.97"), "qty")
    (Decimal('1.50'), Decimal('0.97'))
    """
    number = Decimal(_number_text(value, field, "a decimal from 0"))
    if number < 0:
        raise BadInputError(field, "a decimal from 0", value)
    return number


def one_of(value: Any, field: str, words: Mapping[str, T]) -> T:
    """Return what the venue's word stands for.

    Raises
    ------
    BadInputError
        If it is none of `words`.

    Examples
    --------
    >>> one_of("b", "type", {"b": "buy", "s": "sell"})
    'buy'
    """
    if not isinstance(value, str) or isinstance(value, NumberText) or value not in words:
        raise BadInputError(field, f"one of {', '.join(words)}", value)
    return words[value]


def seconds_us(value: Any, field: str) -> int:
    """Return seconds since 1970 with a fraction as microseconds, digits beyond them cut off.

    Examples
    --------
    >>> seconds_us(NumberText("1772445601.4481201"), "time")
    1772445601448120
    """
    text = _number_text(value, field, "a time in seconds since 1970")
    return _checked_time(int(Decimal(text) * US_PER_SECOND), field, text)


def milliseconds_us(value: Any, field: str) -> int:
    """Return whole milliseconds since 1970 as microseconds.

    Examples
    --------
    >>> milliseconds_us(1772445601448, "T")
    1772445601448000
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInputError(field, "a time in whole milliseconds since 1970", value)
    return _checked_time(value * US_PER_MS, field, str(value)[:40])


def rfc3339_us(value: Any, field: str) -> int:
    """Return an RFC3339 time in UTC as microseconds, digits beyond them cut off.

    Examples
    --------
    >>> rfc3339_us("2026-03-02T10:00:01.448120Z", "timestamp")
    1772445601448120
    """
    match = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BadInputError(field, "a time such as 2026-03-02T10:00:01.448120Z", value)
    day, clock, fraction = match.groups()
    try:
        seconds = int(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise BadInputError(field, f"a time that exists ({error})", value) from error
    micros = int(((fraction or "") + "000000")[:6])
    return _checked_time(seconds * US_PER_SECOND + micros, field, value)


def trade_id(value: Any, field: str) -> int:
    """Return a trade id.

    Raises
    ------
    BadInputError
        If it is not a positive whole number of 64 bits.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MAX_ID:
        raise BadInputError(field, "a trade id, a positive whole number", value)
    return value


def trade_id_text(value: Any, field: str) -> int:
    """Return a trade id that the venue writes as a string of digits."""
    if not isinstance(value, str) or isinstance(value, NumberText) or not _DIGITS.fullmatch(value):
        raise BadInputError(field, "a trade id, a positive whole number as a string", value)
    return trade_id(int(value), field)


def taker_side(value: Any, field: str, words: Mapping[str, Side]) -> Side:
    """Return the taker's side from the venue's word for it; one the venue may add one day is ``unknown``."""
    if not isinstance(value, str) or isinstance(value, NumberText):
        raise BadInputError(field, f"one of {', '.join(words)}", value)
    return words.get(value, "unknown")


def word(value: Any, field: str) -> str:
    """Return a word that must be there.

    Parameters
    ----------
    value
        What came.
    field
        Where, for errors.

    Returns
    -------
    str
        The same.

    Raises
    ------
    BadInputError
        If it is empty or no text.
    """
    if not isinstance(value, str) or isinstance(value, NumberText) or not value:
        raise BadInputError(field, "a text", value)
    return value


def optional_word(value: Any, field: str) -> str | None:
    """Return a word that may be missing, null or empty.

    Parameters
    ----------
    value
        What came.
    field
        Where, for errors.

    Returns
    -------
    str or None
        None where there is none.

    Raises
    ------
    BadInputError
        If it is no text.
    """
    return None if value is None or value == "" else word(value, field)


def whole_number(value: Any, field: str) -> int:
    """Return a count or a number of something, which may be 0.

    Returns
    -------
    int
        The same.

    Raises
    ------
    BadInputError
        If it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadInputError(field, "a whole number from 0", value)
    return value


def json_object(value: Any, field: str) -> dict[str, Any]:
    """Return what must be a JSON object.

    Returns
    -------
    dict[str, Any]
        The same.

    Raises
    ------
    BadInputError
        If it is something else.
    """
    if not isinstance(value, dict):
        raise BadInputError(field, "a JSON object", value)
    return value


def flag(value: Any, field: str) -> bool:
    """Return what must be true or false.

    Returns
    -------
    bool
        The same.

    Raises
    ------
    BadInputError
        If it is something else.
    """
    if not isinstance(value, bool):
        raise BadInputError(field, "true or false", value)
    return value


def _number_text(value: Any, field: str, expected: str) -> str:
    """Return the number's text; lengths are bounded, so 1e999999999 cannot ask for a gigabyte of zeros."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not _NUMBER.fullmatch(text):
        raise BadInputError(field, expected, value)
    return text


def _checked_time(time_us: int, field: str, got: str) -> int:
    if not 0 < time_us < _MAX_TIME_US:
        raise BadInputError(field, "a time after 1970 and before the year 10000", got)
    return time_us
