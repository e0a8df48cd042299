"""Sums of prices and quantities that lose no digit, whatever the grouping."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from functools import partial
from operator import mul
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from contracts.units import decimal_string

#: Raises where a digit would be lost, instead of rounding. Amounts have at most `MAX_AMOUNT_CHARACTERS`: the largest
#: product of two has 80 digits before the point and the smallest 80 after it, and sums of such products fit.
EXACT_SUM = Context(prec=200, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])

#: Below so many trades the set-up of the columnar way costs more than it saves.
_FEW = 12
#: A decimal of at most 15 significant digits is recovered exactly from its double; one character is the point.
_MAX_SCALED_CHARACTERS = 16
_MAX_SCALED = 2.0**51
#: The fewest that do are taken: the smaller the integers, the more often their products fit 64 bits.
_DECIMALS = (2, 5, 8)
_MAX_INT64 = 2**63 - 1
#: The sides of a trade differ in their letters.
_BUY_LETTERS, _UNKNOWN_LETTERS = len("buy"), len("unknown")


class Sums(NamedTuple):
    """What a group of trades adds up to; canonical decimal strings.

    Attributes
    ----------
    high, low
        Highest and lowest price.
    volume
        Sum of quantities, in base currency.
    quote_volume
        Sum of price times quantity, in quote currency.
    taker_buy_volume
        Sum of the quantities whose taker bought; None where it is not known of every trade who took.
    """

    high: str
    low: str
    volume: str
    quote_volume: str
    taker_buy_volume: str | None


def sums_of_parts(prices: list[str], quantities: list[str], sides: list[str]) -> Callable[[int, int], Sums]:
    """Return the function that adds up trades given in columns: from one index to before another, at least one.

    It raises `decimal.Inexact` if a sum needs more than 200 digits.

    Examples
    --------
    >>> sums_of_parts(["100.5", "99", "7"], ["0.1", "2", "1"], ["buy", "sell", "sell"])(0, 2)
    Sums(high='100.5', low='99', volume='2.1', quote_volume='208.05', taker_buy_volume='0.1')
    """
    if len(prices) > _FEW:
        scaled_prices, scaled_quantities = _scale(prices), _scale(quantities)
        if scaled_prices is not None and scaled_quantities is not None:
            letters = np.frombuffer(bytes(map(len, sides)), np.uint8)
            return partial(_sum_scaled, prices, scaled_prices, scaled_quantities, letters)
    return lambda start, stop: _sum_decimals(prices[start:stop], quantities[start:stop], sides[start:stop])


def add(a: str, b: str) -> str:
    """Return the exact sum of two decimal strings."""
    return decimal_string(EXACT_SUM.add(Decimal(a), Decimal(b)))


def add_known(a: str | None, b: str | None) -> str | None:
    """Return the exact sum of two decimal strings; None if one of them is not known."""
    return None if a is None or b is None else add(a, b)


def _sum_decimals(prices: list[str], quantities: list[str], sides: list[str]) -> Sums:
    if len(prices) == 1:
        price, quantity = prices[0], quantities[0]
        quote = decimal_string(EXACT_SUM.multiply(Decimal(price), Decimal(quantity)))
        bought = {"buy": quantity, "sell": "0"}.get(sides[0])
        return Sums(price, price, quantity, quote, bought)
    exact_prices = [Decimal(price) for price in prices]
    volume = quote_volume = taker_buy_volume = Decimal(0)
    for exact_price, quantity, side in zip(exact_prices, quantities, sides, strict=True):
        exact_quantity = Decimal(quantity)
        volume = EXACT_SUM.add(volume, exact_quantity)
        quote_volume = EXACT_SUM.fma(exact_price, exact_quantity, quote_volume)
        if side == "buy":
            taker_buy_volume = EXACT_SUM.add(taker_buy_volume, exact_quantity)
    return Sums(
        decimal_string(max(exact_prices)),
        decimal_string(min(exact_prices)),
        decimal_string(volume),
        decimal_string(quote_volume),
        None if "unknown" in sides else decimal_string(taker_buy_volume),
    )


class _Scaled(NamedTuple):
    """Numbers as integers, ``value * 10**decimals``, none of them rounded."""

    integers: npt.NDArray[np.int64]
    decimals: int


def _scale(numbers: list[str]) -> _Scaled | None:
    """Return `numbers` as scaled integers, or None if doubles cannot carry them there exactly."""
    if max(map(len, numbers)) > _MAX_SCALED_CHARACTERS:
        return None
    doubles = np.fromiter(map(float, numbers), np.float64, len(numbers))
    for decimals in _DECIMALS:
        scaled = np.rint(doubles * 10.0**decimals)
        if scaled.max() >= _MAX_SCALED:
            return None
        # Correctly rounded division gives the number's own double back only if no decimal was cut off.
        if bool((scaled / 10.0**decimals == doubles).all()):
            return _Scaled(scaled.astype(np.int64), decimals)
    return None


def _sum_scaled(
    all_prices: list[str], price: _Scaled, quantity: _Scaled, letters: npt.NDArray[np.uint8], start: int, stop: int
) -> Sums:
    prices, quantities, count = price.integers[start:stop], quantity.integers[start:stop], stop - start
    sides = letters[start:stop]
    bought = quantities[sides == _BUY_LETTERS]
    highest, lowest = int(prices.argmax()), int(prices.argmin())
    largest = int(quantities.max())
    if largest * count <= _MAX_INT64:
        volume, taker_buy = int(quantities.sum()), int(bought.sum())
    else:
        volume, taker_buy = sum(quantities.tolist()), sum(bought.tolist())
    if int(prices[highest]) * largest * count <= _MAX_INT64:
        quote = int(prices.dot(quantities))
    else:  # Python's integers have no end
        quote = sum(map(mul, prices.tolist(), quantities.tolist()))
    return Sums(
        all_prices[start + highest],
        all_prices[start + lowest],
        _unscale(volume, quantity.decimals),
        _unscale(quote, price.decimals + quantity.decimals),
        None if int(sides.max()) == _UNKNOWN_LETTERS else _unscale(taker_buy, quantity.decimals),
    )


def _unscale(integer: int, decimals: int) -> str:
    return decimal_string(EXACT_SUM.scaleb(Decimal(integer), -decimals))
