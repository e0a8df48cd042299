"""Units and the one conversion between text, exact decimals and floats.

Prices and quantities travel as canonical decimal strings: plain notation, no exponent, no trailing zeros, no
plus sign, ``0`` for zero. One number has one spelling, so equal messages have equal bytes whether the venue
wrote ``97412.30000`` (REST) or ``97412.3`` (WebSocket).
"""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation
from functools import cache
from typing import Annotated

from pydantic import Field

from contracts.errors import BadInputError

US_PER_MS = 1_000
US_PER_SECOND = 1_000_000
MS_PER_SECOND = 1_000
MS_PER_MINUTE = 60_000
MS_PER_DAY = 86_400_000
BPS = Decimal("0.0001")

#: Room for sums of products of prices and quantities without rounding (SQL NUMERIC keeps 28 digits).
EXACT = Context(prec=60)

# Not \d, which in Python and in pydantic means the digits of every script.
DECIMAL_PATTERN = r"^(0|-?([1-9][0-9]*(\.[0-9]*[1-9])?|0\.[0-9]*[1-9]))$"
POSITIVE_DECIMAL_PATTERN = r"^([1-9][0-9]*(\.[0-9]*[1-9])?|0\.[0-9]*[1-9])$"
#: Longest price or quantity: the sums of products of such numbers keep all their digits in every service.
MAX_AMOUNT_CHARACTERS = 40
_ASSET = r"[a-z]{0,9}[A-Z0-9][A-Za-z0-9]{0,19}"
#: Names of assets are in capitals; a few have small letters among them, as in USDe/USD.
PAIR_PATTERN = rf"^{_ASSET}/{_ASSET}$"

#: What a person reads in an error where a pattern was not met.
PATTERN_MEANINGS = {
    DECIMAL_PATTERN: "a canonical decimal string such as '-12.5'",
    POSITIVE_DECIMAL_PATTERN: "a positive canonical decimal string such as '97412.3'",
    PAIR_PATTERN: "a pair written BASE/QUOTE, such as BTC/USD",
}

#: A price of 12 decimals times a quantity of 8 has 20: with 8 digits before the point it fits SQL's NUMERIC(28).
_PRICE_DECIMALS, _QUANTITY_DECIMALS = 12, 8
_LEAST_DIGITS = 8

DecimalString = Annotated[str, Field(pattern=DECIMAL_PATTERN)]
PositiveDecimalString = Annotated[str, Field(pattern=POSITIVE_DECIMAL_PATTERN)]
#: A price or quantity of a trade.
Amount = Annotated[PositiveDecimalString, Field(max_length=MAX_AMOUNT_CHARACTERS)]
#: When something happened at the venue, microseconds since 1970.
VenueTimeUs = Annotated[int, Field(ge=0)]
Pair = Annotated[str, Field(pattern=PAIR_PATTERN)]
FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]


