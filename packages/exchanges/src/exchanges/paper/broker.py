"""A pure broker: orders and the market to reports, and what a market order costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal, localcontext
from typing import Any

from contracts.errors import BadSettingError
from contracts.fees import TAKER_FEE_BPS
from contracts.instrument import Instrument, default_instrument
from contracts.mark import MarkedWindow
from contracts.order import Order, OrderSide
from contracts.order_report import Execution, OrderReport
from contracts.units import BPS, EXACT, decimal_string, price_decimals
from contracts.wakes import ALWAYS, Wakes

INSUFFICIENT_FUNDS = "insufficient_funds"
FEE_STEP = Decimal("1e-8")
_WHOLE_BPS = Decimal(10_000)
#: A market order is filled at once and whole.
_EXECUTION_ID = "1"


@dataclass(frozen=True, slots=True)
class PaperBroker:
    """Fills of an imagined venue. It remembers nothing: what an order needs stands on it.

    Parameters
    ----------
    slippage_bps
        Basis points of the reference price that a market order loses: bought above it, sold below it.
    fee_bps
        Taker fee, basis points of the money that changes hands.
    instruments
        What is known of pairs, by exchange and pair; the others have `contracts.instrument.default_instrument`.

    Raises
    ------
    BadSettingError
        If a cost is not from 0 to below 10,000 basis points.

    Examples
    --------
    >>> broker = PaperBroker(slippage_bps=Decimal(2), fee_bps=Decimal(40))
    >>> broker.price("buy", Decimal(50_000)), broker.price("sell", Decimal(50_000))
    (Decimal('50010.000000000000'), Decimal('49990.000000000000'))
    >>> broker.fee_quote(Decimal("0.02"), Decimal(50_010))
    Decimal('4.00080000')
    """

    slippage_bps: Decimal = Decimal(2)
    fee_bps: Decimal = TAKER_FEE_BPS
    instruments: Mapping[tuple[str, str], Instrument] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("slippage_bps", "fee_bps"):
            value = getattr(self, name)
            if not 0 <= value < _WHOLE_BPS:
                raise BadSettingError(name, "at least 0 and less than 10000 basis points", str(value))

    def instrument(self, exchange: str, pair: str) -> Instrument:
        """Return what orders of `pair` are rounded to.

        Returns
        -------
        Instrument
            The one given, else the default.
        """
        return self.instruments.get((exchange, pair)) or default_instrument(exchange, pair)

    def price(self, side: OrderSide, reference_price: Decimal) -> Decimal:
        """Return the price paid or received, rounded against the trader, to `contracts.units.price_decimals`.

        Returns
        -------
        Decimal
            In quote currency.
        """
        buying = side == "buy"
        with localcontext(EXACT):
            factor = 1 + (self.slippage_bps if buying else -self.slippage_bps) * BPS
            price = reference_price * factor
            step = Decimal(1).scaleb(-price_decimals(price))
            return price.quantize(step, ROUND_UP if buying else ROUND_DOWN)

    def fee_quote(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Return the fee in quote currency, to 8 decimals, halves to even.

        Returns
        -------
        Decimal
            In quote currency.
        """
        with localcontext(EXACT):
            return (quantity * price * self.fee_bps * BPS).quantize(FEE_STEP, ROUND_HALF_EVEN)

    def reports(
        self, orders: Iterable[Order], marks: Mapping[str, MarkedWindow], window_end_ms: int, cash: Decimal
    ) -> list[OrderReport]:
        """Return what becomes of `orders` in a minute: filled at its first trades, or over before one came.

        Parameters
        ----------
        orders
            In flight, in the order in which they are to be served.
        marks
            The minute's candles, by pair.
        window_end_ms
            Where the minute ends.
        cash
            What the account has, in quote currency: what costs more is refused.

        Returns
        -------
        list[OrderReport]
            At most one of each order.
        """
        found = []
        for order in orders:
            mark = marks.get(order.pair)
            if mark is not None and _fills_at_open(mark, order):
                report, paid = self._fill(order, mark, cash)
                cash = EXACT.subtract(cash, paid)
                found.append(report)
            elif order.expires_at_ms is not None and window_end_ms >= order.expires_at_ms:
                # The next candle starts too late, so nothing is gained by waiting until it comes.
                found.append(_report(order, order.expires_at_ms, kind="EXPIRED"))
        return found

    def wakes(self, _order: Order) -> Wakes:
        """Return when `reports` may have something to say of an order in flight: on the next bar with a trade.

        Returns
        -------
        Wakes
            Every bar, as an order that can still be filled or expire ends on one of the next.
        """
        return ALWAYS

    def cancel(self, order: Order, at_ms: int) -> list[OrderReport]:
        """Return the answer to the wish that `order` be cancelled: it is, at once.

        Returns
        -------
        list[OrderReport]
            One.
        """
        return [_report(order, at_ms, kind="CANCELLED", reason=order.cancel_reason)]

    def _fill(self, order: Order, mark: MarkedWindow, cash: Decimal) -> tuple[OrderReport, Decimal]:
        at_ms, quantity = mark.window_start_ms, Decimal(order.quantity)
        price = self.price(order.side, Decimal(mark.mark_open))
        fee = self.fee_quote(quantity, price)
        value = EXACT.multiply(quantity, price)
        paid = EXACT.add(value if order.side == "buy" else -value, fee)
        if order.side == "buy" and paid > cash:
            return _report(order, at_ms, kind="REJECTED", reason=INSUFFICIENT_FUNDS), Decimal(0)
        execution = Execution(
            execution_id=_EXECUTION_ID,
            quantity=order.quantity,
            price=decimal_string(price),
            fee=decimal_string(fee),
            reference_price=mark.mark_open,
        )
        return _report(order, at_ms, kind="FILL", execution=execution), paid


def _fills_at_open(mark: MarkedWindow, order: Order) -> bool:
    # The open of a gap candle need not be the first trade after the decision: nobody knows what was before it.
    honest = mark.mark_trade_count > 0 and mark.mark_quality != "gap"
    return honest and (order.expires_at_ms is None or mark.window_start_ms < order.expires_at_ms)


def _report(order: Order, at_ms: int, **what: Any) -> OrderReport:
    return OrderReport(
        account=order.account,
        exchange=order.exchange,
        pair=order.pair,
        order_id=order.order_id,
        reported_at_ms=at_ms,
        **what,
    )
