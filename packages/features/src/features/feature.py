"""One feature: a name, a formula, and what a reader must know of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from features.expressions import Column, Expression, Given, Reach, Talib, nodes

Unit = Literal["quote", "base", "ratio", "0..100", "-100..0", "-1..1", "0..1", "sigma", "level", "count"]

#: Python nests its own calls about six times as deep when a formula is compiled or printed.
_DEEPEST = 120
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Feature:
    """One feature.

    Parameters
    ----------
    name
        Column name, everywhere.
    formula
        What it is computed from.
    unit
        Unit of the value: ``quote`` and ``base`` scale with prices and volumes, all others do not.
    description
        What it says, in a line.
    source
        Where the formula is published.
    timeframe_s
        Length in seconds of the longer bars the formula is evaluated on, folded from the row's own; the value is that
        of the last such bar that has closed. None: on the row's own bars.

    Raises
    ------
    ValueError
        If the name is not one for a column, the unit not known, the formula too deep, or that of a longer timeframe
        recursive or of values that come with the row's own bar.
    """

    name: str
    formula: Expression
    unit: Unit
    description: str
    source: str
    timeframe_s: int | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"name: expected lower_snake_case, was {self.name!r}")
        if self.unit not in get_args(Unit):
            raise ValueError(f"{self.name}: expected a unit of {', '.join(get_args(Unit))}, was {self.unit!r}")
        if self.timeframe_s is not None and self.timeframe_s <= 0:
            raise ValueError(f"{self.name}: expected a timeframe of at least a second, was {self.timeframe_s}")
        if self.formula.depth > _DEEPEST:
            raise ValueError(f"{self.name}: expected at most {_DEEPEST} nested operations, was {self.formula.depth}")
        if self.timeframe_s is not None and self.reach.anchored:
            # An hourly Wilder average would need twelve days of minutes before it could be served.
            raise ValueError(f"{self.name}: expected a formula of a window on a longer timeframe, was {self.formula}")
        if self.timeframe_s is not None and self.given:
            raise ValueError(f"{self.name}: expected columns of bars on a longer timeframe, was {self.formula}")

    @property
    def reach(self) -> Reach:
        """How much of the past the formula needs, in bars of its timeframe."""
        return self.formula.reach

    @property
    def memory(self) -> Literal["finite", "anchored"]:
        """``finite``: a function of the last bars exactly; ``anchored``: also of those since and before an anchor."""
        return "anchored" if self.reach.anchored else "finite"

    @property
    def columns(self) -> frozenset[str]:
        """The columns of the bar it is computed from."""
        return frozenset(_columns(self.formula))

    @property
    def given(self) -> frozenset[str]:
        """The names of the values it is computed from that come with the bar."""
        return frozenset(node.name for node in nodes(self.formula) if isinstance(node, Given))

    def bars(self, interval_s: int = 60) -> int:
        """Return how many of the row's bars it needs: what of the past a restart must bring back.

        Returns
        -------
        int
            Bars of `interval_s`.
        """
        window, anchored, held, _ = self.reach
        if self.timeframe_s is not None:
            longer = max(self.timeframe_s // interval_s, 1)
            return (window + 1) * longer - 1
        return max(window, anchored + held)


def _columns(formula: Expression) -> Iterator[str]:
    for node in nodes(formula):
        if isinstance(node, Column):
            yield node.name
        elif isinstance(node, Talib):
            yield from node.inputs
