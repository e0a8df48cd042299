"""What may be asked of the store, checked before a database is."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.errors import BadInputError

#: Later than any time there is, and still a number that databases take.
FOREVER_MS = 2**62


def check_pairs(pairs: Sequence[str]) -> None:
    """Refuse what is no list of pairs.

    Raises
    ------
    BadInputError
        If it is empty, or one text: its letters would be taken for pairs.

    Examples
    --------
    >>> check_pairs("BTC/USD")
    Traceback (most recent call last):
    contracts.errors.BadInputError: pairs: expected a list of pairs such as ['BTC/USD'], was 'BTC/USD'
    """
    if isinstance(pairs, str) or not pairs or not all(isinstance(pair, str) for pair in pairs):
        raise BadInputError("pairs", "a list of pairs such as ['BTC/USD']", pairs)


def check_interval(interval_s: int) -> None:
    """Refuse a length of bars that is none.

    Raises
    ------
    BadInputError
        If it is not a positive number of seconds.
    """
    if interval_s <= 0:
        raise BadInputError("interval_s", "a positive number of seconds", interval_s)


def check_range(from_ms: int, to_ms: int) -> None:
    """Refuse a range that ends before it begins.

    Raises
    ------
    BadInputError
        If it does.
    """
    if to_ms < from_ms:
        raise BadInputError("to_ms", f"{from_ms} (from_ms) or later", to_ms)
