"""Rows of a delimited text, with or without a line of names."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from contracts.errors import BadInputError
from exchanges.recorded_bars.rows import PLACE, Rows

_DELIMITERS = (",", ";", "\t")
_LINE, _CELLS, _COUNT = "line", "cells", "count"
#: CryptoDataDownload puts its address above the names.
_ADDRESS = r"^https?://\S*$"


@dataclass(frozen=True)
class Head:
    """What the first line of a text says of all.

    Parameters
    ----------
    first
        It, without quotes.
    delimiter
        Between cells.
    columns
        Their names, or 1, 2, 3.
    named
        Whether it has names, and no bar.
    """

    first: str
    delimiter: str
    columns: list[str]
    named: bool


def text_rows(name: str, text: str) -> Rows:
    """Return the rows of a CSV text; names that are repeated further down, as joined files have them, are left out.

    Raises
    ------
    BadInputError
        If it has one column, no row, or rows of several lengths.
    """
    head = head_of(name, text)
    rows = rows_of(name, text, head, is_first=True)
    if rows.frame.is_empty():
        raise BadInputError("bars", "a file with bars in it", f"{name} (names of columns and nothing else)")
    return rows


def head_of(name: str, text: str) -> Head:
    """Return what the first line of a text, or of its beginning, says of all.

    Raises
    ------
    BadInputError
        If it has one column.
    """
    frame = _lines(text, is_first=True)
    first = str(frame[_LINE][0]) if frame.height else ""
    delimiter = max(_DELIMITERS, key=first.count)
    if delimiter not in first:
        raise BadInputError(
            f"columns of {name}", f"several, separated by one of {' '.join(map(repr, _DELIMITERS))}", first
        )
    cells = first.split(delimiter)
    named = not any(map(is_number, cells[1:]))
    columns = unique_names(cells) if named else [str(place) for place in range(1, len(cells) + 1)]
    return Head(first, delimiter, columns, named)


def rows_of(name: str, text: str, head: Head, *, is_first: bool) -> Rows:
    """Return the rows of a text, or of a part of it; there may be none.

    Parameters
    ----------
    name
        Of the file.
    text
        Whole lines.
    head
        Of the file.
    is_first
        Whether the file begins with it.

    Raises
    ------
    BadInputError
        If a row is longer or shorter than the first.
    """
    frame = _lines(text, is_first=is_first)
    if head.named:
        frame = frame.filter(pl.col(_LINE) != head.first)
    return Rows(name, _split(name, frame, head.delimiter, head.columns), head.named)


def _lines(text: str, *, is_first: bool) -> pl.DataFrame:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace('"', "").split("\n")
    stripped = pl.col(_LINE).str.strip_chars(" ")
    frame = pl.DataFrame({_LINE: lines}).with_row_index(PLACE, offset=1).filter(stripped != "")
    if not is_first:
        return frame
    return frame.filter(~((pl.int_range(pl.len()) == 0) & pl.col(_LINE).str.contains(_ADDRESS)))


def _split(name: str, frame: pl.DataFrame, delimiter: str, columns: list[str]) -> pl.DataFrame:
    split = frame.select(PLACE, pl.col(_LINE).str.split(delimiter).alias(_CELLS))
    counted = split.with_columns(pl.col(_CELLS).list.len().alias(_COUNT)).filter(pl.col(_COUNT) != len(columns))
    if not counted.is_empty():
        place, _, count = counted.row(0)
        raise BadInputError(f"bars, line {place} of {name}", f"{len(columns)} columns, as in the first line", count)
    cells = [pl.col(_CELLS).list.get(place).str.strip_chars().alias(each) for place, each in enumerate(columns)]
    return split.select(PLACE, *cells)


def is_number(text: str) -> bool:
    """Say whether a cell is a number, also one with an exponent; ``nan`` is a word.

    Examples
    --------
    >>> [is_number(cell) for cell in ("1.5", " 3E-7", "open", "nan", "2024-01-01")]
    [True, True, False, False, False]
    """
    return bool(re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", text, re.ASCII))


def unique_names(names: list[str]) -> list[str]:
    """Return the names of a header, a repeated one with its place, so that none is lost.

    Examples
    --------
    >>> unique_names(["time", " open ", "open"])
    ['time', 'open', 'open (column 3)']
    """
    found: list[str] = []
    for place, name in enumerate(map(str.strip, names), start=1):
        found.append(f"{name} (column {place})" if name in found else name)
    return found
