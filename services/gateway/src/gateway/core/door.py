"""The last door before the venue: what passes it after an operator's command, however far execution lags."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contracts.operator_command import OperatorAction
from contracts.order import Order

HALTED = "halted"
REDUCE_ONLY = "reduce_only"


def _protects(order: Order) -> bool:
    return order.side == "sell" and order.purpose == "protect"


def _sells(order: Order) -> bool:
    return order.side == "sell"


#: Command -> what may be sent all the same, and what is said of the rest. Stops of what is held stay what they are.
_PASSES: Mapping[OperatorAction, tuple[Callable[[Order], bool], str]] = {
    "halt": (_protects, HALTED),
    "flatten": (_sells, HALTED),
    "reduce_only": (_sells, REDUCE_ONLY),
}


def refused_at_door(order: Order, command: OperatorAction | None) -> str | None:
    """Return why an order must not be sent after the account's last command; None if it may be."""
    passes, reason = _PASSES.get(command or "resume", (None, ""))
    return None if passes is None or passes(order) else reason
