"""What was found, for people and as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.errors import shorten
from results.report.wording import count
from verify.compare import Comparison, Fault

_COLUMNS = ("published", "replayed", "equal", "missing", "unexpected", "mismatched")
#: Shown where there are any.
_RARE_COLUMNS = ("two_values", "unreadable", "pending")
_LONGEST_VALUE = 60
#: Wider than any table.
_ANY_WIDTH = 10_000


def say(console: Console, label: str, value: str | Text) -> None:
    """Print a value behind its label; not a table, for a path that is too long for a line must come out in one piece.

    Parameters
    ----------
    console
        Where to.
    label
        Of up to ten letters.
    value
        A text, or one with styles.
    """
    console.print(Text.assemble((f"{label:<11}", "bright_black"), value), soft_wrap=True)


def print_whole(console: Console, table: Table) -> None:
    """Print a table of which nothing is cut off: long cells fold on a terminal, and elsewhere lines may be long.

    Parameters
    ----------
    console
        Where to.
    table
        What to print; its columns are made to fold.
    """
    for column in table.columns:
        column.overflow, column.no_wrap = "fold", False
    before = console.width
    if not console.is_terminal:
        console.width = max(before, table.__rich_measure__(console, console.options.update_width(_ANY_WIDTH)).maximum)
    console.print(table)
    console.width = before


def show_counts(console: Console, comparisons: Iterable[Comparison], names: tuple[str, str]) -> None:
    """Print a row for each topic.

    Parameters
    ----------
    names
        Of the two sides: ``published`` and ``replayed``, or of two logs.
    """
    rows = list(comparisons)
    columns = [*_COLUMNS, *(name for name in _RARE_COLUMNS if any(getattr(row, name) for row in rows))]
    table = Table(box=None, pad_edge=False, padding=(0, 0, 0, 1))
    table.add_column("Topic")
    heads = dict(zip(("published", "replayed"), names, strict=True))
    for name in columns:
        table.add_column(heads.get(name, name.replace("_", " ")).capitalize(), justify="right")
    for row in rows:
        values = [count(getattr(row, name)) for name in columns]
        table.add_row(row.topic, *values, style="red" if row.wrong else "")
    print_whole(console, table)


def show_faults(console: Console, faults: Sequence[Fault], at_most: int, names: tuple[str, str]) -> None:
    """Print the first faults, and how many there are."""
    if not faults:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("Topic", "Id", "Fault", "Field", *(name.capitalize() for name in names)):
        table.add_column(name)
    for fault in faults[:at_most]:
        values = (_short(fault.published), _short(fault.replayed))
        table.add_row(*(Text(text) for text in (fault.topic, fault.id, fault.kind, fault.field, *values)))
    print_whole(console, table)
    if len(faults) > at_most:
        console.print(f"{count(at_most)} of {count(len(faults))} shown; --out FILE.jsonl writes all", highlight=False)


def wrote_faults(path: Path) -> bool:
    """Return whether `path` is a file of faults, or one without a line: what comes of a run without any."""
    try:
        with path.open(encoding="utf-8") as file:
            line = file.readline()
        return not line or json.loads(line).keys() == {field.name for field in fields(Fault)}
    except (OSError, ValueError, AttributeError):
        return False


def write_faults(path: Path, faults: Iterable[Fault]) -> None:
    """Write each fault as a JSON object on a line of its own."""
    with path.open("w", encoding="utf-8") as file:
        for fault in faults:
            file.write(json.dumps(asdict(fault), ensure_ascii=False) + "\n")


def _short(value: object) -> str:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 3] + "..."
    return shorten(value, _LONGEST_VALUE)
