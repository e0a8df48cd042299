"""What an account has done since its day began: what limits on activity look at."""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal
from typing import Any

from contracts.units import decimal_string
from contracts.values import dataclass

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Today:
    """Counted from the first minute of the trading day on.

    Attributes
    ----------
    entries
        How many buys were sent.
    stops
        How many positions a stop has sold.
    earned
        By pair, what was realised, fees taken off; quote currency.
    """

    entries: int = 0
    stops: int = 0
    earned: dict[str, Decimal] = field(default_factory=dict)

    def with_fill(self, pair: str, earned: Decimal, *, is_stop: bool) -> Today:
        """Return the day after a fill."""
        total = self.earned.get(pair, _ZERO) + earned
        return Today(self.entries, self.stops + is_stop, {**self.earned, pair: total})

    def with_entry(self) -> Today:
        """Return the day after a buy was sent."""
        return Today(self.entries + 1, self.stops, self.earned)

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able data."""
        earned = {pair: decimal_string(amount) for pair, amount in self.earned.items()}
        return {"entries": self.entries, "stops": self.stops, "earned": earned}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Today:
        """Read what `to_json` wrote."""
        earned = {pair: Decimal(amount) for pair, amount in data["earned"].items()}
        return cls(data["entries"], data["stops"], earned)
