"""How much is ordered."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from contracts.units import quantity_decimals


def quantity_for(quote: Decimal, price: Decimal) -> Decimal:
    """Return how much base currency `quote` buys at `price`, down to `contracts.units.quantity_decimals`."""
    return (quote / price).quantize(Decimal(1).scaleb(-quantity_decimals(price)), ROUND_DOWN)
