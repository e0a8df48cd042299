"""Sums of prices and quantities that lose no digit, whatever the grouping."""

from __future__ import annotations

from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from operator import mul
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from contracts.units import decimal_string

#: Raises where a digit would be lost, instead of rounding.
EXACT_SUM = Context(prec=200, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])

#: Of numbers up to this long the largest product has 80 digits before the point and the smallest 80 after it: all
#: sums of such products fit into the context above.
MAX_CHARACTERS = 40

#: Below so many trades the set-up of the columnar way costs more than it saves.
_FEW = 12
#: A decimal of at most 15 significant digits is recovered exactly from its double; one character is the point.
_MAX_SCALED_CHARACTERS = 16
_MAX_SCALED = 2.0**51
#: The fewest that do are taken: the smaller the integers, the more often their products fit 64 bits.
_DECIMALS = (2, 5, 8)
_MAX_INT64 = 2**63 - 1
_BUY = "buy"


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
        Sum of the quantities whose taker bought.
    """

    high: str
    low: str
    volume: str
    quote_volume: str
    taker_buy_volume: str


def sum_trades(prices: list[str], quantities: list[str], sides: list[str]) -> Sums:
    """Return the exact sums over trades given in columns, at least one.

    Raises
    ------
    decimal.Inexact
        If a sum needs more than 200 digits.

    Examples
    --------
    >>> sum_trades(["100.5", "99"], ["0.1", "2"], ["buy", "sell"])
    Sums(high='100.5', low='99', volume='2.1', quote_volume='208.05', taker_buy_volume='0.1')
    """
    if len(prices) > _FEW:
        scaled_prices, scaled_quantities = _scale(prices), _scale(quantities)
        if scaled_prices is not None and scaled_quantities is not None:
            return _sum_scaled(prices, scaled_prices, scaled_quantities, sides)
    return _sum_decimals(prices, quantities, sides)


def add(a: str, b: str) -> str:
    """Return the exact sum of two decimal strings."""
    return decimal_string(EXACT_SUM.add(Decimal(a), Decimal(b)))


def _sum_decimals(prices: list[str], quantities: list[str], sides: list[str]) -> Sums:
    if len(prices) == 1:
        price, quantity = prices[0], quantities[0]
        quote = decimal_string(EXACT_SUM.multiply(Decimal(price), Decimal(quantity)))
        return Sums(price, price, quantity, quote, quantity if sides[0] == "buy" else "0")
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
        decimal_string(taker_buy_volume),
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


def _sum_scaled(prices: list[str], price: _Scaled, quantity: _Scaled, sides: list[str]) -> Sums:
    count = len(sides)
    bought = np.fromiter(map(_BUY.__eq__, sides), np.bool_, count)
    highest, lowest = int(price.integers.argmax()), int(price.integers.argmin())
    largest = int(quantity.integers.max())
    if largest * count <= _MAX_INT64:
        volume, taker_buy = int(quantity.integers.sum()), int(quantity.integers[bought].sum())
    else:
        volume, taker_buy = sum(quantity.integers.tolist()), sum(quantity.integers[bought].tolist())
    if int(price.integers[highest]) * largest * count <= _MAX_INT64:
        quote = int(price.integers.dot(quantity.integers))
    else:  # Python's integers have no end
        quote = sum(map(mul, price.integers.tolist(), quantity.integers.tolist()))
    return Sums(
        prices[highest],
        prices[lowest],
        _unscale(volume, quantity.decimals),
        _unscale(quote, price.decimals + quantity.decimals),
        _unscale(taker_buy, quantity.decimals),
    )


def _unscale(integer: int, decimals: int) -> str:
    return decimal_string(EXACT_SUM.scaleb(Decimal(integer), -decimals))
