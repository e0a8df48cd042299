"""What execution asks of a broker; the core is handed one and imports none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Protocol

from contracts.instrument import Instrument
from contracts.order import Order, OrderSide
from contracts.order_report import OrderReport
from contracts.signal import Signal


class Broker(Protocol):
    """Turns orders and the market into reports; the account moves money on nothing else.

    A pure function of its arguments, or a replay would not give the same fills. Of a venue that answers in its own
    time, `reports` and `cancel` say nothing: its reports come as events.
    """

    def instrument(self, exchange: str, pair: str) -> Instrument:
        """Return the steps and minima of a pair's orders."""

    def price(self, side: OrderSide, reference_price: Decimal) -> Decimal:
        """Return the price an order is expected to fill at when the market shows `reference_price`."""

    def fee_quote(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Return the fee that is expected, in quote currency."""

    def reports(
        self, orders: Iterable[Order], marks: Mapping[str, Signal], window_end_ms: int, cash: Decimal
    ) -> list[OrderReport]:
        """Return what becomes of orders in flight in a minute."""

    def cancel(self, order: Order, at_ms: int) -> list[OrderReport]:
        """Return the answer to the wish that an order be cancelled, where it is known at once."""
