"""Trades in columns, as the cores pass them on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from contracts.trade_frame import TradeFrame


class Rows(NamedTuple):
    """Columns of equal length; trade ids strictly increase."""

    trade_ids: list[int]
    timestamps_us: list[int]
    prices: list[str]
    quantities: list[str]
    sides: list[str]

    @classmethod
    def of(cls, frame: TradeFrame) -> Rows:
        """Return the trades of `frame`."""
        return cls(frame.trade_ids, frame.timestamps_us, frame.prices, frame.quantities, list[str](frame.sides))

    def then(self, later: Rows) -> Rows:
        """Return these trades and after them `later`."""
        return Rows(
            self.trade_ids + later.trade_ids,
            self.timestamps_us + later.timestamps_us,
            self.prices + later.prices,
            self.quantities + later.quantities,
            self.sides + later.sides,
        )

    def take(self, indices: Sequence[int]) -> Rows:
        """Return the trades at `indices`, in that order."""
        return Rows(
            [self.trade_ids[index] for index in indices],
            [self.timestamps_us[index] for index in indices],
            [self.prices[index] for index in indices],
            [self.quantities[index] for index in indices],
            [self.sides[index] for index in indices],
        )

    def part(self, start: int, stop: int) -> Rows:
        """Return the trades from `start` to before `stop`."""
        return Rows(
            self.trade_ids[start:stop],
            self.timestamps_us[start:stop],
            self.prices[start:stop],
            self.quantities[start:stop],
            self.sides[start:stop],
        )


def is_sorted(numbers: list[int]) -> bool:
    """Whether no number is less than the one before it."""
    return numbers == sorted(numbers)
