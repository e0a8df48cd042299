"""What execution asks of a broker; the core is handed one and imports none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import ClassVar, Literal, Protocol

from contracts.instrument import Instrument
from contracts.mark import MarkedWindow
from contracts.order import Order, OrderSide
from contracts.order_report import OrderReport


class Broker(Protocol):
    """Turns orders and the market into reports; the account moves money on nothing else.

    A pure function of its arguments, or a replay would not give the same fills. Of a venue that answers in its own
    time (`answers_later`), `reports` and `cancel` say nothing: its reports come as events. What rests there on a
    position has set it aside: it must be gone before the position can be sold by another order.

    One that has ``wakes(order) -> contracts.wakes.Wakes`` says when it may have something to report of an order in
    flight; without it an account with orders in flight is awake on every bar of a backtest.
    """

    answers_later: ClassVar[bool]

    def instrument(self, exchange: str, pair: str) -> Instrument:
        """Return the steps and minima of a pair's orders.

        Returns
        -------
        Instrument
            Of the pair at the venue.
        """

    def price(self, side: OrderSide, reference_price: Decimal) -> Decimal:
        """Return the price an order is expected to fill at when the market shows `reference_price`.

        Returns
        -------
        Decimal
            Quote currency.
        """

    def fee_quote(
        self,
        quantity: Decimal,
        price: Decimal,
        liquidity: Literal["taker", "maker"] = "taker",
        instrument: Instrument | None = None,
    ) -> Decimal:
        """Return the fee that is expected, in quote currency.

        Parameters
        ----------
        quantity, price
            Of an execution.
        liquidity
            Whether it takes what is in the book, or rests there.
        instrument
            Of the pair, which may have fees of its own.

        Returns
        -------
        Decimal
            Quote currency.
        """

    def reports(
        self, orders: Iterable[Order], marks: Mapping[str, MarkedWindow], window_end_ms: int, cash: Decimal
    ) -> list[OrderReport]:
        """Return what becomes of orders in flight in a minute.

        Parameters
        ----------
        orders
            In flight, in the order in which they are to be served.
        marks
            The minute's candles, by pair.
        window_end_ms
            Where the minute ends.
        cash
            What the account has, in quote currency.

        Returns
        -------
        list[OrderReport]
            Empty where they come later.
        """

    def cancel(self, order: Order, at_ms: int) -> list[OrderReport]:
        """Return the answer to the wish that an order be cancelled, where it is known at once.

        Returns
        -------
        list[OrderReport]
            Empty where it comes later.
        """
