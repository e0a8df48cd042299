"""A product is a pair with a dash."""

from __future__ import annotations

from typing import Any

from contracts.errors import BadInputError
from exchanges.pairs import is_pair


def product_of(pair: str) -> str:
    """Return Coinbase's name for `pair`.

    Examples
    --------
    >>> product_of("BTC/USD"), pair_of("BTC-USD")
    ('BTC-USD', 'BTC/USD')
    """
    return pair.replace("/", "-")


def pair_of(product: Any) -> str | None:
    """Return the pair that a spot product is; None for what is none, such as BTC-PERP-INTX."""
    if not isinstance(product, str) or "/" in product or not is_pair(pair := product.replace("-", "/")):
        return None
    return pair


def read_product(product: Any, field: str) -> str:
    """Return the pair of a product.

    Raises
    ------
    BadInputError
        If it is no spot product.
    """
    pair = pair_of(product)
    if pair is None:
        raise BadInputError(field, "a product such as BTC-USD", product)
    return pair
