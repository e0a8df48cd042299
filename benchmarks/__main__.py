"""`python -m benchmarks [parts] [logs]`: measure, print the tables, keep them as JSON."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks import accounts, candles, latency, machine, models, scale
from benchmarks.accounting import measure as accounting
from benchmarks.backtests import measure as backtests
from benchmarks.backtests import memory as years
from benchmarks.backtests import sweep, year
from benchmarks.features import batch, restart, service, strategies, stream
from benchmarks.features.one_core import on_one_core
from benchmarks.live_market import Market
from benchmarks.logs import LOGS, CannotRunError
from benchmarks.results import keep
from benchmarks.table import Table

PARTS: dict[str, Callable[[str], list[Table]]] = {
    "candles": lambda log: candles.measure(log, candles.Size()),
    "latency": lambda log: latency.measure(log, Market()),
    "scale": lambda log: scale.measure(log, scale.Size()),
    "features-service": lambda log: service.measure(log, service.Size()),
}
#: What needs no log.
LOGLESS: dict[str, Callable[[], list[Table]]] = {
    "features-stream": lambda: on_one_core(stream.measure, stream.Size()),
    "features-batch": lambda: on_one_core(batch.measure, batch.Size()),
    "features-restart": lambda: restart.measure(restart.Size()),
    "backtest": lambda: [
        *on_one_core(backtests.measure, backtests.Size()),
        *on_one_core(sweep.measure, sweep.SweepSize()),
    ],
    "backtest-memory": years.measure,
    "backtest-year": year.measure,
    "accounting": accounting.measure,
    "accounts": lambda: on_one_core(accounts.measure, accounts.Size()),
    "models": lambda: on_one_core(models.measure, models.Size()),
    "strategies": lambda: on_one_core(strategies.measure, strategies.Size()),
}
GROUPS = {"features": [part for part in (*LOGLESS, *PARTS) if part.startswith("features-")]}


def main() -> int:
    """Return 0 if everything ran, 2 if something is missing here; goals not met do not change that."""
    given = _arguments()
    # Else a broker or a server that a benchmark has started outlives it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    facts = machine.facts()
    print("\n".join(f"{name:10} {text}" for name, text in facts.items()), flush=True)
    tables: list[Table] = []
    try:
        for part in given.part:
            for table in _tables(part, given.logs):
                tables.append(table)
                print(f"\n{table}", flush=True)
    except CannotRunError as error:
        print(f"bench: {error}")
        return 2
    print(f"\nkept in {keep('bench', {'machine': facts, 'tables': [table.as_dict() for table in tables]})}")
    return 0


def _tables(part: str, logs: Sequence[str]) -> Iterator[Table]:
    if part in LOGLESS:
        yield from LOGLESS[part]()
    else:
        for log in logs:
            yield from PARTS[part](log)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parts = {**{part: [part] for part in (*PARTS, *LOGLESS)}, **GROUPS}
    parser.add_argument("--part", type=_choice_of(parts), default=[*PARTS, *LOGLESS], help="comma-separated")
    parser.add_argument(
        "--logs", type=_choice_of({log: [log] for log in LOGS}), default=list(LOGS), help="comma-separated"
    )
    return parser.parse_args()


def _choice_of(known: Mapping[str, list[str]]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        chosen = [part for part in text.split(",") if part]
        if not chosen or set(chosen) - set(known):
            raise argparse.ArgumentTypeError(f"expected some of {','.join(known)}, was {text!r}")
        return [each for part in chosen for each in known[part]]

    return parse


if __name__ == "__main__":
    raise SystemExit(main())
