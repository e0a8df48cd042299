"""Rows of a JSON text: lists or objects, wherever in an answer they stand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl

from contracts.counted import counted
from contracts.errors import BadInputError
from exchanges.recorded_bars.rows import PLACE, Rows


def json_rows(name: str, text: str) -> Rows:
    """Return the rows of ``[[time, open, ...], ...]``, of objects, of objects a line, or of columns.

    Raises
    ------
    BadInputError
        If it is not JSON, or has no table in it or several.
    """
    tables = list(_tables(_parsed(name, text)))
    if len(tables) != 1:
        expected = "JSON with one list of bars, each a list or an object"
        raise BadInputError(f"bars, {name}", expected, f"{len(tables)} such lists")
    rows = tables[0]
    named = isinstance(rows[0], dict)
    columns = list(rows[0]) if named else [str(place) for place in range(1, len(rows[0]) + 1)]
    for place, row in enumerate(rows, start=1):
        if type(row) is not type(rows[0]) or len(row) != len(columns) or (named and row.keys() != rows[0].keys()):
            raise BadInputError(
                f"bars, row {place} of {name}", f"{counted(len(columns), 'value')}, as in the first row", row
            )
    frame = pl.DataFrame(dict(zip(columns, _texts(rows), strict=True)), schema=dict.fromkeys(columns, pl.String))
    return Rows(name, frame.with_row_index(PLACE, offset=1), named, unit="row")


def _parsed(name: str, text: str) -> Any:
    # Numbers stay as they are written: a float would be the nearest to an exact price at best.
    def read(part: str) -> Any:
        return json.loads(part, parse_float=str, parse_int=str, parse_constant=str)

    try:
        return read(text)
    except (ValueError, RecursionError) as error:
        try:
            return [read(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            raise BadInputError("bars", "undamaged JSON", f"{name} ({error})") from error


def _tables(found: Any) -> Iterator[Sequence[Any]]:
    """Return every list of lists or of objects in an answer, and columns that have one length as rows."""
    if isinstance(found, list) and found and all(map(_is_row, found)):
        yield found
        return
    inside = list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else []
    if isinstance(found, dict) and len(inside) > 1 and all(map(_is_column, inside)) and len({*map(len, inside)}) == 1:
        yield [dict(zip(found, row, strict=True)) for row in zip(*inside, strict=True)]
        return
    for each in inside:
        yield from _tables(each)


def _is_row(value: Any) -> bool:
    return isinstance(value, list | dict) and bool(value) and all(map(_is_cell, _cells(value)))


def _is_column(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_cell, value))


def _cells(row: list[Any] | dict[str, Any]) -> Iterable[Any]:
    return row.values() if isinstance(row, dict) else row


def _is_cell(value: Any) -> bool:
    return isinstance(value, str | bool | None)


def _texts(rows: Sequence[Any]) -> list[list[str | None]]:
    columns = zip(*map(_cells, rows), strict=True)
    return [[str(cell).lower() if isinstance(cell, bool) else cell for cell in column] for column in columns]
