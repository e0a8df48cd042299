"""Errors that name the field, what was expected and what came."""

from __future__ import annotations

import re

#: Before the @ of an address stand a user and perhaps a password.
_CREDENTIALS = re.compile(r"(?<=://)[^\s'\"]*@")


class TradestreamError(Exception):
    """Base of every error this project raises on purpose."""


class BadInputError(TradestreamError):
    """A value from outside is not what it must be.

    Parameters
    ----------
    field
        Where the value stood, as the sender would name it (``prices[3]``, ``TRADES_PAIRS``).
    expected
        What would have been accepted.
    got
        What came; shown shortened.

    Examples
    --------
    >>> str(BadInputError("price", "a positive decimal", "-1"))
    "price: expected a positive decimal, was '-1'"
    """

    def __init__(self, field: str, expected: str, got: object) -> None:
        self.field = field
        self.expected = expected
        self.got = got
        super().__init__(f"{field}: expected {expected}, was {shorten(got)}")


class BadMessageError(BadInputError):
    """A message on a topic cannot be decoded; it goes to the dead letters with this as its reason."""


class BadSettingError(BadInputError):
    """A setting is missing or wrong; the process must not start."""


class TransientError(TradestreamError):
    """Something outside did not serve for the moment: the same call may succeed later."""


def shorten(value: object, limit: int = 120) -> str:
    """Return ``repr(value)``, cut to `limit` characters and without the passwords of addresses.

    Returns
    -------
    str
        At most `limit` characters; of a longer text the middle is left out, as its end may say what is wrong with it.

    Examples
    --------
    >>> shorten("/a/folder/of/a/long/name/trades.csv (empty)", limit=30)
    "'/a/folder/of/a/l...v (empty)'"
    >>> shorten("postgresql://user:secret@host/database")
    "'postgresql://...@host/database'"
    """
    try:
        text = repr(value)
    except RecursionError:
        text = "something nested too deeply to be shown"
    text = without_credentials(text)
    end = limit // 3
    return text if len(text) <= limit else f"{text[: limit - end - 3]}...{text[-end:]}"


def without_credentials(text: str) -> str:
    """Return a text without the users and passwords of addresses in it.

    Returns
    -------
    str
        For people, and files that others read.

    Examples
    --------
    >>> without_credentials("--from-store postgresql://user:secret@host/database")
    '--from-store postgresql://...@host/database'
    """
    return _CREDENTIALS.sub("...@", text)
