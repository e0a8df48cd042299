"""Rows as a file has them, before anybody knows what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import polars as pl

from contracts.errors import BadInputError

#: Where a row stands in the file; no column of a file is called so.
PLACE = "\0place"


@dataclass(frozen=True)
class Rows:
    """What a file holds.

    Parameters
    ----------
    name
        Of the file, for people.
    frame
        `PLACE` and the columns: text cells of CSV and JSON, typed ones of Parquet and Feather.
    named
        Whether the file names its columns; otherwise they are called 1, 2, 3.
    unit
        What a place counts: lines of a text, rows of a table.
    inner_name
        Of the file inside an archive.
    """

    name: str
    frame: pl.DataFrame
    named: bool
    unit: str = "line"
    inner_name: str = ""

    @property
    def columns(self) -> list[str]:
        """Names of the columns in the order of the file."""
        return [name for name in self.frame.columns if name != PLACE]

    def refuse(self, wrong: pl.Expr, column: str, expected: str) -> None:
        """Refuse the first row that is wrong, if one is.

        Parameters
        ----------
        wrong
            True where a row is wrong.
        column
            The cell to show.
        expected
            What would have been accepted, the column's name first.

        Raises
        ------
        BadInputError
            Naming file, line, column, what was expected and what came.
        """
        refuse(self, self.frame, wrong, column, expected)

    def refuse_columns(self, expected: str) -> NoReturn:
        """Refuse the file for its columns.

        Raises
        ------
        BadInputError
            With the names, or the first row where there are none.
        """
        came = self.columns if self.named else [str(cell) for cell in self.frame.drop(PLACE).row(0)]
        raise BadInputError(f"columns of {self.name}", expected, ", ".join(came)[:200])


def refuse(rows: Rows, frame: pl.DataFrame, wrong: pl.Expr, column: str, expected: str) -> None:
    """Refuse the first row of `frame`, in the order of the file, for which `wrong` is true.

    Raises
    ------
    BadInputError
        Naming file, line, column, what was expected and what came.
    """
    found = frame.filter(wrong).sort(PLACE).select(PLACE, column)
    if not found.is_empty():
        place, value = found.row(0)
        raise BadInputError(f"bars, {rows.unit} {place} of {rows.name}", expected, value)
