"""Kill whatever runs, at random, all through a demo: `make chaos`.

One undisturbed demo, then disturbed ones in which a service, drawn from a printed seed, is killed with SIGKILL every
other second or so, in backfill, training, live and while the log is drained. Every table of every run must equal the
undisturbed one's, cell by cell.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parent / "support"))
from runs import TABLES, demo_command, differences
from workspace import ROOT, SERVICES

#: The supervisor gives up on a service that fails five times in a row without having lived 20 seconds: after four
#: kills a service is left alone for so long.
KILLS_IN_A_ROW = 4
REST_SECONDS = 25.0


def children(parent: int) -> dict[str, int]:
    """Return module name -> pid of the services that `parent` has running now."""
    found: dict[str, int] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            status = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            arguments = (folder / "cmdline").read_bytes().decode().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        module = next((name for name in arguments if name in SERVICES), None)
        if int(status[1]) == parent and module and status[0] != "Z":
            found[module] = int(folder.name)
    return found


def disturbed(out: Path, draw: random.Random, mean_pause_seconds: float) -> list[str]:
    """Run a demo, killing all the while; return what was killed."""
    killed: list[str] = []
    killed_at: dict[str, float] = {}
    log = out.with_suffix(".log").open("wb")
    process = subprocess.Popen(demo_command(out), cwd=ROOT, stdout=log, stderr=log)
    while process.poll() is None:
        time.sleep(draw.expovariate(1 / mean_pause_seconds))
        victim, running = draw.choice(SERVICES), children(process.pid)
        tired = killed.count(victim) and killed.count(victim) % KILLS_IN_A_ROW == 0
        rested = time.monotonic() - killed_at.get(victim, 0.0) > REST_SECONDS
        if victim in running and (rested or not tired):
            killed_at[victim] = time.monotonic()
            os.kill(running[victim], signal.SIGKILL)
            killed.append(victim)
    if process.returncode:
        raise SystemExit(f"the demo ended with {process.returncode}; see {log.name}")
    return killed


def main() -> int:
    """Run the sweep and say what differed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pause", type=float, default=2.5, help="mean seconds between kills")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    print(f"seed {arguments.seed}, {arguments.rounds} rounds, runs in {folder}", flush=True)
    subprocess.run(demo_command(folder / "undisturbed"), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    wrong = 0
    for number in range(arguments.rounds):
        out = folder / f"round-{number}"
        killed = disturbed(out, random.Random(arguments.seed * 1_000 + number), arguments.pause)
        summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
        found = differences(folder / "undisturbed", out)
        wrong += len(found)
        counts = ", ".join(f"{name} {killed.count(name)}" for name in SERVICES)
        rows = sum(pl.read_parquet(out / f"{table}.parquet").height for table in TABLES)
        print(
            f"round {number}: {len(killed)} kills ({counts}); repeated {sum(summary['repeated'].values())};", end=" "
        )
        print(f"{rows:,} rows compared; " + ("; ".join(found) or "no difference"), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
