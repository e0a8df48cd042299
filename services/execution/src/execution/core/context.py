"""The trading context: everything the steps of one minute share."""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.account import Account
from contracts.message import Message
from contracts.order import Order
from execution.core.broker import Broker
from execution.core.minute import Minute
from execution.core.order_lifecycle import advance
from execution.core.policy import Policy
from execution.core.portfolio import OpenOrder, Portfolio


@dataclass(slots=True)
class Context:
    """One account during one minute. The steps change `portfolio` and append to `outputs`, in this order of time."""

    account: Account
    portfolio: Portfolio
    minute: Minute
    broker: Broker
    policy: Policy
    outputs: list[Message] = field(default_factory=list)

    def place(self, opened: OpenOrder) -> None:
        """Put an order in flight and say so."""
        self.portfolio.orders[opened.order.pair] = opened
        self.outputs.append(opened.order)

    def cancel(self, pair: str, reason: str, at_ms: int) -> None:
        """Take the order of `pair` out of flight and say so."""
        self.close(advance(self.portfolio.orders[pair].order, "CANCELLED", at_ms, reason))

    def close(self, ended: Order) -> None:
        """Forget the order of a pair, which has come to its end, and say so."""
        del self.portfolio.orders[ended.pair]
        self.outputs.append(ended)
