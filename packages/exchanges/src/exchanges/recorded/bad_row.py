"""A row that cannot be used, and why; the rest of the file goes on."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.errors import shorten


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row of a recording that is not a trade.

    Parameters
    ----------
    line_number
        1-based line of a text file, 1-based row of a Parquet file.
    text
        The row as it stands in the file (cells joined by commas for Parquet).
    field, expected, got
        Which cell, what would have been accepted, what came.

    Examples
    --------
    >>> BadRow(3, "1,x,2", "price", "a positive decimal", "x").reason
    "price: expected a positive decimal, was 'x'"
    """

    line_number: int
    text: str
    field: str
    expected: str
    got: object

    @property
    def reason(self) -> str:
        """Return the complaint in one line."""
        return f"{self.field}: expected {self.expected}, was {shorten(self.got)}"
