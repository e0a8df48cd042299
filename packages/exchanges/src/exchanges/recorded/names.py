"""Pairs and venues read from symbols and file names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from exchanges.recorded.assets import ALIASES, FIAT, KNOWN, KRAKEN_KEYS, QUOTES

DEFAULT_EXCHANGE = "recorded"

_QUOTES = {**{name: name for name in QUOTES}, **KRAKEN_KEYS}
_QUOTE = "|".join(_QUOTES)
_PART = r"[A-Za-z0-9]{1,20}"
_APART = re.compile(rf"({_PART})[-/_:]({_PART})").fullmatch
_TOGETHER = re.compile(r"[A-Z0-9]{3,24}").fullmatch
_IN_FILE_NAME = re.compile(
    rf"(?<![A-Za-z0-9])([A-Z0-9]{{2,12}}[-_]?(?:{_QUOTE}))(?=20[0-9]{{2}}-[0-9]{{2}}|[^A-Za-z0-9]|$)"
)

#: How names of derivatives look, and what they then are.
_DERIVATIVES = (
    (re.compile(r"[-_](?:PERP(?:ETUAL)?|SWAP|FUTURES?)(?![A-Z])"), "a perpetual or a future"),
    (re.compile(r"[A-Z0-9]USDT?PERP(?:ETUAL)?(?![A-Z])"), "a perpetual"),
    (re.compile(r"^(?:PI|PF|FI|FF)_[A-Z0-9]+USD"), "a future of Kraken"),
    (re.compile(r"^[A-Z0-9]+[-/_][A-Z0-9]+:[A-Z0-9]+"), "settled in a currency of its own"),
    (re.compile(r"^[A-Z]{2,8}USDT?M(?![A-Z])"), "a contract of KuCoin"),
    (re.compile(r"^T?[A-Z0-9]+F0:[A-Z0-9]+F0"), "a perpetual of Bitfinex"),
    (re.compile(r"^[A-Z0-9]+(?:USDT?|USDC)_[0-9]{6}(?![0-9])"), "with a day of delivery"),
    (re.compile(r"(?<![A-Z0-9])[A-Z0-9]+-(?:USD[TC]?-)?[0-9]{6}(?![0-9])"), "with a day of delivery"),
    (re.compile(r"[-_][0-9]{1,2}[A-Z]{3}[0-9]{2}(?![0-9])"), "with a day of delivery"),
    (re.compile(r"^[A-Z]{2,8}USDT?[FGHJKMNQUVXZ][0-9]{2}(?![0-9])"), "with a month of delivery"),
)


def pair_of_symbol(symbol: str) -> str | None:
    """Return `symbol` as BASE/QUOTE, or None if it cannot be told, can be read in two ways, or is a derivative.

    Examples
    --------
    >>> [pair_of_symbol(s) for s in ("BTC-USD", "ethusdt", "XBTUSD", "XXBTZUSD", "BNBUSD", "BTCBUSD", "???")]
    ['BTC/USD', 'ETH/USDT', 'BTC/USD', 'BTC/USD', 'BNB/USD', 'BTC/BUSD', None]
    >>> [pair_of_symbol(s) for s in ("SHIBUSD", "XETHXXBT", "BTCTUSD", "USDe/USD", "ARBUSD", "BTCUSD_PERP")]
    ['SHIB/USD', 'ETH/BTC', 'BTC/TUSD', 'USDe/USD', None, None]
    """
    found = readings(symbol)
    return found[0] if len(found) == 1 else None


def readings(symbol: str) -> list[str]:
    """Return each pair that `symbol` may mean.

    Written together, BASE and QUOTE are told apart by known quotes; where two would do, by known bases.

    Examples
    --------
    >>> readings("ARBUSD"), readings("XYZTUSD"), readings("BTC-PERPETUAL")
    (['AR/BUSD', 'ARB/USD'], ['XYZ/TUSD', 'XYZT/USD'], [])
    """
    text = symbol.strip()
    if text[:1] == "t" and text[1:].isupper() and "/" not in text:  # Bitfinex writes tBTCUSD
        text = text[1:]
    if not text.isascii() or why_derivative(text):
        return []
    apart = _APART(text)
    if apart:
        parts = [_asset(part if _is_mixed(part) else part.upper()) for part in apart.groups()]
        return ["/".join(parts)] if any(c.isalpha() for c in parts[0]) else []
    text = text.upper()
    splits = sorted(set(_splits(text))) if _TOGETHER(text) else []
    known = [split for split in splits if _is_known(*split)]
    return ["/".join(split) for split in known or splits]


def _splits(text: str) -> Iterator[tuple[str, str]]:
    for written, quote in _QUOTES.items():
        base = text.removesuffix(written)
        if base == text or not any(c.isalpha() for c in base):
            continue
        # Kraken's old key of a quote follows the name of a coin that it knows: XYZUSD is not XY/ZUSD.
        if written == quote or _asset(base) in KNOWN or base in KRAKEN_KEYS:
            yield _asset(base), _asset(quote)


def _asset(name: str) -> str:
    coin = KRAKEN_KEYS.get(name, name)
    return ALIASES.get(coin, coin)


def _is_mixed(part: str) -> bool:
    return any(c.islower() for c in part) and any(c.isupper() for c in part)


def _is_known(base: str, quote: str) -> bool:
    return base in KNOWN or (base in FIAT and quote in FIAT) or (base in FIAT[1:] and quote in ("USDT", "USDC"))


def why_derivative(name: str) -> str | None:
    """Return what kind of derivative a symbol or a file's name tells of; None for a spot pair.

    Examples
    --------
    >>> [why_derivative(name) is not None for name in ("BTC-USDT-SWAP", "BTCUSD_240927", "BTC/USD:USD", "PERP/USD")]
    [True, True, True, False]
    """
    text = name.strip().upper()
    return next((why for pattern, why in _DERIVATIVES if pattern.search(text)), None)


def pair_of_file(path: Path) -> str | None:
    """Return the pair that the file's name contains, or None.

    Examples
    --------
    >>> pair_of_file(Path("binance_spot_BTCUSDT_20240808-09.csv.gz")), pair_of_file(Path("bitstamp_BTCUSD_2011.csv"))
    ('BTC/USDT', 'BTC/USD')
    >>> [pair_of_file(Path(name)) for name in ("XBTEUR.csv", "trades.csv", "BTCUSDT2024-01-01.csv.gz")]
    ['BTC/EUR', None, 'BTC/USDT']
    """
    found = readings_of_file(path)
    return found[0] if len(found) == 1 else None


def readings_of_file(path: Path) -> list[str]:
    """Return each pair that the first name of a pair in the file's name may mean."""
    for match in _IN_FILE_NAME.finditer(path.name.split(".")[0]):
        found = readings(match[1])
        if found:
            return found
    return []


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
