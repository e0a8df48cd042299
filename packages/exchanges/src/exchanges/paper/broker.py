"""Pure pricing of market orders: slippage against the trader, and a taker fee."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal, localcontext

from contracts.errors import BadSettingError
from contracts.order import OrderSide
from contracts.units import BPS, EXACT, price_decimals

_WHOLE_BPS = Decimal(10_000)
FEE_STEP = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class PaperBroker:
    """Fill prices and fees of an imagined venue.

    Parameters
    ----------
    slippage_bps
        Basis points of the reference price that a market order loses: bought above it, sold below it.
    fee_bps
        Taker fee, basis points of the money that changes hands.

    Raises
    ------
    BadSettingError
        If one of them is not from 0 to below 10,000 basis points.

    Examples
    --------
    >>> broker = PaperBroker(slippage_bps=Decimal(2), fee_bps=Decimal(26))
    >>> broker.price("buy", Decimal(50_000)), broker.price("sell", Decimal(50_000))
    (Decimal('50010.000000000000'), Decimal('49990.000000000000'))
    >>> broker.fee_quote(Decimal("0.02"), Decimal(50_010))
    Decimal('2.60052000')
    """

    slippage_bps: Decimal = Decimal(2)
    fee_bps: Decimal = Decimal(26)

    def __post_init__(self) -> None:
        for field in ("slippage_bps", "fee_bps"):
            value = getattr(self, field)
            if not 0 <= value < _WHOLE_BPS:
                raise BadSettingError(field, "at least 0 and less than 10000 basis points", str(value))

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
