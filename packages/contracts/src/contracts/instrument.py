"""What a venue allows of a pair: the steps of prices and quantities, the smallest order, the fees."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from contracts.currency import default_balance, quote_currency
from contracts.units import Pair, price_decimals

_STEP = Decimal("0.00000001")
#: Below it prices have more decimals, `contracts.units.price_decimals`.
_TINY = Decimal("0.00001")
#: What the smallest order costs, as a share of what an account begins with by default: 0.5, 1 and 5 US dollars.
_LEAST_SHARES: Mapping[str, Decimal] = {
    "kraken": Decimal("0.00005"),
    "coinbase": Decimal("0.0001"),
    "binance": Decimal("0.0005"),
}
#: Of a venue that is not listed: the strictest would refuse what others take.
_LEAST_SHARE = Decimal("0.00005")


class Instrument(BaseModel):
    """One pair at one venue.

    Attributes
    ----------
    exchange, pair
        Where, and of what.
    tick
        Prices of orders are whole multiples of it, quote currency.
    lot
        Quantities of orders are whole multiples of it, base currency.
    minimum_quantity, minimum_cost
        The smallest order, in base and in quote currency.
    taker_bps, maker_bps
        Its fees, basis points; None: as everywhere.

    Examples
    --------
    >>> bitcoin = default_instrument("kraken", "BTC/USD")
    >>> bitcoin.rounded(Decimal("0.123456789")), bitcoin.minimum_cost
    (Decimal('0.12345678'), Decimal('0.50000'))
    >>> bitcoin.is_below_minimum(Decimal("0.00000002"), Decimal(100_000))
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    exchange: str = Field(min_length=1)
    pair: Pair
    tick: Decimal = Field(default=_STEP, gt=0)
    lot: Decimal = Field(default=_STEP, gt=0)
    minimum_quantity: Decimal = Field(default=_STEP, ge=0)
    minimum_cost: Decimal = Field(default=Decimal(0), ge=0)
    taker_bps: Decimal | None = Field(default=None, ge=0, lt=10_000)
    maker_bps: Decimal | None = Field(default=None, gt=-10_000, lt=10_000)

    def rounded(self, quantity: Decimal) -> Decimal:
        """Return `quantity` down to whole lots.

        Returns
        -------
        Decimal
            Zero if it is less than one.
        """
        return (quantity / self.lot).to_integral_value(ROUND_DOWN) * self.lot

    def to_tick(self, price: Decimal, rounding: str = ROUND_DOWN) -> Decimal:
        """Return `price` to a whole number of ticks.

        Parameters
        ----------
        price
            In quote currency.
        rounding
            One of `decimal`'s, down unless given.

        Returns
        -------
        Decimal
            At least one tick.
        """
        # What is assumed of a pair that nothing is known of would be too coarse for a tiny price.
        tick = min(_STEP, Decimal(1).scaleb(-price_decimals(price))) if price < _TINY else _STEP
        tick = self.tick if self.tick != _STEP else tick
        return max((price / tick).to_integral_value(rounding), Decimal(1)) * tick

    def is_below_minimum(self, quantity: Decimal, price: Decimal) -> bool:
        """Return whether the venue would refuse an order of `quantity` for its size.

        Returns
        -------
        bool
            True if it is too little, or costs too little at `price`.
        """
        return quantity < self.minimum_quantity or quantity * price < self.minimum_cost


@cache
def default_instrument(exchange: str, pair: str) -> Instrument:
    """Return what is assumed of a pair that nothing else is known of.

    Returns
    -------
    Instrument
        Eight decimals, and the smallest order that the venue takes in the pair's currency, roughly.
    """
    least = _LEAST_SHARES.get(exchange, _LEAST_SHARE) * default_balance(quote_currency(pair))
    return Instrument(exchange=exchange, pair=pair, minimum_cost=least)
