"""A pair's names: BTC/USD on WebSocket v2 and here, XBT/USD on v1, XBTUSD and XXBTZUSD on REST."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from exchanges.venue import UnknownPairError

#: Assets whose code on REST and WebSocket v1 is not their name; Kraken renames no others.
_V2_NAMES = {"XBT": "BTC", "XDG": "DOGE"}


@dataclass(frozen=True, slots=True)
class PairNames:
    """What one pair is called: `pair` here, `altname` when asking REST, `rest_key` in REST's answers."""

    pair: str
    altname: str
    rest_key: str


def v2_name(wsname: str) -> str:
    """Return the WebSocket v2 name for the v1 name that ``AssetPairs`` lists.

    Examples
    --------
    >>> v2_name("XBT/USD"), v2_name("XTZ/XBT"), v2_name("XRP/USD")
    ('BTC/USD', 'XTZ/BTC', 'XRP/USD')
    """
    return "/".join(_V2_NAMES.get(code, code) for code in wsname.split("/"))


def find_pairs(pairs: Iterable[str], listed: dict[str, PairNames]) -> dict[str, PairNames]:
    """Return the names of `pairs`.

    Raises
    ------
    UnknownPairError
        For the first that is not listed, with similar ones: also where somebody wrote XBTUSD or XBT/USD.
    """
    other_names = {name: names.pair for names in listed.values() for name in (names.altname, names.rest_key)}
    found = {}
    for pair in pairs:
        if pair not in listed:
            exact = other_names.get(pair) or (v2_name(pair) if v2_name(pair) in listed else None)
            similar = [exact] if exact else difflib.get_close_matches(pair, listed, n=3)
            raise UnknownPairError(pair, "Kraken", similar)
        found[pair] = listed[pair]
    return found
