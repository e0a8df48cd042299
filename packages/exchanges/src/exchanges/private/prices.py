"""Prices as a venue takes them."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_UP, Decimal

from contracts.instrument import Instrument
from contracts.order import OrderSide
from contracts.units import decimal_string


def price_in_ticks(price: str | None, side: OrderSide, instrument: Instrument) -> str:
    """Return a price in ticks: a buy costs no more for it, a sell brings no less and its stop comes no later.

    Parameters
    ----------
    price
        Of an order.
    side
        Its side.
    instrument
        Whose ticks.

    Returns
    -------
    str
        A decimal, at least one tick.
    """
    rounding = ROUND_DOWN if side == "buy" else ROUND_UP
    return decimal_string(instrument.to_tick(Decimal(price or "0"), rounding))
