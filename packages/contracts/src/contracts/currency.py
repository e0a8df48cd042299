"""The money of an account: the currency its pairs are quoted in, and what it begins with unless told otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from contracts.errors import BadInputError

#: What an account begins with, by currency: about what 10,000 US dollars were in 2026, as one round figure. It has to
#: be large enough for orders above a venue's minimum, not exact, so it is a constant and no rate is looked up.
DEFAULT_BALANCES: Mapping[str, Decimal] = {
    currency: Decimal(amount)
    for amount, currencies in {
        "10000": "USD EUR GBP CHF CAD AUD NZD SGD USDT USDC USDE USDG USDD USD1 USDQ USDR USDS TUSD BUSD FDUSD PYUSD "
        "RLUSD PAX DAI UST USDP EURC EURI EURT EURQ EURR EURS AEUR XUSD",
        "40000": "AED SAR PLN BRL MYR ILS",
        "50000": "RON DOGE",
        "70000": "CNY HKD DKK",
        "100000": "SEK NOK",
        "200000": "MXN ZAR CZK UAH",
        "300000": "THB TWD",
        "400000": "TRY",
        "600000": "PHP",
        "1000000": "INR RUB",
        "1500000": "JPY GYEN",
        "3000000": "HUF",
        "10000000": "CLP KRW ARS NGN",
        "40000000": "COP",
        "150000000": "IDR IDRT BIDR",
        "250000000": "VND",
        "0.1": "BTC XBT WBTC",
        "3": "ETH WETH",
        "15": "BNB",
        "60": "SOL",
        "4000": "XRP",
        "2000": "DOT",
        "30000": "TRX",
    }.items()
    for currency in currencies.split()
}
_FALLBACK = Decimal(10_000)
_COIN_DECIMALS = 8
#: From this default balance on a hundredth of the currency is not worth showing.
_SMALL_UNIT = Decimal(1_000_000)


def quote_currency(pair: str) -> str:
    """Return the currency in which prices of `pair` are.

    Returns
    -------
    str
        What stands behind the slash.

    Examples
    --------
    >>> quote_currency("ETH/BTC")
    'BTC'
    """
    return pair.partition("/")[2]


def only_quote_currency(pairs: Iterable[str], field: str = "pairs") -> str:
    """Return the one currency that all `pairs` are quoted in: amounts of two currencies cannot be added up.

    Parameters
    ----------
    pairs
        Written BASE/QUOTE, at least one.
    field
        Where they stood.

    Raises
    ------
    BadInputError
        If they are quoted in several; it names the pairs of each.

    Examples
    --------
    >>> only_quote_currency(["BTC/EUR", "ETH/EUR"])
    'EUR'
    """
    listed = list(dict.fromkeys(pairs))
    found = dict.fromkeys(quote_currency(pair) for pair in listed)
    if len(found) > 1:
        raise BadInputError(field, "pairs quoted in one currency, for one account", in_words(listed))
    return next(iter(found))


def in_words(pairs: Iterable[str]) -> str:
    """Return `pairs` sorted by the currency they are quoted in.

    Returns
    -------
    str
        A phrase.

    Examples
    --------
    >>> in_words(["BTC/USD", "BTC/JPY", "ETH/USD"])
    'BTC/USD, ETH/USD in USD and BTC/JPY in JPY'
    """
    by_currency: dict[str, list[str]] = {}
    for pair in pairs:
        by_currency.setdefault(quote_currency(pair), []).append(pair)
    return " and ".join(f"{', '.join(own)} in {currency}" for currency, own in by_currency.items())


def default_balance(currency: str) -> Decimal:
    """Return what an account in `currency` begins with unless told otherwise.

    Returns
    -------
    Decimal
        About 10,000 US dollars; 10,000 of a currency that is not listed here.

    Examples
    --------
    >>> default_balance("EUR"), default_balance("JPY"), default_balance("BTC")
    (Decimal('10000'), Decimal('1500000'), Decimal('0.1'))
    """
    return DEFAULT_BALANCES.get(currency, _FALLBACK)


def shown_decimals(currency: str) -> int:
    """Return how many decimals of an amount are worth showing to a person.

    Returns
    -------
    int
        2 for most, 8 for a coin, none where the unit is small.

    Examples
    --------
    >>> shown_decimals("USD"), shown_decimals("BTC"), shown_decimals("JPY")
    (2, 8, 0)
    """
    usual = default_balance(currency)
    return 0 if usual >= _SMALL_UNIT else 2 if usual >= 1_000 else _COIN_DECIMALS
