"""What an account holds of a pair, and what it paid for it."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from contracts.units import decimal_string, price_step
from contracts.values import dataclass

#: A partial sale takes its share of the cost: the only division there is. Prices by quantities have as many decimals.
_COST_STEP = Decimal("1e-20")
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Holding:
    """An open position of one or many fills.

    The cost is kept and not the average price, which most sums of fills do not have exactly; so
    ``realised - change of cost = -quantity x price`` holds to the last digit whatever is rounded. A quantity below
    zero is owed: the reports of a buy and of the sale after it may change places.

    Parameters
    ----------
    quantity
        Base currency.
    cost_quote
        What was paid for it; of its sign.
    realised_quote, fees_quote
        Of the position so far.
    """

    quantity: Decimal = _ZERO
    cost_quote: Decimal = _ZERO
    realised_quote: Decimal = _ZERO
    fees_quote: Decimal = _ZERO

    @property
    def average_price(self) -> Decimal:
        """The cost of one, rounded to `contracts.units.price_decimals`; 0 of nothing."""
        if not self.quantity:
            return _ZERO
        exact = self.cost_quote / self.quantity
        return exact.quantize(price_step(exact), ROUND_HALF_EVEN) if exact else _ZERO

    def traded(self, change: Decimal, price: Decimal, fee_quote: Decimal) -> Holding:
        """Return the position after a fill.

        Parameters
        ----------
        change
            Of its quantity, base currency; below zero of a sale.
        price, fee_quote
            For one, and of all of it.

        Returns
        -------
        Holding
            A new one.
        """
        if self.quantity * change >= 0:
            closed = realised = released = _ZERO
        else:
            closed = max(change, -self.quantity) if change < 0 else min(change, -self.quantity)
            released = self._share(closed)
            realised = -closed * price - released
        return Holding(
            self.quantity + change,
            self.cost_quote - released + (change - closed) * price,
            self.realised_quote + realised,
            self.fees_quote + fee_quote,
        )

    def _share(self, closed: Decimal) -> Decimal:
        if closed == -self.quantity:
            return self.cost_quote
        return (self.cost_quote * -closed / self.quantity).quantize(_COST_STEP, ROUND_HALF_EVEN)

    def to_json(self) -> dict[str, str]:
        """Return JSON-able data.

        Returns
        -------
        dict[str, str]
            Decimals as text.
        """
        return {name: decimal_string(getattr(self, name)) for name in self.__slots__}

    @classmethod
    def from_json(cls, data: dict[str, str]) -> Holding:
        """Read what `to_json` wrote, also that of a version that kept the price of the one fill there was.

        Returns
        -------
        Holding
            An equal one.
        """
        numbers = {name: Decimal(number) for name, number in data.items()}
        if (price := numbers.pop("average_price", None)) is not None:
            numbers["cost_quote"] = numbers["quantity"] * price
        return cls(**numbers)
