"""Rounding to the steps of an instrument, for sources whose floats carry noise: 0.00031099999999999997."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Context, Decimal, InvalidOperation

from contracts.errors import BadInputError
from contracts.units import decimal_string, positive_decimal_string

_EXACT = Context(prec=60)


@dataclass
class Steps:
    """What prices and quantities are rounded to; None leaves them as they are.

    Attributes
    ----------
    price, quantity
        Steps of the instrument.
    rounded
        How many values were changed so far.
    """

    price: Decimal | None = None
    quantity: Decimal | None = None
    rounded: int = field(default=0, compare=False)

    @classmethod
    def parse(cls, text: str) -> Steps:
        """Return the steps written ``PRICE,QUANTITY``.

        Returns
        -------
        Steps
            That have rounded nothing yet.

        Raises
        ------
        BadInputError
            If these are not two positive decimals.

        Examples
        --------
        >>> Steps.parse("0.01,0.00001").quantity
        Decimal('0.00001')
        """
        parts = [part.strip() for part in text.split(",")]
        if len(parts) != 2:
            raise BadInputError("steps", "PRICE,QUANTITY, such as 0.01,0.00001", text)
        price, quantity = (Decimal(positive_decimal_string(part, "steps")) for part in parts)
        return cls(price, quantity)

    @property
    def are_given(self) -> bool:
        """Whether anything is rounded."""
        return self.price is not None or self.quantity is not None

    def round(self, text: str, step: Decimal | None) -> str:
        """Round to a multiple of `step`, half to even.

        Returns
        -------
        str
            The rounded number; what is no number as it is.
        """
        if step is None:
            return text
        plain = text.partition(" (")[0]
        try:
            value = Decimal(plain)
            multiple = _EXACT.to_integral_value(_EXACT.divide(value, step))
        except InvalidOperation:
            return text
        if not multiple.is_finite():
            return text
        nearest = _EXACT.multiply(multiple, step)
        if nearest == value:
            return decimal_string(value)
        self.rounded += 1
        return decimal_string(nearest)
