"""The paper broker made like a venue, in one respect more at a time: when it fills, at what price, for what fee."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any, ClassVar, Literal

from backtest.divergence.lives import Executed, Life
from contracts.instrument import Instrument
from contracts.mark import MarkedWindow
from contracts.order import Order, OrderSide
from contracts.order_report import Execution, OrderReport
from contracts.units import EXACT, decimal_string
from contracts.wakes import ALWAYS, Wakes
from exchanges.paper import PaperBroker
from exchanges.paper.broker import FEE_STEP
from exchanges.paper.touch import Liquidity

#: What is taken from the venue, each with all before it.
Likeness = Literal["timing", "price", "fee"]
LIKENESSES: tuple[Likeness, ...] = ("timing", "price", "fee")
_ZERO = Decimal(0)
_TAKER: Liquidity = "taker"


@dataclass
class Likened:
    """Fills what the venue filled when the venue did, each order whole; all else as paper.

    An order that only one of both has filled is left to paper: it is no late or dear fill, but none.

    Parameters
    ----------
    paper
        What it is like otherwise.
    venue
        By order id, those that both have filled, as the venue did.
    like
        In what it is like the venue: in this and in what comes before it in `LIKENESSES`.
    """

    answers_later: ClassVar[bool] = False

    paper: PaperBroker
    venue: Mapping[str, Life]
    like: Likeness
    _told: dict[str, int] = field(default_factory=dict)

    def instrument(self, exchange: str, pair: str) -> Instrument:
        """Return the steps and minima of a pair's orders, those of paper.

        Returns
        -------
        Instrument
            Of the pair.
        """
        return self.paper.instrument(exchange, pair)

    def price(self, side: OrderSide, reference_price: Decimal) -> Decimal:
        """Return what an order is expected to cost, as on paper.

        Returns
        -------
        Decimal
            Quote currency.
        """
        return self.paper.price(side, reference_price)

    def fee_quote(
        self, quantity: Decimal, price: Decimal, liquidity: Liquidity = "taker", instrument: Instrument | None = None
    ) -> Decimal:
        """Return the fee that is expected, as on paper.

        Returns
        -------
        Decimal
            Quote currency.
        """
        return self.paper.fee_quote(quantity, price, liquidity, instrument)

    def cancel(self, order: Order, at_ms: int) -> list[OrderReport]:
        """Return the answer to the wish that an order be cancelled, at once as on paper.

        Returns
        -------
        list[OrderReport]
            One.
        """
        return self.paper.cancel(order, at_ms)

    def wakes(self, order: Order) -> Wakes:
        """Return when it may have something to report: of what the venue filled on every bar.

        Returns
        -------
        Wakes
            Those of paper for other orders.
        """
        return ALWAYS if order.order_id in self.venue else self.paper.wakes(order)

    def reports(
        self, orders: Iterable[Order], marks: Mapping[str, MarkedWindow], window_end_ms: int, cash: Decimal
    ) -> list[OrderReport]:
        """Return what becomes of orders in a minute.

        Returns
        -------
        list[OrderReport]
            Of the venue's executions until its end, and of paper.
        """
        found: list[OrderReport] = []
        for order in orders:
            if (life := self.venue.get(order.order_id)) is None:
                told = self.paper.reports([order], marks, window_end_ms, cash)
            else:
                told = list(self._as_at_venue(order, life, marks.get(order.pair), window_end_ms))
            cash -= sum((_paid(order, each) for each in told), _ZERO)
            found += told
        return found

    def _as_at_venue(
        self, order: Order, life: Life, mark: MarkedWindow | None, window_end_ms: int
    ) -> Iterable[OrderReport]:
        begin = self._told.get(order.order_id, 0)
        due = [each for each in life.executions[begin:] if each.fill.filled_at_ms < window_end_ms]
        self._told[order.order_id] = begin + len(due)
        left = Decimal(order.quantity) - Decimal(order.filled_quantity)
        for number, each in enumerate(due, begin + 1):
            is_last = number == len(life.executions)
            quantity = left if is_last else min(left, self._quantity(order, life, each))
            left -= quantity
            if quantity > 0:
                yield self._fill(order, each, quantity, mark)

    def _quantity(self, order: Order, life: Life, executed: Executed) -> Decimal:
        """Return the same share of the order as it was of what the venue executed, in whole lots."""
        whole = sum((each.quantity for each in life.executions), _ZERO)
        if whole == Decimal(order.quantity):
            return executed.quantity
        share = Decimal(order.quantity) * executed.quantity / whole
        return self.instrument(order.exchange, order.pair).rounded(share)

    def _fill(self, order: Order, executed: Executed, quantity: Decimal, mark: MarkedWindow | None) -> OrderReport:
        taken = None if mark is None else self.paper.taken_at(order, mark)
        price, liquidity = taken or (executed.price, _TAKER)
        if self.like != "timing":
            price = executed.price
        return OrderReport(
            account=order.account,
            exchange=order.exchange,
            pair=order.pair,
            order_id=order.order_id,
            kind="FILL",
            reported_at_ms=executed.fill.filled_at_ms,
            execution=Execution(
                execution_id=executed.fill.execution_id,
                quantity=decimal_string(quantity),
                price=decimal_string(price),
                **self._fee(order, executed, quantity, price, liquidity),
            ),
        )

    def _fee(
        self, order: Order, executed: Executed, quantity: Decimal, price: Decimal, liquidity: Liquidity
    ) -> dict[str, Any]:
        if self.like != "fee":
            instrument = self.instrument(order.exchange, order.pair)
            return {"fee": decimal_string(self.paper.fee_quote(quantity, price, liquidity, instrument))}
        base, quote = Decimal(executed.fill.fee_base), Decimal(executed.fill.fee_quote)
        fee = base or quote
        if quantity != executed.quantity:
            with localcontext(EXACT):
                fee = (fee * quantity / executed.quantity).quantize(FEE_STEP, ROUND_HALF_EVEN)
        return {"fee": decimal_string(fee), "fee_in": "base" if base else "quote"}


def _paid(order: Order, report: OrderReport) -> Decimal:
    if report.execution is None:
        return _ZERO
    value = Decimal(report.execution.quantity) * Decimal(report.execution.price)
    fee = Decimal(report.execution.fee) if report.execution.fee_in == "quote" else _ZERO
    return fee + (value if order.side == "buy" else -value)
