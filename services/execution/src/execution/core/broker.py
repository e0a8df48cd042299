"""What execution asks of a broker; the core is handed one and imports none."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from contracts.order import OrderSide


class Broker(Protocol):
    """Prices market orders. A pure function of its arguments, or a replay would not give the same fills."""

    def price(self, side: OrderSide, reference_price: Decimal) -> Decimal:
        """Return the price an order fills at when the market shows `reference_price`."""

    def fee_quote(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Return the fee in quote currency."""
