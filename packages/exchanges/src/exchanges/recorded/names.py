"""Pairs and venues read from symbols and file names."""

from __future__ import annotations

import re
from pathlib import Path

DEFAULT_EXCHANGE = "recorded"

#: Currencies a pair may be quoted in; needed where base and quote are written together.
QUOTES = (
    "FDUSD",
    "USDT",
    "USDC",
    "BUSD",
    "USD",
    "EUR",
    "GBP",
    "JPY",
    "CHF",
    "CAD",
    "AUD",
    "TRY",
    "BRL",
    "KRW",
    "INR",
    "MXN",
    "DAI",
    "BTC",
    "XBT",
    "ETH",
    "BNB",
)

#: Other spellings of assets.
ALIASES = {"XBT": "BTC", "XDG": "DOGE"}

_QUOTE = "|".join(QUOTES)
_KRAKEN_KEY = re.compile(r"X([A-Z]{3})Z([A-Z]{3})")
# A base of three letters or more goes first: BNBUSD is BNB/USD, not BN/BUSD.
_TOGETHER = tuple(re.compile(rf"([A-Z0-9]{{{size}}}?)({_QUOTE})") for size in ("3,12", "2"))
_APART = re.compile(r"([A-Z0-9]{1,20})[-/_:]([A-Z0-9]{1,20})")
_IN_FILE_NAME = re.compile(rf"(?<![A-Za-z0-9])([A-Z0-9]{{2,12}}[-_]?(?:{_QUOTE}))(?![A-Za-z0-9])")


def pair_of_symbol(symbol: str) -> str | None:
    """Return `symbol` as BASE/QUOTE, or None if it cannot be told.

    Examples
    --------
    >>> [pair_of_symbol(s) for s in ("BTC-USD", "ethusdt", "XBTUSD", "XXBTZUSD", "BNBUSD", "BTCBUSD", "???")]
    ['BTC/USD', 'ETH/USDT', 'BTC/USD', 'BTC/USD', 'BNB/USD', 'BTC/BUSD', None]
    """
    text = symbol.strip().upper()
    if not text.isascii():
        return None
    for pattern in (_APART, _KRAKEN_KEY, *_TOGETHER):
        match = pattern.fullmatch(text)
        if match and any(c.isalpha() for c in match[1]):
            base, quote = (ALIASES.get(part, part) for part in match.groups())
            return f"{base}/{quote}"
    return None


def pair_of_file(path: Path) -> str | None:
    """Return the pair that the file's name contains, or None.

    Examples
    --------
    >>> pair_of_file(Path("binance_spot_BTCUSDT_20240808-09.csv.gz")), pair_of_file(Path("bitstamp_BTCUSD_2011.csv"))
    ('BTC/USDT', 'BTC/USD')
    >>> pair_of_file(Path("XBTEUR.csv")), pair_of_file(Path("trades.csv"))
    ('BTC/EUR', None)
    """
    for match in _IN_FILE_NAME.finditer(path.name.split(".")[0]):
        pair = pair_of_symbol(match[1])
        if pair is not None:
            return pair
    return None


def exchange_of_file(path: Path) -> str:
    """Return the venue: the file name's first word in lower case, where it is a word and not the pair.

    Examples
    --------
    >>> [exchange_of_file(Path(p)) for p in ("coinbase_BTC-USD_1h.csv.gz", "XBTUSD.csv", "20240808.csv")]
    ['coinbase', 'recorded', 'recorded']
    """
    first = re.split(r"[_.\s]", path.name, maxsplit=1)[0]
    is_word = first.isascii() and first[:1].isalpha() and first.islower()
    return first if is_word and "_" in path.name else DEFAULT_EXCHANGE
