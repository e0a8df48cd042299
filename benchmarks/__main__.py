"""`python -m benchmarks [parts] [logs]`: measure, print the tables, keep them as JSON."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from benchmarks import candles, latency, machine, scale
from benchmarks.live_market import Market
from benchmarks.logs import LOGS, CannotRunError
from benchmarks.results import keep
from benchmarks.table import Table

PARTS: dict[str, Callable[[str], list[Table]]] = {
    "candles": lambda log: candles.measure(log, candles.Size()),
    "latency": lambda log: latency.measure(log, Market()),
    "scale": lambda log: scale.measure(log, scale.Size()),
}


def main() -> int:
    """Return 0 if everything ran, 2 if something is missing here; goals not met do not change that."""
    given = _arguments()
    facts = machine.facts()
    print("\n".join(f"{name:10} {text}" for name, text in facts.items()), flush=True)
    tables: list[Table] = []
    try:
        for part in given.part:
            for log in given.logs:
                for table in PARTS[part](log):
                    tables.append(table)
                    print(f"\n{table}", flush=True)
    except CannotRunError as error:
        print(f"bench: {error}")
        return 2
    print(f"\nkept in {keep('bench', {'machine': facts, 'tables': [table.as_dict() for table in tables]})}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--part", type=_choice_of(tuple(PARTS)), default=list(PARTS), help="comma-separated")
    parser.add_argument("--logs", type=_choice_of(LOGS), default=list(LOGS), help="comma-separated")
    return parser.parse_args()


def _choice_of(known: tuple[str, ...]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        chosen = [part for part in text.split(",") if part]
        if not chosen or set(chosen) - set(known):
            raise argparse.ArgumentTypeError(f"expected some of {','.join(known)}, was {text!r}")
        return chosen

    return parse


if __name__ == "__main__":
    raise SystemExit(main())
