"""What watches over a position: its exit plan, and the order that rests on what is held."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal
from typing import Any

from contracts.instrument import Instrument
from contracts.order import OrderType
from contracts.units import decimal_string
from contracts.values import dataclass
from execution.core.orders.exit_plan import ExitPlan
from execution.core.orders.open_order import OpenOrder

_WHOLE = Decimal(100)


@dataclass(frozen=True, slots=True)
class Guard:
    """Of one pair.

    Attributes
    ----------
    plan
        When the position ends.
    entry
        The order that opened it: what rests on it goes back to the same decision.
    since_ms
        When it was opened, event time.
    best
        The highest price since; of a bar that it was open in to its end.
    attempts
        How many orders have rested on it so far; it is in their ids.
    opened
        The one that does now.
    """

    plan: ExitPlan
    entry: OpenOrder
    since_ms: int
    best: Decimal
    attempts: int = 0
    opened: OpenOrder | None = None

    def stop(self, entered_at: Decimal, instrument: Instrument) -> Decimal | None:
        """Return where a loss is cut: the higher of stop and trailing stop, up to a whole tick."""
        plan = self.plan
        below = [
            price * (1 - percent / _WHOLE)
            for price, percent in ((entered_at, plan.stop_pct), (self.best, plan.trailing_pct))
            if percent is not None
        ]
        return instrument.to_tick(max(below), ROUND_UP) if below else None

    def target(self, entered_at: Decimal, instrument: Instrument) -> Decimal | None:
        """Return where a gain is taken, up to a whole tick."""
        percent = self.plan.target_pct
        return None if percent is None else instrument.to_tick(entered_at * (1 + percent / _WHOLE), ROUND_UP)

    @property
    def order_type(self) -> OrderType:
        """What rests on it."""
        if self.plan.target_pct is None:
            return "stop"
        return "target" if self.plan.stop_pct is None and self.plan.trailing_pct is None else "bracket"

    def ends_ms(self, bar_ms: int) -> int | None:
        """Return from which time on it is to be sold at the market."""
        bars = self.plan.maximum_bars
        return None if bars is None else self.since_ms + bars * bar_ms

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able data."""
        return {
            "plan": self.plan.to_json(),
            "entry": self.entry.to_json(),
            "since_ms": self.since_ms,
            "best": decimal_string(self.best),
            "attempts": self.attempts,
            "opened": None if self.opened is None else self.opened.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Guard:
        """Read what `to_json` wrote."""
        return cls(
            ExitPlan.from_json(data["plan"]),
            OpenOrder.from_json(data["entry"]),
            data["since_ms"],
            Decimal(data["best"]),
            data["attempts"],
            None if data["opened"] is None else OpenOrder.from_json(data["opened"]),
        )
