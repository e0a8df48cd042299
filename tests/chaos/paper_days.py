"""Days of paper trading with services killed all the while, backtested: `make chaos part=paper`.

`tradestream demo` with SIGKILLs, then `tradestream backtest --of` it: 0 differences. With one close a cent higher
there have to be some.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import polars as pl

from contracts.services import FLOW_NAMES

_CENT = Decimal("0.01")
#: So many of the kills come while history is read.
_IN_BACKFILL = ("candles@backfill", "indicators@backfill")


def main() -> int:
    """Trade, kill, backtest, alter; 1 if anything differs, or an altered close is not found."""
    parser = argparse.ArgumentParser(prog="make chaos part=paper", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--hours", type=float, default=48, help="of trading, simulated")
    parser.add_argument("--speed", type=float, default=600)
    parser.add_argument("--kills", type=int, default=3, help="of each service while it is live; two more come before")
    parser.add_argument("--run", type=Path, help="look at this run of it instead")
    asked = parser.parse_args()
    folder = asked.run or Path(tempfile.mkdtemp(prefix="chaos-paper-")) / "run"
    if asked.run is None and not _traded(folder, asked):
        return 1
    health = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["services"]
    restarts = {name: each["restarts"] for name, each in health.items() if each.get("restarts")}
    print(f"restarted: {', '.join(f'{name} {count}' for name, count in sorted(restarts.items()))}", flush=True)
    code, said = _backtested(folder)
    print(said, flush=True)
    with _one_close_altered(folder) as what:
        altered, found = _backtested(folder)
    print(f"{what}: {found.strip().splitlines()[-1] if altered == 1 else 'not found'}", flush=True)
    if code or altered != 1:
        print(f"the run is in {folder}")
        return 1
    if asked.run is None:
        shutil.rmtree(folder.parent)
    return 0


def _traded(folder: Path, asked: argparse.Namespace) -> bool:
    kills = [*_IN_BACKFILL, *(f"{name}@live" for name in FLOW_NAMES for _ in range(asked.kills))]
    began = time.monotonic()
    command = ["demo", "--hours", f"{asked.hours:g}", "--speed", f"{asked.speed:g}", "--seed", str(asked.seed)]
    command += ["--out", str(folder), *(word for each in kills for word in ("--kill", each))]
    done = _tradestream(*command)
    print(
        f"{asked.hours:g} hours, {len(kills)} SIGKILLs, {time.monotonic() - began:.0f} s, exit code {done.returncode}"
    )
    if done.returncode:
        print(done.stdout, done.stderr, f"the run is in {folder}", sep="\n")
    return done.returncode == 0


def _backtested(folder: Path) -> tuple[int, str]:
    done = _tradestream("backtest", "--of", str(folder), "--show", "1")
    return done.returncode, done.stdout + done.stderr


def _tradestream(*typed: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "embedded", *typed]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@contextmanager
def _one_close_altered(folder: Path) -> Iterator[str]:
    """Let a close in the middle of the run be a cent higher, and yield which."""
    path = folder / "candles.parquet"
    rows = pl.read_parquet(path, glob=False)
    live_ms = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["live_from_ms"]
    places = [
        place
        for place, row in enumerate(rows.iter_rows(named=True))
        if row["window_start_ms"] >= live_ms and not row["revision"] and _room(row)
    ]
    place = places[len(places) // 2]
    row = rows.row(place, named=True)
    other = str(Decimal(row["close"]) + _CENT)
    changed = pl.when(pl.int_range(pl.len()) == place).then(pl.lit(other)).otherwise("close").alias("close")
    try:
        rows.with_columns(changed).write_parquet(path)
        yield f"close of {row['pair']} at {row['window_start_ms']} {other} for {row['close']}"
    finally:
        rows.write_parquet(path)


def _room(row: dict[str, str]) -> bool:
    return row["quality"] == "complete" and Decimal(row["close"]) + _CENT <= Decimal(row["high"])


if __name__ == "__main__":
    raise SystemExit(main())
