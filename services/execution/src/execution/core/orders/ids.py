"""Order ids: a function of the signal, so that the same decision is never sent as two orders."""

from __future__ import annotations

import hashlib

from contracts.order import Purpose

#: With the prefix 18 characters: what Kraken takes as a client's own order id.
_DIGEST_BYTES = 8


def order_id(signal_id: str, purpose: Purpose = "decision") -> str:
    """Return the id of the order that `signal_id` gives rise to.

    Examples
    --------
    >>> len(order_id("paper:kraken:BTC/USD:60:0")), order_id("a") == order_id("a"), order_id("a") == order_id("a", "flatten")
    (18, True, False)
    """  # noqa: E501 - one doctest line
    digest = hashlib.blake2b(f"{signal_id}:{purpose}".encode(), digest_size=_DIGEST_BYTES)
    return f"o-{digest.hexdigest()}"