def decimal_string(value: Decimal | int) -> str:
    """Return the canonical spelling of `value`.

    Returns
    -------
    str
        Without exponent, trailing zeros or a negative zero.

    Raises
    ------
    BadInputError
        If `value` is NaN or infinite.

    Examples
    --------
    >>> decimal_string(Decimal("97412.30000")), decimal_string(Decimal("5.1e-05")), decimal_string(Decimal("-0"))
    ('97412.3', '0.000051', '0')
    """
    text = str(value)
    if text[-1] != "0" and "." in text and "E" not in text:  # the usual case
        return text
    exact = value if type(value) is Decimal else Decimal(value)
    if not exact.is_finite():
        raise BadInputError("decimal", "a finite number", text)
    if "E" in text:
        text = format(exact, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def float_string(value: float) -> str:
    """Return the shortest decimal that is this float, in its canonical spelling: what a file of floats meant.

    Returns
    -------
    str
        As `decimal_string` writes it.

    Raises
    ------
    BadInputError
        If `value` is NaN or infinite.

    Examples
    --------
    >>> float_string(97412.30), float_string(1e-07), float_string(5.0)
    ('97412.3', '0.0000001', '5')
    """
    text = repr(value)
    if text[0].isdigit() and "e" not in text:  # the usual case, which needs no way round
        return text.removesuffix(".0")
    return decimal_string(Decimal(text))


def parse_decimal(text: str | int | Decimal, field: str = "decimal") -> Decimal:
    """Return `text` as an exact, finite decimal.

    Floats are refused: they have already lost digits.

    Returns
    -------
    Decimal
        With all its digits.

    Raises
    ------
    BadInputError
        If `text` is not a finite decimal number.
    """
    if isinstance(text, bool | float):
        raise BadInputError(field, "a decimal as text, not a float", text)
    try:
        value = Decimal(text)
    except (InvalidOperation, TypeError, ValueError) as error:
        raise BadInputError(field, "a decimal number", text) from error
    if not value.is_finite():
        raise BadInputError(field, "a finite decimal number", text)
    return value


def positive_decimal_string(text: str | int | Decimal, field: str) -> str:
    """Return the canonical spelling of a price or quantity.

    Returns
    -------
    str
        As `decimal_string` writes it.

    Raises
    ------
    BadInputError
        If `text` is not a decimal greater than zero, or has too many digits.

    Examples
    --------
    >>> positive_decimal_string("0.01250000", "qty")
    '0.0125'
    """
    value = parse_decimal(text, field)
    if value <= 0:
        raise BadInputError(field, "a positive decimal", str(text))
    canonical = decimal_string(value)
    if len(canonical) > MAX_AMOUNT_CHARACTERS:
        raise BadInputError(field, f"a positive decimal of at most {MAX_AMOUNT_CHARACTERS} characters", str(text))
    return canonical


def price_decimals(price: Decimal) -> int:
    """Return to how many decimals a price computed from `price` is rounded: 12, or more where `price` is tiny.

    Eight significant digits are kept at least, so a coin at 1e-11 loses no more to rounding than one at 1e-4.

    Returns
    -------
    int
        Decimals.

    Examples
    --------
    >>> price_decimals(Decimal("64250.1")), price_decimals(Decimal("0.00001234")), price_decimals(Decimal("1e-11"))
    (12, 12, 18)
    """
    return max(_PRICE_DECIMALS, _LEAST_DIGITS - 1 - price.adjusted())


def quantity_decimals(price: Decimal) -> int:
    """Return to how many decimals a quantity of what costs `price` is rounded: 8, or fewer where `price` is tiny.

    What has more decimals in its price is bought in large numbers and needs fewer here; their product has always 20.

    Returns
    -------
    int
        Decimals; negative for whole tens, hundreds and so on.

    Examples
    --------
    >>> quantity_decimals(Decimal("64250.1")), quantity_decimals(Decimal("1e-11"))
    (8, 2)
    """
    return _PRICE_DECIMALS + _QUANTITY_DECIMALS - price_decimals(price)


def price_step(price: Decimal) -> Decimal:
    """Return what a price computed from `price` is a multiple of: one at the last of its `price_decimals`.

    Returns
    -------
    Decimal
        A power of ten.
    """
    return _USUAL_STEP if price.adjusted() > _TINY_EXPONENT else _step(price_decimals(price))


def quantity_step(price: Decimal) -> Decimal:
    """Return what a quantity of what costs `price` is a multiple of: one at the last of its `quantity_decimals`.

    Returns
    -------
    Decimal
        A power of ten.
    """
    return _step(quantity_decimals(price))


@cache
def _step(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


#: Of a price of which 12 decimals are 8 digits or more, which is the usual case.
_TINY_EXPONENT = _LEAST_DIGITS - 2 - _PRICE_DECIMALS
_USUAL_STEP = _step(_PRICE_DECIMALS)


def to_float(text: str) -> float:
    """Convert an exact decimal string to the float that features and models work with.

    Returns
    -------
    float
        The nearest float; infinite if `text` is too large for one.
    """
    return float(text)
