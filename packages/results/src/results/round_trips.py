"""Positions from their opening to their end: what each brought, and how long it was held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from contracts.fill import Fill


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A position that was opened and closed.

    Attributes
    ----------
    pair
        Of what.
    opened_at_ms, closed_at_ms
        Event times of its first and last fill.
    profit_quote
        Realised, the fees of all its fills taken off.
    """

    pair: str
    opened_at_ms: int
    closed_at_ms: int
    profit_quote: Decimal


@dataclass(slots=True)
class _Open:
    opened_at_ms: int
    quantity: Decimal = Decimal(0)
    profit_quote: Decimal = Decimal(0)


def round_trips(fills: Iterable[Fill]) -> list[RoundTrip]:
    """Return the positions of one account that were closed, in the order of their ends.

    A position lasts from the first buy of a pair that is not held until nothing of it is held any more, however
    many fills that takes.

    Parameters
    ----------
    fills
        In order of time.

    Returns
    -------
    list[RoundTrip]
        Without what is still held.
    """
    positions: dict[str, _Open] = {}
    closed: list[RoundTrip] = []
    for fill in fills:
        position = positions.setdefault(fill.pair, _Open(fill.filled_at_ms))
        quantity = Decimal(fill.quantity)
        position.quantity += (quantity if fill.side == "buy" else -quantity) - Decimal(fill.fee_base)
        position.profit_quote += Decimal(fill.realised_pnl_quote) - Decimal(fill.fee_quote)
        if fill.side == "sell" and position.quantity <= 0:
            del positions[fill.pair]
            closed.append(RoundTrip(fill.pair, position.opened_at_ms, fill.filled_at_ms, position.profit_quote))
    return closed
