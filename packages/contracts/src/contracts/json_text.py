"""JSON that says everything once."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any


class RepeatedNameError(ValueError):
    """A name stands twice in an object: only its last value would count, unsaid."""


def decode(text: str | bytes) -> Any:
    """Return what `text` says.

    Returns
    -------
    Any
        What ``json.loads`` makes of it.

    Raises
    ------
    RepeatedNameError
        If an object has a name twice.
    ValueError
        If it is not JSON.

    Examples
    --------
    >>> decode('{"ETH/USD": "BTC/USD"}')
    {'ETH/USD': 'BTC/USD'}
    >>> decode('{"ETH/USD": "BTC/USD", "ETH/USD": "SOL/USD"}')
    Traceback (most recent call last):
    contracts.json_text.RepeatedNameError: ETH/USD once, was there 2 times
    """
    return json.loads(text, object_pairs_hook=_without_repeats)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for name, count in Counter(name for name, _ in pairs).items():
        if count > 1:
            raise RepeatedNameError(f"{name} once, was there {count} times")
    return dict(pairs)
