"""The edge between objects and JSON: the fold keeps objects, a store keeps JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.candle_mark import CandleMark
from contracts.signal import Signal
from contracts.state import State
from execution.core.account.portfolio import Portfolio
from execution.core.minute.pending import PENDING
from execution.core.orders.archive import ENDED
from execution.core.orders.open_order import OpenOrder

BOOK = "book"


@dataclass(slots=True)
class Remembered:
    """An account's portfolio as this process wrote it last, and the JSON that it became."""

    saved: Any = None
    portfolio: Portfolio | None = None


class JsonEdge:
    """A state of JSON, seen as one of objects.

    Parameters
    ----------
    state
        The account's.
    remembered
        What was written last: where the store still holds just that, it is not read anew.
    """

    def __init__(self, state: State, remembered: Remembered | None = None) -> None:
        self._state = state
        self._remembered = remembered or Remembered()

    def get(self, key: str, default: Any = None) -> Any:
        """Return the object under `key`, or `default`."""
        saved = self._state.get(key)
        if saved is None:
            return default
        if key == BOOK:
            last = self._remembered
            return last.portfolio if saved == last.saved else Portfolio.from_json(saved)
        if key.startswith(PENDING):
            kind = CandleMark if saved.get("type") == CandleMark.model_fields["type"].default else Signal
            return kind.model_validate(saved)
        return OpenOrder.from_json(saved) if key.startswith(ENDED) and isinstance(saved, dict) else saved

    def set(self, key: str, value: Any) -> None:
        """Keep `value` under `key`."""
        if isinstance(value, Portfolio):
            saved = value.to_json()
            self._remembered.saved, self._remembered.portfolio = saved, value
            self._state.set(key, saved)
        elif isinstance(value, Signal | CandleMark):
            self._state.set(key, value.model_dump())
        else:
            self._state.set(key, value.to_json() if isinstance(value, OpenOrder) else value)

    def delete(self, key: str) -> None:
        """Forget `key`."""
        self._state.delete(key)
