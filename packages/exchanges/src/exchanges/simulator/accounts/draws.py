"""Chance that depends on a seed and on what it is for, not on who asked before; and ids made of it."""

from __future__ import annotations

import base64
import hashlib
from uuid import UUID


def draw(seed: int, *of: object) -> float:
    """Return a number from 0 to below 1, always the same for the same seed and words.

    Examples
    --------
    >>> draw(7, "reject", 1) == draw(7, "reject", 1), 0 <= draw(7, "reject", 2) < 1
    (True, True)
    """
    return int.from_bytes(_digest(seed, of)[:7], "big") / 2**56


def venue_id(letter: str, seed: int, *of: object) -> str:
    """Return an id in Kraken's form.

    Examples
    --------
    >>> len(venue_id("O", 7, "main", 1)), venue_id("O", 7, "main", 1)[6]
    (19, '-')
    """
    text = base64.b32encode(_digest(seed, of)).decode()
    return f"{letter}{text[:5]}-{text[5:10]}-{text[10:16]}"


def venue_uuid(seed: int, *of: object) -> str:
    """Return an id in the form of a UUID.

    Examples
    --------
    >>> len(venue_uuid(7, "main", 1))
    36
    """
    return str(UUID(bytes=_digest(seed, of)[:16]))


def _digest(seed: int, of: tuple[object, ...]) -> bytes:
    return hashlib.blake2b(repr((seed, *of)).encode(), digest_size=20).digest()
