"""Rounding of what can be bought."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

QUANTITY_STEP = Decimal("1e-8")


def quantity_for(quote: Decimal, price: Decimal) -> Decimal:
    """Return how much base currency `quote` buys at `price`, down to 8 decimals."""
    return (quote / price).quantize(QUANTITY_STEP, ROUND_DOWN)
