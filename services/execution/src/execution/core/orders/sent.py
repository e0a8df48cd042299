"""How often an order of a purpose was sent for a pair's last signal: no two of them have one id."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from contracts.order import Purpose
from contracts.values import dataclass
from execution.core.orders.ids import order_id


@dataclass(frozen=True, slots=True)
class Sent:
    """Of one pair.

    Attributes
    ----------
    signal_id
        Its last signal, or mark, that an order goes back to.
    times
        By purpose.
    """

    signal_id: str
    times: dict[Purpose, int] = field(default_factory=dict)

    def once_more(self, signal_id: str, purpose: Purpose) -> Sent:
        """Return what there is to know after another order."""
        times = self.times if signal_id == self.signal_id else {}
        return Sent(signal_id, {**times, purpose: times.get(purpose, 0) + 1})

    def next_id(self, signal_id: str, purpose: Purpose) -> str:
        """Return the id of another order: a function of signal, purpose and attempt."""
        before = self.times.get(purpose, 0) if signal_id == self.signal_id else 0
        return order_id(f"{signal_id}:{before + 1}" if before else signal_id, purpose)

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able data."""
        return {"signal_id": self.signal_id, "times": dict(self.times)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Sent:
        """Read what `to_json` wrote."""
        return cls(data["signal_id"], dict(data["times"]))
