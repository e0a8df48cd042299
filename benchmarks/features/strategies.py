"""A strategy's targets at once and bar by bar, beside TA-Lib's means of whole arrays, which say the same."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
import talib
from tests.support.bar_series import simulated

from benchmarks.table import Goal, Table, rate
from features.bars import Bar
from features.blocks import Floats
from strategies.built_in import STRATEGIES
from strategies.running import Rows, Stream, targets

_NAME, _FAST, _SLOW = "sma_cross", 20, 50
_AT_ONCE, _BAR_BY_BAR, _TALIB = "ours, at once", "ours, bar by bar", "TA-Lib, at once"
_LEAST_AT_ONCE, _LEAST_BAR_BY_BAR = 3_000_000, 100_000


@dataclass(frozen=True)
class Size:
    """How many bars at once and bar by bar, and how often."""

    bars: int = 500_000
    streamed: int = 50_000
    rounds: int = 5


def measure(size: Size) -> list[Table]:
    """Let each say what to hold, in turn; refuse anybody who says something else."""
    series = simulated(size.bars)
    rows = Rows(series.starts_ms, series.columns)
    strategy = STRATEGIES[_NAME].made({"fast": _FAST, "slow": _SLOW})
    columns = [series.columns[name][: size.streamed].tolist() for name in Bar._fields]
    bars = list(zip(series.starts_ms.tolist(), map(Bar, *columns), strict=False))

    def bar_by_bar() -> Floats:
        stream = Stream(strategy)
        said = [stream.push(start_ms, bar) for start_ms, bar in bars]
        return np.array([np.nan if target is None else target for target in said])

    ways: dict[str, Callable[[], Floats]] = {
        _AT_ONCE: lambda: targets(strategy, rows),
        _BAR_BY_BAR: bar_by_bar,
        _TALIB: lambda: _talib(series.columns["close"]),
    }
    found = {label: way() for label, way in ways.items()}
    np.testing.assert_array_equal(found[_BAR_BY_BAR], found[_AT_ONCE][: size.streamed])
    differing = int(np.count_nonzero((found[_TALIB] != found[_AT_ONCE])[~np.isnan(found[_AT_ONCE])]))
    speeds = {
        label: len(found[label]) / median(_timed(way) for _ in range(size.rounds)) for label, way in ways.items()
    }
    return [_table(size, speeds, differing)]


def _talib(close: Floats) -> Floats:
    fast, slow = talib.SMA(close, timeperiod=_FAST), talib.SMA(close, timeperiod=_SLOW)
    found: Floats = np.where(np.isnan(slow), np.nan, (fast / slow - 1 > 1e-9).astype(np.float64))
    return found


def _timed(way: Callable[[], Floats]) -> float:
    gc.collect()
    started = time.process_time()
    way()
    return time.process_time() - started


def _table(size: Size, speeds: dict[str, float], differing: int) -> Table:
    goals = [
        Goal("at once", speeds[_AT_ONCE], _LEAST_AT_ONCE, at_least=True, unit="bars/s"),
        Goal("bar by bar", speeds[_BAR_BY_BAR], _LEAST_BAR_BY_BAR, at_least=True, unit="bars/s"),
    ]
    notes = [
        "At once and bar by bar the targets are the same.",
        f"TA-Lib's running sums give other targets on {differing:,} of {size.bars:,} bars.",
    ]
    title = f"Strategy {_NAME}({_FAST}, {_SLOW}) on one core: CPU time, medians of {size.rounds} rounds"
    return Table(title, ("", "bars/s"), [(label, rate(speed)) for label, speed in speeds.items()], goals, notes)
