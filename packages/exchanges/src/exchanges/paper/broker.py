"""A pure broker: orders and the market to reports, and what a market order costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal, localcontext
from typing import Any, ClassVar

from contracts.errors import BadSettingError
from contracts.fees import MAKER_FEE_BPS, TAKER_FEE_BPS
from contracts.instrument import Instrument, default_instrument
from contracts.mark import MarkedWindow
from contracts.order import Order, OrderSide
from contracts.order_report import Execution, OrderReport
from contracts.trusted import made
from contracts.units import BPS, EXACT, decimal_string, price_step
from contracts.wakes import ALWAYS, Wakes
from exchanges.paper.touch import COLLAR, TOUCHES, Liquidity, Refused, Touched

INSUFFICIENT_FUNDS = "insufficient_funds"
FEE_STEP = Decimal("1e-8")
_ZERO = Decimal(0)
_WHOLE_BPS = Decimal(10_000)
_PERCENT = Decimal("0.01")


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
    maker_fee_bps
        Fee of a limit that rested.
    latency_bars
        Bars that an order takes to arrive; one that rests at the venue from the entry on needs none.
    maximum_volume_pct
        Percent of a bar's volume that one order is filled with at most; what is left waits for the next bar.

    Raises
    ------
    BadSettingError
        If a cost is not from 0 to below 10,000 basis points, or the share of the volume not above 0 and at most 100.

    Examples
    --------
    >>> broker = PaperBroker(slippage_bps=Decimal(2), fee_bps=Decimal(40))
    >>> broker.price("buy", Decimal(50_000)), broker.price("sell", Decimal(50_000))
    (Decimal('50010.000000000000'), Decimal('49990.000000000000'))
    >>> broker.fee_quote(Decimal("0.02"), Decimal(50_010))
    Decimal('4.00080000')
    """

    answers_later: ClassVar[bool] = False

    slippage_bps: Decimal = Decimal(2)
    fee_bps: Decimal = TAKER_FEE_BPS
    instruments: Mapping[tuple[str, str], Instrument] = field(default_factory=dict)
    maker_fee_bps: Decimal = MAKER_FEE_BPS
    latency_bars: int = 0
    maximum_volume_pct: Decimal = Decimal(10)

    def __post_init__(self) -> None:
        for name in ("slippage_bps", "fee_bps"):
            value = getattr(self, name)
            if not 0 <= value < _WHOLE_BPS:
                raise BadSettingError(name, "at least 0 and less than 10000 basis points", str(value))
        if not -_WHOLE_BPS < self.maker_fee_bps < _WHOLE_BPS:
            expected = "above -10000 and less than 10000 basis points"
            raise BadSettingError("maker_fee_bps", expected, str(self.maker_fee_bps))
        if self.latency_bars < 0:
            raise BadSettingError("latency_bars", "at least 0", str(self.latency_bars))
        if not 0 < self.maximum_volume_pct <= 1 / _PERCENT:
            raise BadSettingError("maximum_volume_pct", "above 0 and at most 100", str(self.maximum_volume_pct))

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
        factor = EXACT.fma(self.slippage_bps if buying else -self.slippage_bps, BPS, 1)
        price = EXACT.multiply(reference_price, factor)
        return price.quantize(price_step(price), ROUND_UP if buying else ROUND_DOWN, EXACT)

    def fee_quote(
        self,
        quantity: Decimal,
        price: Decimal,
        liquidity: Liquidity = "taker",
        instrument: Instrument | None = None,
    ) -> Decimal:
        """Return the fee in quote currency, to 8 decimals, halves to even.

        Parameters
        ----------
        quantity, price
            Of an execution.
        liquidity
            Whether it took what was in the book, or rested there.
        instrument
            What the pair's fees are, where it says so; else they are the broker's.

        Returns
        -------
        Decimal
            In quote currency.
        """
        taken = liquidity == "taker"
        of_pair = None if instrument is None else instrument.taker_bps if taken else instrument.maker_bps
        usual = self.fee_bps if taken else self.maker_fee_bps
        share = EXACT.multiply(usual if of_pair is None else of_pair, BPS)
        fee = EXACT.multiply(EXACT.multiply(quantity, price), share)
        return fee.quantize(FEE_STEP, ROUND_HALF_EVEN, EXACT)

    def taken_at(self, order: Order, mark: MarkedWindow) -> tuple[Decimal, Liquidity] | None:
        """Return the price at which a candle fills `order`; volume, collar, cash and expiry are not looked at.

        Parameters
        ----------
        order
            As it is when the candle begins.
        mark
            The candle of its pair.

        Returns
        -------
        tuple[Decimal, Liquidity] | None
            What is paid or received for one, and whether a taker does; None where the candle does not fill it.
        """
        touched = TOUCHES[order.order_type](order, mark, self._wait_ms(order, mark) == 0)
        return (self._price(order, touched), touched.liquidity) if isinstance(touched, Touched) else None

    def reports(
        self, orders: Iterable[Order], marks: Mapping[str, MarkedWindow], window_end_ms: int, cash: Decimal
    ) -> list[OrderReport]:
        """Return what becomes of `orders` in a minute: filled, in part or whole, refused, or over.

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
            At most two of each order: a fill, and the end of what it has left.
        """
        found = []
        for order in orders:
            reports, paid = self._reports(order, marks.get(order.pair), window_end_ms, cash)
            cash = EXACT.subtract(cash, paid)
            found += reports
        return found

    def wakes(self, order: Order) -> Wakes:
        """Return when `reports` may have something to say of an order in flight.

        Returns
        -------
        Wakes
            Where a bar reaches the levels of one that rests on what is held; every bar for others, which can be
            filled, refused or over on the next, as the rest of a stop can.
        """
        if order.order_type not in ("stop", "target", "bracket") or order.is_set_off:
            return ALWAYS
        stop, target = order.stop_price, order.limit_price
        return Wakes(
            low_at_most={} if stop is None else {order.pair: Decimal(stop)},
            high_at_least={} if target is None else {order.pair: Decimal(target)},
        )

    def cancel(self, order: Order, at_ms: int) -> list[OrderReport]:
        """Return the answer to the wish that `order` be cancelled: it is, at once.

        Returns
        -------
        list[OrderReport]
            One.
        """
        return [_report(order, at_ms, kind="CANCELLED", reason=order.cancel_reason)]

    def _reports(
        self, order: Order, mark: MarkedWindow | None, window_end_ms: int, cash: Decimal
    ) -> tuple[list[OrderReport], Decimal]:
        """Return what becomes of an order in a minute, and what it costs."""
        found, paid = list[OrderReport](), _ZERO
        if mark is not None and (wait_ms := self._wait_ms(order, mark)) is not None:
            touched = TOUCHES[order.order_type](order, mark, wait_ms == 0)
            if isinstance(touched, Refused):
                return [_refused(order, mark, touched.reason)], _ZERO
            if touched is not None:
                report, paid = self._fill(order, mark, touched, cash)
                found += [] if report is None else [report]
                if report is not None and (report.execution is None or _is_whole(order, report.execution)):
                    return found, paid
            if order.time_in_force == "IOC":
                return [*found, _report(order, mark.window_start_ms, kind="EXPIRED")], paid
        if order.expires_at_ms is not None and window_end_ms >= order.expires_at_ms:
            # The next candle starts too late, so nothing is gained by waiting until it comes.
            return [*found, _report(order, order.expires_at_ms, kind="EXPIRED")], paid
        return found, paid

    def _wait_ms(self, order: Order, mark: MarkedWindow) -> int | None:
        """Return for how long an order has been at the venue when a candle begins; None if it is not, or no more."""
        start_ms = mark.window_start_ms
        if order.purpose == "protect":
            return 0  # it came with the entry
        wait_ms = start_ms - order.decided_at_ms - self.latency_bars * (mark.window_end_ms - start_ms)
        in_time = order.expires_at_ms is None or start_ms < order.expires_at_ms
        return wait_ms if wait_ms >= 0 and in_time else None

    def _fill(
        self, order: Order, mark: MarkedWindow, touched: Touched, cash: Decimal
    ) -> tuple[OrderReport | None, Decimal]:
        """Return the fill of what there is to trade, or why there is none; None where the bar has nothing left."""
        instrument, buys = self.instrument(order.exchange, order.pair), order.side == "buy"
        price = self._price(order, touched)
        collar = order.collar_price
        if collar is not None and (price > Decimal(collar) if buys else price < Decimal(collar)):
            return _refused(order, mark, COLLAR), _ZERO
        quantity = self._available(order, mark, instrument)
        if quantity <= 0:
            return None, _ZERO
        fee = self.fee_quote(quantity, price, touched.liquidity, instrument)
        value = EXACT.multiply(quantity, price)
        paid = EXACT.add(value if buys else -value, fee)
        if buys and paid > cash:
            return _refused(order, mark, INSUFFICIENT_FUNDS), _ZERO
        execution = made(
            Execution,
            # A fill is a step of its order, so later ones have numbers that no other has.
            execution_id="1" if Decimal(order.filled_quantity) == 0 else str(order.step),
            quantity=decimal_string(quantity),
            price=decimal_string(price),
            fee=decimal_string(fee),
            reference_price=decimal_string(touched.price),
        )
        return _report(order, mark.window_start_ms, kind="FILL", execution=execution, reason=touched.reason), paid

    def _price(self, order: Order, touched: Touched) -> Decimal:
        """Return what an order is filled at: a taker's price slips."""
        if touched.liquidity == "maker":
            return touched.price
        price = self.price(order.side, touched.price)
        if touched.worst is None:
            return price
        return min(price, touched.worst) if order.side == "buy" else max(price, touched.worst)

    def _available(self, order: Order, mark: MarkedWindow, instrument: Instrument) -> Decimal:
        """Return how much of what an order has left a bar fills: at most a share of its volume, in whole lots."""
        left = EXACT.subtract(Decimal(order.quantity), Decimal(order.filled_quantity))
        if mark.mark_volume is None:
            return left  # written before marks had a volume: nothing is known that could bind
        share = EXACT.multiply(EXACT.multiply(Decimal(mark.mark_volume), self.maximum_volume_pct), _PERCENT)
        if left <= share:
            return left
        with localcontext(EXACT):
            return instrument.rounded(share)


def _is_whole(order: Order, execution: Execution) -> bool:
    return EXACT.add(Decimal(order.filled_quantity), Decimal(execution.quantity)) >= Decimal(order.quantity)


def _refused(order: Order, mark: MarkedWindow, reason: str) -> OrderReport:
    """Return the end of an order that the venue does not take; of one that it has filled in part, of the rest."""
    kind = "REJECTED" if Decimal(order.filled_quantity) == 0 else "CANCELLED"
    return _report(order, mark.window_start_ms, kind=kind, reason=reason)


def _report(order: Order, at_ms: int, **what: Any) -> OrderReport:
    return made(
        OrderReport,
        account=order.account,
        exchange=order.exchange,
        pair=order.pair,
        order_id=order.order_id,
        reported_at_ms=at_ms,
        **what,
    )
