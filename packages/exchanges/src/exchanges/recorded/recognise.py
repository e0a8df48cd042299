"""Which format a file has: of those its columns allow, the one that reads most rows of a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from contracts.errors import BadInputError
from exchanges.recorded.column_format import RowReader, is_headerless
from exchanges.recorded.formats import FORMATS
from exchanges.recorded.steps import Steps
from exchanges.recorded.tables import Line, Table

SAMPLE_ROWS = 1_000


@dataclass(frozen=True)
class Found:
    """How a file is read, and the rows that decided it.

    Attributes
    ----------
    reader
        Of its rows.
    skip_first
        Whether its first line is a header.
    lines
        The first rows.
    """

    reader: RowReader
    skip_first: bool
    lines: list[Line]


def recognise(file: Path, table: Table, steps: Steps) -> Found:
    """Return how to read `table`.

    Raises
    ------
    BadInputError
        If its columns are those of no known format, or there are no rows.
    """
    first_line = table.first_line()
    possible = [layout for layout in FORMATS if layout.matches(first_line)]
    skip_first = table.has_names or not is_headerless(first_line)
    if table.has_names:
        possible = [layout for layout in possible if not layout.headerless]
    lines = list(islice(table.lines(skip_first=skip_first), SAMPLE_ROWS))
    if not possible:
        raise BadInputError(f"columns of {file.name}", _known(), ", ".join(first_line)[:200])
    if not lines:
        raise BadInputError("path", "a file with trades in it", f"{file} (a header and nothing else)")
    sample = [cells for _, _, cells in lines]
    readers = [RowReader(layout, layout.header(first_line), sample, steps) for layout in possible]
    best = max(readers, key=lambda reader: _rank(reader, sample))  # of equals the first
    if skip_first or _readable(best, sample):
        return Found(best, skip_first, lines)
    raise BadInputError(f"columns of {file.name}", _known(), ", ".join(first_line)[:200])


def _rank(reader: RowReader, sample: Sequence[Sequence[str]]) -> tuple[bool, int, int]:
    """Return how well a file is understood: whether most rows can be read, how much of them, how many."""
    readable = _readable(reader, sample)
    roles = (reader.id_place is not None) + (reader.side_place is not None)
    return readable * 2 > len(sample), roles, readable


def _readable(reader: RowReader, sample: Sequence[Sequence[str]]) -> int:
    """Return how many rows can be read; without a header nothing else tells what a column is, so all must fit."""
    layout = reader.layout
    lacks_side, lacks_id = (
        names and place is None
        for names, place in ((layout.side, reader.side_place), (layout.trade_id, reader.id_place))
    )
    if layout.headerless and (lacks_side or lacks_id):
        return 0
    count = 0
    for cells in sample:
        try:
            reader.row(1, cells)
        except BadInputError:
            continue
        count += 1
    return count


def _known() -> str:
    """Return what would have been accepted."""
    with_header, without = (
        "; ".join(
            f"{layout.name} ({', '.join(layout.headerless or layout.usual)})"
            for layout in FORMATS
            if bool(layout.headerless) == headerless
        )
        for headerless in (False, True)
    )
    return f"those of a known format: {with_header}; without a header {without}"
