"""Orders that have ended: a report of one may still come, again or late."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from contracts.state import State
from execution.core.orders.open_order import OpenOrder

ENDED = "ended"
#: Of each account. What is said of an order that ended before them is set aside, as that of a stranger.
KEPT = 400


class Archive:
    """The last `KEPT` ended orders of an account over its state, an entry each, so that the book stays small.

    They stand in a ring: the place of the oldest is taken by the newest.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def find(self, order_id: str) -> OpenOrder | None:
        """Return an order.

        Returns
        -------
        OpenOrder | None
            None if it is not there.
        """
        opened: OpenOrder | None = self._state.get(_key(order_id))
        return opened

    def keep(self, ended: Mapping[str, OpenOrder]) -> None:
        """Write what has ended, or has changed since."""
        count: int = self._state.get(ENDED, 0)
        for order_id, opened in ended.items():
            if self._state.get(_key(order_id)) is None:
                place = f"{ENDED}-place:{count % KEPT}"
                if (oldest := self._state.get(place)) is not None:
                    self._state.delete(_key(oldest))
                self._state.set(place, order_id)
                count += 1
            self._state.set(_key(order_id), opened)
        self._state.set(ENDED, count)


class ArchiveInMemory:
    """The same of an account that no store keeps, without a store's keys."""

    def __init__(self) -> None:
        self._orders: OrderedDict[str, OpenOrder] = OrderedDict()

    def find(self, order_id: str) -> OpenOrder | None:
        """Return an order.

        Returns
        -------
        OpenOrder | None
            None if it is not there.
        """
        return self._orders.get(order_id)

    def keep(self, ended: Mapping[str, OpenOrder]) -> None:
        """Take in what has ended, or has changed since."""
        orders = self._orders
        orders.update(ended)
        while len(orders) > KEPT:
            orders.popitem(last=False)


def _key(order_id: str) -> str:
    return f"{ENDED}:{order_id}"
