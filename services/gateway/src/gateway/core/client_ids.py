"""What the venue is told that an order of ours is called."""

from __future__ import annotations

import hashlib

#: Kraken takes free text up to this length.
_LONGEST = 18
_DIGEST_BYTES = 8


def client_id(order_id: str) -> str:
    """Return the venue's name for an order of ours: the same after every restart.

    Examples
    --------
    >>> client_id("o-0011223344556677")
    'o-0011223344556677'
    >>> len(client_id("an id that is longer than the venue takes"))
    18
    """
    if len(order_id) <= _LONGEST:
        return order_id
    return f"h-{hashlib.blake2b(order_id.encode(), digest_size=_DIGEST_BYTES).hexdigest()}"
