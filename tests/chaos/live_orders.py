"""A live run whose orders go through a storm; replayed, explained, held against paper: `make chaos part=live`."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

from benchmarks.postgres import running_postgres
from rich.console import Console
from tests.chaos.divergence import held_against
from tests.chaos.live_storm import PRELOADED, LiveStorm
from tests.support.fork_server import prepare_server

from backtest.divergence.telling import print_divergence
from backtest.parity import print_parity
from exchanges.private.venues import PRIVATE_VENUES


def main() -> int:
    """Run the storm, verify, explain and backtest it; 1 if anything differs or has no trades behind it."""
    parser = argparse.ArgumentParser(prog="make chaos part=live", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--minutes", type=float, default=4, help="of trading")
    parser.add_argument("--kills", type=int, default=10, help="of each of gateway and execution")
    parser.add_argument("--accounts", type=int, default=8)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite", help="what SQL is asked of")
    parser.add_argument("--venue", choices=sorted(PRIVATE_VENUES), default="kraken", help="whose calls are spoken")
    asked = parser.parse_args()
    with running_postgres() if asked.store == "postgres" else nullcontext("") as store:
        return _storm(asked, store)


def _storm(asked: argparse.Namespace, store: str) -> int:
    folder = Path(tempfile.mkdtemp(prefix="chaos-live-"))
    prepare_server(PRELOADED)
    began = time.monotonic()
    storm = LiveStorm(
        folder,
        signals=0,
        kills=asked.kills,
        accounts=asked.accounts,
        seed=asked.seed,
        seconds=60 * asked.minutes,
        store=store,
        venue=asked.venue,
    )
    verdict, hits = storm.run()
    print(
        f"{asked.venue}, seed {asked.seed}, {asked.minutes:g} minutes, {time.monotonic() - began:.0f} s, in {folder}"
    )
    print("killed: " + ", ".join(f"{name} {count}" for name, count in sorted(Counter(storm.killed).items())))
    print("faults: " + ", ".join(f"{name} {count}" for name, count in sorted(hits.items())))
    print(verdict.table())
    verified, explained = storm.verified, storm.explained()
    print(verified.stdout, verified.stderr, explained, sep="\n")
    compared, apart = held_against(storm, folder / "run")
    console = Console(width=150)
    print_parity(console, compared, show=5)
    print_divergence(console, apart, show=3)
    is_explained = not explained.missing and explained.slowest_seconds < 1
    if not (verdict.good and is_explained) or verified.returncode or any(each.differences for each in compared):
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
