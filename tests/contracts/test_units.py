"""One number has one spelling, and nothing is lost on the way."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import BadInputError
from contracts.units import (
    DECIMAL_PATTERN,
    POSITIVE_DECIMAL_PATTERN,
    decimal_string,
    float_string,
    parse_decimal,
    positive_decimal_string,
)

decimals = st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**15), max_value=10**15)


@given(decimals)
@settings(derandomize=True, max_examples=500)
def test_canonical_spelling_keeps_the_value_and_is_unique(value: Decimal) -> None:
    text = decimal_string(value)
    assert Decimal(text) == value
    assert re.match(DECIMAL_PATTERN, text)
    assert decimal_string(Decimal(text + ("0" if "." in text else ".000"))) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(derandomize=True, max_examples=500)
def test_a_float_is_spelt_as_its_shortest_decimal(value: float) -> None:
    assert float_string(value) == decimal_string(Decimal(repr(value)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_has_no_spelling(value: float) -> None:
    with pytest.raises(BadInputError, match="a finite number"):
        float_string(value)


@given(decimals.filter(lambda value: value > 0))
@settings(derandomize=True, max_examples=300)
def test_positive_spelling_matches_its_pattern(value: Decimal) -> None:
    assert re.match(POSITIVE_DECIMAL_PATTERN, positive_decimal_string(value, "price"))


@pytest.mark.parametrize(
    ("written", "canonical"),
    [("97412.30000", "97412.3"), ("5.1e-05", "0.000051"), ("-0.0", "0"), ("1E+3", "1000"), ("00012.50", "12.5")],
)
def test_the_spellings_of_venues_agree(written: str, canonical: str) -> None:
    assert decimal_string(parse_decimal(written)) == canonical


@pytest.mark.parametrize("bad", ["", "abc", "1,5", "NaN", "Infinity", "-inf", 1.5, True, None])
def test_what_is_not_an_exact_decimal_is_refused(bad: object) -> None:
    with pytest.raises(BadInputError, match="price: expected"):
        parse_decimal(bad, "price")  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", ["0", "-1", "-0.5", "0.000"])
def test_prices_and_quantities_are_positive(bad: str) -> None:
    with pytest.raises(BadInputError, match="price: expected a positive decimal"):
        positive_decimal_string(bad, "price")


@pytest.mark.parametrize(
    ("longest", "text"),
    [("1" * 40, "1" * 41), ("1e39", "1e40"), ("1e-38", "1e-39"), ("0." + "1" * 38, "0." + "1" * 39)],
)
def test_a_number_with_too_many_digits_is_refused(longest: str, text: str) -> None:
    assert len(positive_decimal_string(longest, "price")) == 40
    with pytest.raises(BadInputError, match="price: expected a positive decimal of at most 40 characters"):
        positive_decimal_string(text, "price")
