"""Whole runs of the product, and what must be equal between two of them."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

#: Everything that is a function of the market: wall-clock facts are in headers and in the report.
TABLES = (
    "trades",
    "candles",
    "technical_indicators",
    "predictions",
    "signals",
    "orders",
    "fills",
    "positions",
    "pnl",
)


def demo_command(out: Path) -> list[str]:
    """Return the command of a demo of two market hours with the baseline model."""
    options = ["--model", "baseline", "--hours", "2", "--out", str(out)]
    return [sys.executable, "-m", "embedded", "demo", *options]


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
