"""Whole runs of the product, and what must be equal between two of them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.support.awkward_names import EVERYTHING as AWKWARD
from tests.support.processes import run
from tests.support.shared import built_once

from results.export.tables import TABLES as EXPORTED

#: Everything that is a function of the market and never empty: wall-clock facts are in headers and in the report.
TABLES = ("trades", *(table.name for table in EXPORTED if table.name != "risk_alerts"))

#: Of the live market in `undisturbed_demo`.
UNDISTURBED_HOURS = 1


def tradestream(*arguments: object, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would, in the repository's folder, with `settings` in its environment."""
    return run("embedded", *arguments, **settings)


def demo(out: Path, *options: str, hours: float, **settings: object) -> dict[str, Any]:
    """Run some market hours of the demo with the logistic model into `out`; return its summary."""
    done = tradestream("demo", "--model", "logistic", "--hours", hours, "--out", out, *options, **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    return summary_of(out)


def undisturbed_demo(factory: pytest.TempPathFactory) -> Path:
    """Return the folder, of an awkward name, of a demo that nothing disturbed; only the first that asks runs it."""

    def build(folder: Path) -> None:
        demo(folder / AWKWARD, hours=UNDISTURBED_HOURS)

    return built_once(factory, "demo", build) / AWKWARD


def summary_of(out: Path) -> dict[str, Any]:
    """Return the numbers of a run."""
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return summary


#: In a demo nobody challenges the model, and few windows are judged.
MAY_BE_EMPTY = frozenset({"predictions_shadow", "model_quality"})


def differences(expected: Path, got: Path) -> list[str]:
    """Compare every table of two runs, cell by cell, and return what differs, and which has no rows to compare."""
    found = []
    for table in TABLES:
        left, right = (pl.read_parquet(folder / f"{table}.parquet", glob=False) for folder in (expected, got))
        if left.is_empty() and table not in MAY_BE_EMPTY:
            found.append(f"{table}: no rows to compare")
        try:
            assert_frame_equal(left, right, check_exact=True)
        except AssertionError as error:
            found.append(f"{table}: {left.height} rows against {right.height}, {str(error).splitlines()[0]}")
    return found
