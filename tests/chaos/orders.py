"""Orders through a storm of faults and SIGKILLs, compared with the venue's truth: `make chaos part=orders`.

With `--without PROTECTION` the gateway lacks one, and the run succeeds if it finds what is wrong then.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.chaos.gateway_without.__main__ import PROTECTIONS
from tests.chaos.order_storm import PRELOADED, Storm
from tests.support.fork_server import prepare_server

from exchanges.private.venues import PRIVATE_VENUES


def main() -> int:
    """Run the storm; 1 if anything differed, or nothing did where something had to."""
    parser = argparse.ArgumentParser(prog="make chaos part=orders", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--signals", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50, help="of each of gateway and execution")
    parser.add_argument("--without", choices=sorted(PROTECTIONS))
    parser.add_argument("--venue", choices=sorted(PRIVATE_VENUES), default="kraken", help="whose calls are spoken")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="chaos-orders-"))
    prepare_server(PRELOADED)
    began = time.monotonic()
    # What goes wrong without a protection takes more faults than kills to be seen soon.
    share = 0.05 if asked.without is None else 0.15
    about: dict[str, Any] = {"seed": asked.seed, "without": asked.without, "share": share, "venue": asked.venue}
    storm = Storm(folder, asked.signals, asked.kills, **about)
    verdict, hits = storm.run()
    print(f"{asked.venue}, seed {asked.seed}, {asked.signals} signals, {time.monotonic() - began:.0f} s, in {folder}")
    print("killed: " + ", ".join(f"{name} {count}" for name, count in sorted(Counter(storm.killed).items())))
    print("faults: " + ", ".join(f"{name} {count}" for name, count in sorted(hits.items())))
    print(verdict.table())
    if asked.without is not None:
        print(
            f"without {asked.without}: {', '.join(verdict.harm) or 'nothing was harmed, so the storm shows nothing'}"
        )
    if not (verdict.good if asked.without is None else verdict.harm):
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
