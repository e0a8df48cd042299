"""A pair's names: BTC/USD on WebSocket v2 and here, XBT/USD on v1, XBTUSD and XXBTZUSD on REST."""

from __future__ import annotations

from dataclasses import dataclass

#: Assets whose code on REST and WebSocket v1 is not their name; Kraken renames no others.
_V2_NAMES = {"XBT": "BTC", "XDG": "DOGE"}


@dataclass(frozen=True, slots=True)
class PairNames:
    """What one pair is called: `pair` here, `altname` when asking REST, `rest_key` in REST's answers.

    `base_code` and `quote_code` are what its two currencies are called in balances.
    """

    pair: str
    altname: str
    rest_key: str
    wsname: str = ""
    base_code: str = ""
    quote_code: str = ""


def v2_name(wsname: str) -> str:
    """Return the WebSocket v2 name for the v1 name that ``AssetPairs`` lists.

    Examples
    --------
    >>> v2_name("XBT/USD"), v2_name("XTZ/XBT"), v2_name("XRP/USD")
    ('BTC/USD', 'XTZ/BTC', 'XRP/USD')
    """
    return "/".join(_V2_NAMES.get(code, code) for code in wsname.split("/"))


def other_names(listed: dict[str, PairNames]) -> dict[str, str]:
    """Return each pair by its other names."""
    return {name: n.pair for n in listed.values() for name in (n.altname, n.rest_key, n.wsname)}


def asset_names(listed: dict[str, PairNames]) -> dict[str, str]:
    """Return each currency by its code in balances.

    Parameters
    ----------
    listed
        As `exchanges.kraken.rest_messages.parse_asset_pairs` reads it.

    Returns
    -------
    dict
        Currency by code.

    Examples
    --------
    >>> asset_names({"BTC/USD": PairNames("BTC/USD", "XBTUSD", "XXBTZUSD", "XBT/USD", "XXBT", "ZUSD")})
    {'XXBT': 'BTC', 'ZUSD': 'USD'}
    """
    named: dict[str, str] = {}
    for pair, names in listed.items():
        for code, name in zip((names.base_code, names.quote_code), pair.split("/"), strict=True):
            named |= {code: name} if code else {}
    return named
