"""The last known price of a pair."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from contracts.units import decimal_string
from contracts.values import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """The last known price of a pair, and the signal that brought it."""

    close: Decimal
    marked_at_ms: int
    signal_id: str
    exchange: str
    model_name: str | None
    model_version: int | None

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able data."""
        return {
            "close": decimal_string(self.close),
            "marked_at_ms": self.marked_at_ms,
            "signal_id": self.signal_id,
            "exchange": self.exchange,
            "model_name": self.model_name,
            "model_version": self.model_version,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Mark:
        """Read what `to_json` wrote."""
        return cls(**{**data, "close": Decimal(data["close"])})
