"""An order that is in flight, or has just ended, with what is remembered of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from contracts.order import Order
from contracts.units import decimal_string
from contracts.values import dataclass
from execution.core.orders.exit_plan import ExitPlan


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order and what execution must remember of it.

    `reserved_quote` is the money that what is left of a buy is expected to take, `executions` the ids of what was
    booked of it, `plan` when the position that it opens ends.
    """

    order: Order
    reserved_quote: Decimal
    model_name: str | None
    model_version: int | None
    executions: tuple[str, ...] = ()
    plan: ExitPlan | None = None

    def after(self, order: Order) -> OpenOrder:
        """Return what is remembered after a step of the order that is no fill."""
        return OpenOrder(order, self.reserved_quote, self.model_name, self.model_version, self.executions, self.plan)

    def filled(self, order: Order, execution_id: str, reserved_quote: Decimal) -> OpenOrder:
        """Return what is remembered after a fill, with the money that what is left is expected to take."""
        executions = (*self.executions, execution_id)
        return OpenOrder(order, reserved_quote, self.model_name, self.model_version, executions, self.plan)

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able data."""
        return {
            "order": self.order.model_dump(),
            "reserved_quote": decimal_string(self.reserved_quote),
            "model_name": self.model_name,
            "model_version": self.model_version,
            "executions": list(self.executions),
            "plan": None if self.plan is None else self.plan.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> OpenOrder:
        """Read what `to_json` wrote, also that of versions whose orders lacked an expiry or a purpose."""
        order = {"expires_at_ms": data.get("expires_at_ms"), **data["order"]}
        order.setdefault("purpose", "flatten" if order["expires_at_ms"] is None else "decision")
        return cls(
            Order.model_validate(order),
            Decimal(data["reserved_quote"]),
            data["model_name"],
            data["model_version"],
            tuple(data.get("executions", ())),
            None if data.get("plan") is None else ExitPlan.from_json(data["plan"]),
        )
