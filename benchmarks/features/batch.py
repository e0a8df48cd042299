"""A whole history at once: the batch twin beside TA-Lib's own calls, and how fast it is on the full set."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median

import numpy as np
import talib
from tests.support.bar_series import BarSeries, simulated

from benchmarks.features.agreement import compare, table
from benchmarks.features.peers import FULL_ARRAYS, TALIB, named
from benchmarks.table import Goal, Table, rate
from features import SETS, WARM_UP_BARS, Feature
from features.batch import compute
from features.blocks import Floats

_MOST_TIMES_AS_LONG = 3.0
_LEAST_BARS_PER_SECOND = 500_000
_ON_BOTH = "ours, of TA-Lib"


@dataclass(frozen=True)
class Size:
    """How many bars, and how often."""

    bars: int = 500_000
    rounds: int = 5


def measure(size: Size) -> list[Table]:
    """Compare values, then let each compute the same bars, in turn."""
    series = simulated(size.bars)
    both = named(name for call in TALIB for name in call.features)
    compared = _compared(series, both)
    ways: dict[str, tuple[Callable[[], object], int]] = {
        FULL_ARRAYS: (lambda: _talib(series), len(both)),
        _ON_BOTH: (lambda: _ours(series, both), len(both)),
        **{name: (partial(_ours, series, features), len(features)) for name, features in SETS.items()},
    }
    seconds: dict[str, list[float]] = {label: [] for label in ways}
    for _ in range(size.rounds):
        for label, (way, _) in ways.items():
            seconds[label].append(_timed(way))
    middle = {label: median(times) for label, times in seconds.items()}
    return [compared, _table(size, middle, {label: count for label, (_, count) in ways.items()})]


def _talib(series: BarSeries) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for call in TALIB:
        results = getattr(talib, call.function)(*[series.columns[name] for name in call.inputs], *call.parameters)
        found.update(zip(call.features, results if len(call.features) > 1 else [results], strict=True))
    return found


def _ours(series: BarSeries, features: tuple[Feature, ...]) -> dict[str, Floats]:
    return compute(series.starts_ms, series.columns, series.interval_s, features)


def _compared(series: BarSeries, features: tuple[Feature, ...]) -> Table:
    """Compare where we are warm, which we say later than TA-Lib."""
    last = min(len(series), 20 * WARM_UP_BARS)
    ours = _ours(series[:last], features)
    warm = slice(1 + max(int(np.flatnonzero(np.isnan(values))[-1]) for values in ours.values()), last)
    return table(
        compare(
            FULL_ARRAYS,
            {name: values[:last][warm] for name, values in _talib(series).items()},
            {name: values[warm] for name, values in ours.items()},
            price=float(np.mean(series.columns["close"][warm])),
        )
    )


def _timed(way: Callable[[], object]) -> float:
    gc.collect()
    started = time.process_time()
    way()
    return time.process_time() - started


def _table(size: Size, seconds: Mapping[str, float], features: Mapping[str, int]) -> Table:
    rows = [
        (
            label,
            str(features[label]),
            f"{took * 1e3:,.0f}",
            rate(size.bars / took),
            f"{took / seconds[FULL_ARRAYS]:.2f}x" if label == _ON_BOTH else "",
        )
        for label, took in seconds.items()
    ]
    goals = [
        Goal(
            "ours against TA-Lib's batch calls, CPU time",
            seconds[_ON_BOTH] / seconds[FULL_ARRAYS],
            _MOST_TIMES_AS_LONG,
            at_least=False,
            unit="x",
        ),
        Goal("full set", size.bars / seconds["full"], _LEAST_BARS_PER_SECOND, at_least=True, unit="bars/s"),
    ]
    title = f"{size.bars:,} bars at once on one core: CPU time, medians of {size.rounds} rounds"
    return Table(title, ("", "values", "ms", "bars/s", "x TA-Lib's time"), rows, goals)
