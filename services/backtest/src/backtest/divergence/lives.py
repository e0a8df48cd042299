"""What became of each order of an outcome: how it began and ended, and what was executed of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from contracts.fill import Fill
from contracts.message import Message
from contracts.order import Order


@dataclass(frozen=True, slots=True)
class Executed:
    """A part of an order changed hands.

    Attributes
    ----------
    order
        As it was just before.
    fill
        What it came to.
    """

    order: Order
    fill: Fill

    @property
    def quantity(self) -> Decimal:
        """How much, in base currency."""
        return Decimal(self.fill.quantity)

    @property
    def price(self) -> Decimal:
        """What one cost, in quote currency."""
        return Decimal(self.fill.price)


@dataclass(frozen=True, slots=True)
class Life:
    """An order from beginning to end.

    Attributes
    ----------
    first, last
        Its first and its last step.
    executions
        In the order in which they became known.
    """

    first: Order
    last: Order
    executions: tuple[Executed, ...] = ()

    @property
    def share_filled(self) -> Decimal:
        """How much of it was executed, from 0 to 1."""
        return Decimal(self.last.filled_quantity) / Decimal(self.last.quantity)


def lives_of(messages: Iterable[Message]) -> dict[str, Life]:
    """Return what became of each order, by its id, in the order in which they began.

    Parameters
    ----------
    messages
        Orders and fills of an account, in the order in which they came about.

    Returns
    -------
    dict[str, Life]
        One for each order.
    """
    found: dict[str, Life] = {}
    before: dict[str, Order] = {}
    for message in messages:
        if isinstance(message, Order):
            known = found.get(message.order_id)
            before[message.order_id] = message if known is None else known.last
            found[message.order_id] = Life(message, message) if known is None else replace(known, last=message)
        elif isinstance(message, Fill):
            life = found[message.order_id]
            executed = Executed(before[message.order_id], message)
            found[message.order_id] = replace(life, executions=(*life.executions, executed))
    return found
