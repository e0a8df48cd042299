"""Pairs are BASE/QUOTE here; venues have names of their own for them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from contracts.units import PAIR_PATTERN
from exchanges.venue import UnknownPairError

N = TypeVar("N")
_PAIR = re.compile(PAIR_PATTERN, re.ASCII)


def is_pair(text: str) -> bool:
    """Say whether `text` is a pair as contracts write it; some venues list names that are not."""
    return _PAIR.fullmatch(text) is not None


def find_pairs(
    pairs: Iterable[str], listed: Mapping[str, N], other_names: Mapping[str, str], venue: str
) -> dict[str, N]:
    """Return what `listed` says of each of `pairs`.

    Parameters
    ----------
    other_names
        The pair by what else it is called, for somebody who wrote XBTUSD, BTC-USD or BTCUSDT.

    Raises
    ------
    UnknownPairError
        For the first that is not listed, with similar ones.
    """
    found = {}
    for pair in pairs:
        if pair not in listed:
            exact = other_names.get(pair.upper(), pair.upper())
            similar = [exact] if exact in listed else difflib.get_close_matches(pair, listed, n=3)
            raise UnknownPairError(pair, venue, similar)
        found[pair] = listed[pair]
    return found
