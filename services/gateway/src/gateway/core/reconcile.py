"""What the venue has against what we think: what does not agree does not trade."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from exchanges.private.execution import Balances
from exchanges.private.order import VenueOrder
from gateway.core.policy import ForeignPolicy
from gateway.core.state import EVERYTHING


def foreign_orders(orders: Iterable[VenueOrder], ours: Collection[str]) -> list[VenueOrder]:
    """Return the open orders at the venue that are none of ours."""
    last = {order.venue_order_id: order for order in orders}
    return [order for order in last.values() if not order.has_ended and order.client_order_id not in ours]


def in_words(order: VenueOrder) -> str:
    """Return what to say of an order that is none of ours."""
    name = "without a name" if order.client_order_id is None else f"called {order.client_order_id}"
    return (
        f"the venue has an open order {order.venue_order_id} {name} that is none of ours: "
        f"{order.side} {order.quantity} {order.pair}"
    )


def foreign_troubles(foreign: Iterable[VenueOrder], policy: ForeignPolicy) -> dict[str, str]:
    """Return what does not trade for the sake of such orders: everything, or nothing if they are only reported."""
    first = next(iter(foreign), None)
    return {EVERYTHING: in_words(first)} if first is not None and policy == "refuse" else {}


def set_aside(foreign: Iterable[VenueOrder], policy: ForeignPolicy) -> dict[str, Decimal]:
    """Return how much of each currency orders that are none of ours may sell, where that is looked at."""
    aside: dict[str, Decimal] = {}
    for order in foreign:
        if policy == "respect" and order.side == "sell":
            base = order.pair.partition("/")[0]
            aside[base] = aside.get(base, Decimal(0)) + order.quantity - order.filled
    return aside


def missing_balances(
    held: Mapping[str, Decimal], balances: Balances, moving: Collection[str], aside: Mapping[str, Decimal]
) -> dict[str, str]:
    """Return the pairs of which the venue has less than our accounts think they hold.

    Parameters
    ----------
    held
        By pair, over all accounts.
    balances
        What the venue has, by currency.
    moving
        Pairs with orders in flight, which change both sides meanwhile.
    aside
        By currency, what orders that are none of ours may sell.
    """
    bases: dict[str, Decimal] = {}
    for pair, quantity in held.items():
        base = pair.partition("/")[0]
        bases[base] = bases.get(base, Decimal(0)) + quantity
    busy = {pair.partition("/")[0] for pair in moving}
    free = {base: balances.get(base, Decimal(0)) - aside.get(base, Decimal(0)) for base in bases}
    short = {base for base, quantity in bases.items() if base not in busy and free[base] < quantity}
    return {
        pair: f"the accounts hold {bases[base]} {base}, the venue has {balances.get(base, Decimal(0))}"
        + (f", of which orders that are none of ours may sell {aside[base]}" if base in aside else "")
        for pair in held
        if (base := pair.partition("/")[0]) in short
    }
