"""A result for people, or as a file that other programs read."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from contracts.errors import BadSettingError
from featurestore.frames import columns_of, polars_frame
from featurestore.result import Result
from featurestore.text_table import text_table

#: The first is what is written unless another is asked for.
FORMATS = ("table", "csv", "json", "parquet")


def write(result: Result, form: str = FORMATS[0], out: Path | None = None) -> None:
    """Write a result to standard output, or into a file that is not there yet.

    Raises
    ------
    BadSettingError
        If there is a file already, its folder is missing, or Parquet would go to a terminal.
    """
    if out is not None and (out.exists() or not out.parent.is_dir()):
        raise BadSettingError("out", "a new file in an existing folder (nothing was touched)", str(out))
    if form == "parquet" and out is None and sys.stdout.isatty():
        raise BadSettingError("format", "a file for Parquet (out=FILE)", "a terminal")
    content = _bytes_of(result, form)
    if out is not None:
        out.write_bytes(content)
    elif form == "parquet":
        sys.stdout.buffer.write(content)
    else:
        print(content.decode(), end="")


def _bytes_of(result: Result, form: str) -> bytes:
    if form == "csv":
        return _csv(result).encode()
    if form == "json":
        rows = [dict(zip(_names(result), map(_plain, row), strict=True)) for row in result.rows]
        return (json.dumps(rows, ensure_ascii=False, default=str, indent=1) + "\n").encode()
    return _parquet(result) if form == "parquet" else (text_table(result) + "\n").encode()


def _names(result: Result) -> list[str]:
    """Return the columns' names, those that are there already with a number: a join may have two of one name."""
    found: list[str] = []
    for name in result.columns:
        number, unique = 1, name
        while unique in found:
            number += 1
            unique = f"{name}_{number}"
        found.append(unique)
    return found


def _csv(result: Result) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(result.columns)
    writer.writerows(
        [format(value, "f") if isinstance(value, Decimal) else value for value in row] for row in result.rows
    )
    return text.getvalue()


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: a number is a number on every database, and what is none is null."""
    number = float(value) if isinstance(value, Decimal) else value
    return None if isinstance(number, float) and not math.isfinite(number) else number


def _parquet(result: Result) -> bytes:
    content = io.BytesIO()
    polars_frame(columns_of(_names(result), result.rows)).write_parquet(content)
    return content.getvalue()
