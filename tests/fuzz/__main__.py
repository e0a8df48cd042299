"""A million inputs that are nearly right, at every parser: `make fuzz` [inputs=1000000 seed=].

No crash, nothing accepted that the bytes do not say, nothing lost without a word. Each input follows from the seed,
the parser and its number; a failure is printed with the input that caused it.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.fuzz.fuzzing import Count, run


def main() -> int:
    """Fuzz, print a line per parser, and say whether all is well."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--inputs", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    given = arguments.parse_args()
    started = time.monotonic()
    counts = run(given.inputs, given.seed, given.processes)
    total = Count()
    for count in counts.values():
        total.add(count)
    print(f"{'parser':<20} {'inputs':>10} {'accepted':>10} {'refused':>10} {'crashes':>8} {'silent':>7}")
    for name, count in [*counts.items(), ("all", total)]:
        print(
            f"{name:<20} {count.inputs:>10,} {count.accepted:>10,} {count.refused:>10,} {count.crashes:>8,}"
            f" {count.silent:>7,}"
        )
    for name, count in counts.items():
        for failure in count.failures:
            print(f"\n{name}: {failure}")
    print(f"\nseed {given.seed}, {time.monotonic() - started:,.0f} s")
    return 1 if total.crashes or total.silent else 0


if __name__ == "__main__":
    sys.exit(main())
