"""A stop that rests at the venue: it gives way to what sells its pair, and moves by being placed anew.

The venue holds what a resting stop may sell, so that nothing else can sell it, and has no pair of orders of which one
ends the other.
"""

from __future__ import annotations

from contracts.order import Order
from gateway.core.state import EVERYTHING, State
from gateway.core.tracked import Tracked

#: Why a sell is not sent: the stop has sold meanwhile, so that less is held than it wants to sell.
STOP_REACHED = "stop_reached"
#: Why a stop is taken away: something else is to sell, or it is to rest at another price.
GIVES_WAY, MOVED = "gives_way", "moved"


def has_to_wait(state: State, order: Order) -> bool:
    """Return whether an order has to wait for others of its account and pair: a sell for stops, a stop for sells."""
    if order.side == "buy":
        return False
    phases = ("SENT", "UNKNOWN", "OPEN")
    if _is_stop(order):
        return any(not _is_stop(each.order) for each in _sells(state, order, ("WAITING", *phases)))
    return any(_is_stop(each.order) for each in _sells(state, order, phases))


def why_taken_away(state: State, tracked: Tracked) -> str | None:
    """Return why a stop that rests is to go, None if it may stay."""
    order = tracked.order
    if not _is_stop(order):
        return None
    if tracked.sent_stop_price != order.stop_price:
        return MOVED
    if not state.trusted or order.pair in state.troubles or EVERYTHING in state.troubles:
        return None  # the sell would not be sent yet either
    return GIVES_WAY if any(not _is_stop(each.order) for each in _sells(state, order, ("WAITING",))) else None


def is_overtaken(state: State, order: Order) -> bool:
    """Return whether a stop has sold of the pair since `order` was decided, which knows nothing of it."""
    if order.side == "buy" or _is_stop(order):
        return False
    stops = [each for each in _sells(state, order, ("ENDED",)) if _is_stop(each.order) and each.filled]
    return any(each.ended_ms is not None and each.ended_ms >= order.decided_at_ms for each in stops)


def _is_stop(order: Order) -> bool:
    return order.purpose == "protect"


def _sells(state: State, order: Order, phases: tuple[str, ...]) -> list[Tracked]:
    return [
        each
        for each in state.orders.values()
        if each.phase in phases
        and each.order.order_id != order.order_id
        and (each.order.account, each.order.pair, each.order.side) == (order.account, order.pair, "sell")
    ]
