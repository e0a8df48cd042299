"""Names of assets: what tells where a base ends and a quote begins in symbols that are written together."""

from __future__ import annotations

from pathlib import Path

FIAT = (
    *("USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "TRY", "BRL", "KRW", "INR", "MXN", "RUB", "UAH", "PLN", "ZAR"),
    *("NGN", "ARS", "COP", "IDR", "SGD", "HKD", "NZD", "SEK", "NOK", "DKK", "CZK", "RON", "AED", "THB", "VND", "PHP"),
    *("CNY", "CNH"),
)
_STABLE = (
    *("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "PYUSD", "RLUSD", "GUSD", "USDP", "USDD", "USD1", "DAI", "UST", "PAX"),
    *("EURC", "EURT", "EURI"),
)
_COINS = ("BTC", "XBT", "ETH", "BNB", "TRX", "XRP", "DOGE", "DOT", "SOL")

#: What a pair may be quoted in.
QUOTES = (*_STABLE, *FIAT, *_COINS)

_OLD_COINS = ("XBT", "XDG", "ETH", "ETC", "LTC", "MLN", "REP", "XLM", "XMR", "XRP", "ZEC", "ICN", "NMC")
#: Kraken's old keys of assets: X before a coin, Z before a currency.
KRAKEN_KEYS = {
    **{f"Z{name}": name for name in ("USD", "EUR", "GBP", "JPY", "CAD", "AUD")},
    **{f"X{name}": name for name in _OLD_COINS},
}

#: Other spellings of assets.
ALIASES = {"XBT": "BTC", "XDG": "DOGE"}

#: Assets that decide between two readings; none that is rare and another with a letter more, such as BTCB.
KNOWN = frozenset(
    [*_STABLE, *_COINS, *_OLD_COINS, *Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").split()]
)
