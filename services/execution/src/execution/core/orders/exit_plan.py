"""When a position ends whatever its strategy's target says: `strategies.Exits`, as the entry's signal brought it."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any

from contracts.signal import Signal
from contracts.values import dataclass


@dataclass(frozen=True, slots=True)
class ExitPlan:
    """Percent of the price it was entered at; of the best price since, for `trailing_pct`.

    Attributes
    ----------
    stop_pct, target_pct, trailing_pct
        Where a loss is cut, a gain taken, and how far a stop follows.
    maximum_bars
        After how many bars it is sold at the market.
    """

    stop_pct: Decimal | None = None
    target_pct: Decimal | None = None
    trailing_pct: Decimal | None = None
    maximum_bars: int | None = None

    @classmethod
    def of(cls, signal: Signal) -> ExitPlan | None:
        """Return the plan of a signal, None if it has none."""
        levels = (signal.stop_pct, signal.target_pct, signal.trailing_pct)
        if signal.maximum_bars is None and levels == (None, None, None):
            return None
        stop, target, trailing = map(exact, levels)
        return cls(stop, target, trailing, signal.maximum_bars)

    @property
    def has_levels(self) -> bool:
        """Whether an order rests on what is held."""
        return (self.stop_pct, self.target_pct, self.trailing_pct) != (None, None, None)

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able data: what is set."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value if isinstance(value, int) else str(value) for name, value in values.items() if value}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ExitPlan:
        """Read what `to_json` wrote."""
        values: dict[str, Any] = {
            name: value if isinstance(value, int) else Decimal(value) for name, value in data.items()
        }
        return cls(**values)


def exact(percent: float | None) -> Decimal | None:
    """Return the number as it was written, not what the float is."""
    return None if percent is None else Decimal(str(percent))
