"""A live run whose orders go through a storm, then replayed and explained: `make chaos part=live`."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.chaos.live_storm import PRELOADED, LiveStorm
from tests.support.fork_server import prepare_server


def main() -> int:
    """Run the storm, verify and explain it; 1 if anything differs or has no trades behind it."""
    parser = argparse.ArgumentParser(prog="make chaos part=live", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--minutes", type=float, default=4, help="of trading")
    parser.add_argument("--kills", type=int, default=10, help="of each of gateway and execution")
    parser.add_argument("--accounts", type=int, default=8)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="chaos-live-"))
    prepare_server(PRELOADED)
    began = time.monotonic()
    storm = LiveStorm(
        folder, signals=0, kills=asked.kills, accounts=asked.accounts, seed=asked.seed, seconds=60 * asked.minutes
    )
    verdict, hits = storm.run()
    print(f"seed {asked.seed}, {asked.minutes:g} minutes, {time.monotonic() - began:.0f} s, runs in {folder}")
    print("killed: " + ", ".join(f"{name} {count}" for name, count in sorted(Counter(storm.killed).items())))
    print("faults: " + ", ".join(f"{name} {count}" for name, count in sorted(hits.items())))
    print(verdict.table())
    verified, explained = storm.verified, storm.explained()
    print(verified.stdout, verified.stderr, explained, sep="\n")
    if not verdict.good or verified.returncode or explained.missing or explained.slowest_seconds >= 1:
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
