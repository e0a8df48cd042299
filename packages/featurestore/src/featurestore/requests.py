"""What may be asked of the store, checked before a database is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import index
from typing import Any

from contracts.errors import BadInputError

#: Later than any time there is, and still a number that databases take.
FOREVER_MS = 2**62
_LONGEST_INTERVAL_S = 2**31
#: What a BIGINT column holds.
_INTEGERS = range(-(2**63), 2**63)


def checked_pairs(pairs: Iterable[str]) -> list[str]:
    """Return each of `pairs` once.

    Raises
    ------
    BadInputError
        If there is none, or it is one text: its letters would be taken for pairs.

    Examples
    --------
    >>> checked_pairs(pair for pair in ("BTC/USD", "ETH/USD", "BTC/USD"))
    ['BTC/USD', 'ETH/USD']
    >>> checked_pairs("BTC/USD")
    Traceback (most recent call last):
    contracts.errors.BadInputError: pairs: expected a list of pairs such as ['BTC/USD'], was 'BTC/USD'
    """
    expected = "a list of pairs such as ['BTC/USD']"
    if isinstance(pairs, str) or not isinstance(pairs, Iterable):
        raise BadInputError("pairs", expected, pairs)
    found = list(pairs)
    for pair in found:
        if not isinstance(pair, str) or "\0" in pair or not _is_utf8(pair):
            raise BadInputError("pairs", expected, pair)
    if not found:
        raise BadInputError("pairs", expected, found)
    return list(dict.fromkeys(found))


def checked_interval(interval_s: int) -> int:
    """Return a length of bars.

    Raises
    ------
    BadInputError
        If it is not a positive number of seconds.
    """
    found = _whole(interval_s)
    if found is None or not 0 < found <= _LONGEST_INTERVAL_S:
        raise BadInputError("interval_s", "a positive number of seconds", interval_s)
    return found


def checked_time(field: str, time_ms: int) -> int:
    """Return a time.

    Raises
    ------
    BadInputError
        If it is not a whole number of milliseconds that databases take.
    """
    found = _whole(time_ms)
    if found is None or abs(found) > FOREVER_MS:
        raise BadInputError(field, "a whole number of milliseconds since the epoch, at most 2**62", time_ms)
    return found


def checked_range(from_ms: int, to_ms: int) -> tuple[int, int]:
    """Return a range of times.

    Raises
    ------
    BadInputError
        If one is no time, or the range ends before it begins.
    """
    first, last = checked_time("from_ms", from_ms), checked_time("to_ms", to_ms)
    if last < first:
        raise BadInputError("to_ms", f"{first} (from_ms) or later", last)
    return first, last


def check_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Refuse values that no database has room for: what to ask when one has refused a batch.

    Raises
    ------
    BadInputError
        Naming the column.
    """
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            if isinstance(value, int) and value not in _INTEGERS:
                raise BadInputError(column, "an integer of 64 bits", value)
            if isinstance(value, str) and not _is_utf8(value):
                raise BadInputError(column, "text that can be written as UTF-8", value)


def _whole(value: Any) -> int | None:
    """Return a whole number as Python's own, also NumPy's; None if it is none, as a float or True."""
    try:
        return None if isinstance(value, bool) else index(value)
    except TypeError:
        return None


def _is_utf8(text: str) -> bool:
    """Return whether UTF-8 has it: half a surrogate pair it has not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
