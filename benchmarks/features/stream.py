"""Bar by bar: the engine beside peers, each on exactly the indicators that both have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median

import numpy as np
from tests.support.bar_series import BarSeries, simulated

from benchmarks.features import nautilus_peer
from benchmarks.features.agreement import Row, compare, table
from benchmarks.features.contestants import SLICE_BARS, Contestant, Nautilus, Ours, Slices, Talipp
from benchmarks.features.peers import CYTHON, RUST, SLICES, TALIPP, WRAPPED, named
from benchmarks.table import Goal, Table, rate
from contracts.units import US_PER_SECOND
from features import ANCHOR_BARS, FEATURES, SETS
from features.batch import compute

FULL, CORE = "full", "core"
_PEERS: Mapping[str, Callable[[BarSeries], Contestant]] = {
    TALIPP: Talipp,
    SLICES: lambda series: Slices(series, bare=True),
    WRAPPED: lambda series: Slices(series, bare=False),
    CYTHON: lambda series: Nautilus(series, "Cython"),
    RUST: lambda series: Nautilus(series, "Rust"),
}
#: (peer, times as fast)
_GOALS = ((TALIPP, 8.0), (SLICES, 10.0), (WRAPPED, 10.0))


@dataclass(frozen=True)
class Size:
    """How many bars before values are compared and time is taken, in a comparison and in a round, and how often.

    A day in a round has one anchor, at which handles are opened again.
    """

    warm_up: int = 4 * ANCHOR_BARS
    compared: int = ANCHOR_BARS
    bars: int = ANCHOR_BARS
    rounds: int = 9
    peers: Sequence[str] = tuple(_PEERS)


def measure(size: Size) -> list[Table]:
    """Let everybody take the same bars, a day each in turn."""
    first = size.warm_up + size.compared
    series = simulated(first + size.rounds * size.bars)
    with ExitStack() as stack:
        contestants, notes = _contestants(series, size.peers, stack)
        rows = _warmed_up(contestants, series, size)
        days = range(first, len(series), size.bars)
        seconds: dict[str, list[float]] = {label: [] for label in contestants}
        for day in days:
            for label, contestant in contestants.items():
                seconds[label].append(contestant.run(day, day + size.bars))
    cost_us = {label: median(times) / size.bars * US_PER_SECOND for label, times in seconds.items()}
    return [table(rows), _table(contestants, cost_us, size, notes)]


def _contestants(
    series: BarSeries, peers: Sequence[str], stack: ExitStack
) -> tuple[dict[str, Contestant], list[str]]:
    """Return the full set, core, and each peer that is here, next to ours on what it has."""
    found: dict[str, Contestant] = {set_name: Ours(series, SETS[set_name]) for set_name in (FULL, CORE)}
    notes = []
    for peer in peers:
        if peer == TALIPP and find_spec("talipp") is None:
            notes.append("talipp is not installed: left out (`uv sync --group bench`)")
            continue
        try:
            contestant = stack.enter_context(closing(_PEERS[peer](series)))
        except OSError as error:
            notes.append(f"{peer} cannot be had: left out ({error})")
            continue
        found[_ours_on(peer)] = Ours(series, named(contestant.features))
        found[peer] = contestant
    return found, notes


def _warmed_up(contestants: Mapping[str, Contestant], series: BarSeries, size: Size) -> list[Row]:
    """Run everybody to where time is taken; on the last bars before that, compare values with the batch twin's."""
    first, last = size.warm_up, size.warm_up + size.compared
    ours = {name: values[first:last] for name, values in _batch(series, last).items()}
    price = float(np.mean(series.columns["close"][first:last]))
    rows: dict[str, list[Row]] = {}
    for label, contestant in contestants.items():
        contestant.run(0, first)
        rows[label] = compare(label, contestant.values(first, last), ours, price)
    return [row for label in (FULL, TALIPP, SLICES, CYTHON, RUST) for row in rows.get(label, ())]


def _batch(series: BarSeries, last: int) -> dict[str, np.ndarray]:
    part = series[:last]
    return compute(part.starts_ms, part.columns, part.interval_s, FEATURES)


def _ours_on(peer: str) -> str:
    return f"ours, of {peer}"


def _table(
    contestants: Mapping[str, Contestant], cost_us: Mapping[str, float], size: Size, notes: Sequence[str]
) -> Table:
    times_as_fast = {peer: cost_us[peer] / cost_us[_ours_on(peer)] for peer in _PEERS if peer in cost_us}
    rows = [
        (
            label,
            str(len(contestants[label].features)),
            f"{cost_us[label]:.1f}",
            rate(US_PER_SECOND / cost_us[label]),
            f"{times_as_fast[label]:.2f}x" if label in times_as_fast else "",
        )
        for label in cost_us
    ]
    goals = [
        Goal(f"ours against {peer}", times_as_fast[peer], wanted, at_least=True, unit="x")
        for peer, wanted in _GOALS
        if peer in times_as_fast
    ]
    notes = [
        "All values are read after each bar.",
        f"TA-Lib on slices: the last {SLICE_BARS} bars as slices of arrays, not of a data frame.",
        f"NautilusTrader {nautilus_peer.VERSION}: update_raw of indicators alone, without its engine.",
        *notes,
    ]
    title = f"Features bar by bar on one core: CPU time, medians of {size.rounds} rounds of {size.bars:,} bars"
    return Table(title, ("", "values", "us/bar", "bars/s", "x ours on the same"), rows, goals, notes)
