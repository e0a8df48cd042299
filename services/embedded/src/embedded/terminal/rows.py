"""A table of a command: for people, or as JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from results.report.wording import count
from verify.report import print_whole


def print_rows(console: Console, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
    """Print rows as a table.

    Parameters
    ----------
    console
        Where to.
    rows
        Values by name: numbers stand at the right, None is nothing, a list its values.
    columns
        Heading by name of those that are shown, in order.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, heading in columns.items():
        numbers = any(
            isinstance(value, int) or (value and isinstance(value, list)) for value in (row[name] for row in rows)
        )
        table.add_column(heading, justify="right" if numbers and not _are_texts(rows, name) else "left")
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in columns))
    print_whole(console, table)


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output, whatever its width and colours."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True) + "\n")


def _are_texts(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    values = [part for row in rows for part in (row[name] if isinstance(row[name], list) else [row[name]])]
    return any(isinstance(value, str) for value in values)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    return "" if value is None else count(value) if isinstance(value, int) else str(value)
