"""Results: printed as tables with pass or fail beside each goal, and kept as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A figure and what it should be.

    Parameters
    ----------
    at_least
        Whether `wanted` is a least or a greatest value.
    """

    what: str
    found: float
    wanted: float
    at_least: bool
    unit: str

    @property
    def met(self) -> bool:
        """Whether the figure is what it should be."""
        return self.found >= self.wanted if self.at_least else self.found <= self.wanted

    def __str__(self) -> str:
        bound = ">=" if self.at_least else "<="
        return (
            f"{'pass' if self.met else 'FAIL'}  {self.what}: {self.found:.3g} {self.unit} ({bound} {self.wanted:g})"
        )


@dataclass(frozen=True)
class Table:
    """One table of results.

    Attributes
    ----------
    notes
        What a reader must know beside the figures.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    goals: Sequence[Goal] = ()
    notes: Sequence[str] = field(default=())

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        texts = ["  ".join(_cell(cell, i, widths) for i, cell in enumerate(line)).rstrip() for line in lines]
        texts.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([self.title, "", *texts, "", *map(str, self.goals), *self.notes])

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, goals with whether they were met."""
        return {**asdict(self), "goals": [{**asdict(goal), "met": goal.met} for goal in self.goals]}


def rate(per_second: float) -> str:
    """Return a rate as people read it.

    Examples
    --------
    >>> rate(1_234_567), rate(27_890)
    ('1.23 M', '27.9 k')
    """
    return f"{per_second / 1e6:.2f} M" if per_second >= 1e6 else f"{per_second / 1e3:.1f} k"


def _cell(text: str, column: int, widths: Sequence[int]) -> str:
    return text.ljust(widths[column]) if column == 0 else text.rjust(widths[column])
