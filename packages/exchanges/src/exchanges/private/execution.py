"""An execution as the venue has it: money changed hands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from contracts.order import OrderSide

FeeIn = Literal["quote", "base"]
VenueLiquidity = Literal["maker", "taker"]
#: How much of each currency an account has.
Balances = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class VenueExecution:
    """What a venue says of an execution.

    Parameters
    ----------
    execution_id
        The venue's, never given twice.
    venue_order_id, client_order_id
        Of which order; the second is None where the venue does not repeat it.
    pair, side
        Of what, and whether it was bought.
    quantity, price
        In base currency, and quote currency for each.
    fee, fee_in
        How much, and in which of the pair's two currencies.
    liquidity
        Whether it rested in the book or took from it.
    at_ms
        When, milliseconds since the epoch.
    fee_elsewhere
        What was taken in a third currency, such as ``0.0001 BNB``: no account of ours is in it, so `fee` is 0 then.
    """

    execution_id: str
    venue_order_id: str
    client_order_id: str | None
    pair: str
    side: OrderSide
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_in: FeeIn
    liquidity: VenueLiquidity
    at_ms: int
    fee_elsewhere: str | None = None


@dataclass(frozen=True, slots=True)
class ExecutionsPage:
    """Executions, the newest first, and how many there are in all.

    Parameters
    ----------
    executions
        Those of this page.
    count
        On all pages together.
    """

    executions: tuple[VenueExecution, ...]
    count: int
