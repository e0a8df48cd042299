"""What a backtest of years needs: memory, from the first byte of its file on, and time to its first trade, cold."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from backtest.bar_files import bars_of_files
from backtest.plan import Terms
from backtest.strategies_of import chosen
from backtest.stretches import stretches_of
from backtest.tables import Tables
from benchmarks.backtests.measure import BROKER, account_of, bars_of
from benchmarks.logs import CannotRunError
from benchmarks.table import Goal, Table
from execution.core.policy import Policy

YEARS = (1, 3, 5, 9)
KINDS = ("csv", "parquet")
YEAR_BARS = 365 * 1_440
#: Enough for two means to cross.
FIRST_BARS = 2_000
_PAIR = "BTC/USD"
_MOST = 1.1
_MINUTE_MS = 60_000


def measure(years: tuple[int, ...] = YEARS, year_bars: int = YEAR_BARS) -> list[Table]:
    """Ask a process for each length what it needed at most, and one without anything compiled for its first trade."""
    rows, goals = [], []
    with tempfile.TemporaryDirectory(prefix="bench-bars-") as folder:
        for kind in KINDS:
            peaks = []
            for number in years:
                found = child(__name__, written(Path(folder), kind, number * year_bars))
                peaks.append(found["peak_mib"])
                name = f"{number} years of minutes, {kind}"
                rows.append((name, f"{found['peak_mib']:,.0f}", f"{found['cpu_seconds']:.1f}"))
            what = f"{kind}: memory of {years[-1]} years to that of {years[0]}"
            goals.append(Goal(what, peaks[-1] / peaks[0], _MOST, False, "times"))
        first = written(Path(folder), KINDS[0], FIRST_BARS)
        with tempfile.TemporaryDirectory(prefix="bench-numba-") as cache:
            cold = child(__name__, first, NUMBA_CACHE_DIR=cache)
    rows.append(("first trade, cold", f"{cold['peak_mib']:,.0f}", f"{cold['cpu_seconds']:.1f}"))
    notes = [
        "sma_cross(20, 50) from a file of bars to tables in Parquet, a month of minutes at a time; no report.",
        f"First trade: {FIRST_BARS:,} bars in a new process, with nothing compiled; its CPU time with all imports.",
    ]
    return [Table("Backtest of years: what it needs", ("", "peak MiB", "CPU s"), rows, goals, notes)]


def run(path: Path) -> dict[str, Any]:
    """Trade the bars of a file and write the tables; return what this process has needed so far."""
    account, terms = account_of((_PAIR,)), Terms(BROKER, Policy())
    with tempfile.TemporaryDirectory(prefix="bench-tables-") as folder, Tables() as tables:
        (Path(folder) / "bars").mkdir()
        history = bars_of_files([path], "kraken", [_PAIR], Path(folder) / "bars")
        for stretch in stretches_of(history, [chosen(account)], terms):
            tables.add(stretch)
        fills = tables.write(Path(folder))["fills"]
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"peak_mib": peak_mib, "cpu_seconds": time.process_time(), "fills": fills}


def written(folder: Path, kind: str, length: int) -> Path:
    """Write a file of bars, in place of that before; return where it is."""
    lines, table = folder / "bars.csv", folder / "bars.parquet"
    with lines.open("wb") as file:
        for number, year in enumerate(_years(length)):
            year.write_csv(file, include_header=not number)
    if kind == "csv":
        return lines
    pl.scan_csv(lines).sink_parquet(table)
    return table


def _years(length: int) -> Iterator[pl.DataFrame]:
    """Yield bars made a year at a time; each year begins at the price of the first."""
    for number, begin in enumerate(range(0, length, YEAR_BARS)):
        year = bars_of(_PAIR, min(YEAR_BARS, length - begin), number)
        columns = {name: year.columns[name] for name in ("open", "high", "low", "close", "volume")}
        yield pl.DataFrame({"timestamp": year.starts_ms + begin * _MINUTE_MS, **columns})


def child(module: str, *arguments: object, **environment: str) -> dict[str, Any]:
    """Return what a process of its own found.

    Raises
    ------
    CannotRunError
        If it ended with an error, or traded nothing.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    if done.returncode:
        raise CannotRunError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-500:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    if not found["fills"]:
        raise CannotRunError(f"{' '.join(command)} traded nothing")
    return found


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]))))
