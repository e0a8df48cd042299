"""All services at full speed for a while: memory, open files, state and lag must not grow.

`python -m benchmarks.soak --minutes=30 --log=kafka`
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks import machine
from benchmarks.endless_market import MOST_LAG, lags
from benchmarks.logs import LOGS, CannotRunError, running_log
from benchmarks.market import pair_names
from benchmarks.processes import Processes, open_files, resident_mib, services
from benchmarks.results import keep
from benchmarks.table import Goal, Table
from contracts.services import INPUTS
from contracts.topics import PNL, TRADES
from streaming.clients import end_offsets
from streaming.settings import ServiceSettings

PAIRS = 20
_SAMPLE_SECONDS = 60.0
#: The first part of a run fills caches, rings of bars and RocksDB's memory.
_WARM_UP_FRACTION = 1 / 3
#: Of the line through the samples after the warm-up, from its begin to its end.
_MOST_GROWTH_PCT = 5.0
_MOST_NEW_FILES = 20
#: The source stops at `MOST_LAG`; what it has in hand, and a commit interval's worth, come on top.
_MOST_LAG = 2 * MOST_LAG


@dataclass(frozen=True)
class Sample:
    """One minute's look at everything."""

    minutes: float
    messages: int
    rss_mib: Mapping[str, float]
    files: Mapping[str, int]
    lag: Mapping[str, int]
    state_mib: float


def soak(kind: str, minutes: float, pairs: int = PAIRS) -> tuple[Table, list[Sample]]:
    """Run for `minutes`, printing a line a minute, then let the services finish; return the verdict."""
    with running_log(kind) as settings, services(settings, pair_names(pairs)) as run:
        run.start("source", "benchmarks.endless_market", settings.broker_address, str(pairs))
        run.wait_for(lambda: any(end_offsets(settings, PNL).values()), "the first books")
        samples: list[Sample] = []
        started = time.monotonic()
        print("  ".join(f"{name:>11}" for name in ("minute", "messages", *INPUTS, "state MiB")), flush=True)
        while (passed := time.monotonic() - started) < minutes * 60:
            time.sleep(min(_SAMPLE_SECONDS, minutes * 60 / 6, max(0.0, minutes * 60 - passed)))
            run.require_all()
            samples.append(_sample(run, settings, (time.monotonic() - started) / 60))
            print(_line(samples[-1]), flush=True)
        run.stop("source")
        run.drain()
    return _verdict(kind, samples), samples


def _sample(run: Processes, settings: ServiceSettings, minutes: float) -> Sample:
    pids = {name: process.pid for name, process in run.running.items()}
    state = [file.stat().st_size for file in (run.folder / "state").rglob("*") if file.is_file()]
    return Sample(
        minutes=round(minutes, 2),
        messages=sum(end_offsets(settings, TRADES).values()),
        rss_mib={name: round(resident_mib(pid), 1) for name, pid in pids.items()},
        files={name: open_files(pid) for name, pid in pids.items()},
        lag=lags(settings),
        state_mib=round(sum(state) / 2**20, 1),
    )


def _line(sample: Sample) -> str:
    each = [f"{sample.rss_mib[name]:.0f}/{sample.files[name]}/{sample.lag[name]}" for name in INPUTS]
    cells = (f"{sample.minutes:.1f}", f"{sample.messages:,}", *each, f"{sample.state_mib:.1f}")
    return "  ".join(f"{cell:>11}" for cell in cells)


def _verdict(kind: str, samples: list[Sample]) -> Table:
    warm = samples[int(len(samples) * _WARM_UP_FRACTION) :]
    rows, goals = [], []
    for name in INPUTS:
        rss = [sample.rss_mib[name] for sample in warm]
        growth_pct = _growth_pct(rss)
        files = [sample.files[name] for sample in warm]
        lag = [sample.lag[name] for sample in samples]
        rows.append(
            (
                name,
                f"{rss[0]:.0f}",
                f"{rss[-1]:.0f}",
                f"{growth_pct:+.1f}",
                f"{min(files)}-{max(files)}",
                f"{max(lag):,}",
            )
        )
        goals += [
            Goal(f"{name}: growth of memory", growth_pct, _MOST_GROWTH_PCT, at_least=False, unit="%"),
            Goal(f"{name}: lag", max(lag), _MOST_LAG, at_least=False, unit="messages"),
            Goal(f"{name}: more open files", max(files) - files[0], _MOST_NEW_FILES, at_least=False, unit="files"),
        ]
    state = [sample.state_mib for sample in warm]
    took = samples[-1].minutes * 60
    notes = [
        f"state folder {state[0]:.1f} to {state[-1]:.1f} MiB, at most {max(state):.1f}",
        f"{samples[-1].messages:,} messages of trades, {samples[-1].messages / took:,.0f} a second",
        "then the source stopped, and every service drained its input and ended with code 0",
    ]
    columns = ("", "RSS MiB, warm", "at the end", "growth %", "open files", "most lag")
    return Table(f"Soak, {kind}, {samples[-1].minutes:.0f} minutes", columns, rows, goals, notes)


def _growth_pct(values: list[float]) -> float:
    """Return by how much the line through `values` rises from begin to end, percent of its begin."""
    if len(values) < 2:
        return 0.0
    slope, start = np.polyfit(np.arange(len(values)), values, 1)
    return float(100 * slope * (len(values) - 1) / start)


def main() -> int:
    """Return 0 if nothing grew, 1 if something did, 2 if something is missing here."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--log", choices=LOGS, default="kafka")
    given = parser.parse_args()
    facts = machine.facts()
    print("\n".join(f"{name:10} {text}" for name, text in facts.items()))
    print("\nper service: resident MiB / open files / messages not committed yet\n", flush=True)
    try:
        verdict, samples = soak(given.log, given.minutes)
    except CannotRunError as error:
        print(f"soak: {error}")
        return 2
    print(f"\n{verdict}")
    print(
        f"\nkept in {keep('soak', {'machine': facts, **verdict.as_dict(), 'samples': [asdict(s) for s in samples]})}"
    )
    return 0 if all(goal.met for goal in verdict.goals) else 1


if __name__ == "__main__":
    raise SystemExit(main())
