"""A real venue, as far as an account can know it before it answers: what orders are expected to cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from contracts.mark import MarkedWindow
from contracts.order import Order
from contracts.order_report import OrderReport
from contracts.wakes import ALWAYS, Wakes
from exchanges.paper import PaperBroker


@dataclass(frozen=True, slots=True)
class VenueBroker(PaperBroker):
    """Expects the prices and fees of paper, and says nothing of what becomes of orders: that is reported later.

    Examples
    --------
    >>> broker = VenueBroker(slippage_bps=Decimal(2), fee_bps=Decimal(40))
    >>> broker.answers_later, broker.reports([], {}, 0, Decimal(0))
    (True, [])
    """

    answers_later: ClassVar[bool] = True

    def reports(
        self,
        orders: Iterable[Order],
        marks: Mapping[str, MarkedWindow],
        window_end_ms: int,
        cash: Decimal,
    ) -> list[OrderReport]:
        """Return nothing: what becomes of orders comes as events.

        Returns
        -------
        list[OrderReport]
            Empty.
        """
        return []

    def cancel(self, order: Order, at_ms: int) -> list[OrderReport]:
        """Return nothing: the wish is on the order, and the venue's answer comes as an event.

        Returns
        -------
        list[OrderReport]
            Empty.
        """
        return []

    def wakes(self, order: Order) -> Wakes:
        """Return that anything may happen at any time.

        Returns
        -------
        Wakes
            Every bar.
        """
        return ALWAYS
