"""Whole runs of the product, and what must be equal between two of them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
from polars.testing import assert_frame_equal
from tests.support.processes import run

from results.export.tables import TABLES as EXPORTED

#: Everything that is a function of the market and never empty: wall-clock facts are in headers and in the report.
TABLES = ("trades", *(table.name for table in EXPORTED if table.name != "risk_alerts"))


def tradestream(*arguments: object, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would, in the repository's folder, with `settings` in its environment."""
    return run("embedded", *arguments, **settings)


def demo(out: Path, *options: str, hours: float, **settings: object) -> dict[str, Any]:
    """Run some market hours of the demo with the baseline model into `out`; return its summary."""
    done = tradestream("demo", "--model", "baseline", "--hours", hours, "--out", out, *options, **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    return summary_of(out)


def summary_of(out: Path) -> dict[str, Any]:
    """Return the numbers of a run."""
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return summary


def differences(expected: Path, got: Path) -> list[str]:
    """Compare every table of two runs, cell by cell, and return what differs; an empty table is a difference."""
    found = []
    for table in TABLES:
        left, right = (pl.read_parquet(folder / f"{table}.parquet") for folder in (expected, got))
        if left.is_empty():
            found.append(f"{table}: no rows to compare")
        try:
            assert_frame_equal(left, right, check_exact=True)
        except AssertionError as error:
            found.append(f"{table}: {left.height} rows against {right.height}, {str(error).splitlines()[0]}")
    return found
