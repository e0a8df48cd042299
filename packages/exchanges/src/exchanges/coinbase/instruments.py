"""What ``products`` says of orders; pure. It says nothing of fees, which are those of the account."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from contracts.errors import BadInputError
from contracts.instrument import Instrument
from exchanges import exact_json, fields
from exchanges.coinbase.products import product_of


def parse_instruments(text: str | bytes, pairs: Iterable[str]) -> dict[str, Instrument]:
    """Read an answer of ``products``: what orders of `pairs` are rounded to, of those that it lists."""
    answer = exact_json.loads(text)
    products = answer.get("products") if isinstance(answer, dict) else None
    if not isinstance(products, list):
        raise BadInputError("products", "a list of products", products)
    listed = {entry.get("product_id"): entry for entry in products if isinstance(entry, dict)}
    return {
        pair: _instrument(pair, listed[product_of(pair)]) for pair in sorted(set(pairs)) if product_of(pair) in listed
    }


def _instrument(pair: str, entry: dict[str, Any]) -> Instrument:
    def number(name: str) -> Decimal:
        return Decimal(fields.positive_number(entry.get(name), f"{product_of(pair)}.{name}"))

    return Instrument(
        exchange="coinbase",
        pair=pair,
        tick=number("price_increment"),
        lot=number("base_increment"),
        minimum_quantity=number("base_min_size"),
        minimum_cost=number("quote_min_size"),
    )
