"""Does a trade cost the same with many pairs, and after weeks, and does state stay as small?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.candles import our_task
from benchmarks.contestant import Result, Task, run
from benchmarks.logs import running_log
from benchmarks.market import in_time_order, make_trades, pair_names
from benchmarks.stopwatch import PARTS
from benchmarks.table import Goal, Table
from contracts.units import US_PER_SECOND
from streaming.settings import ServiceSettings

_PAIR_RATE_PER_MINUTE = 20
_AGE_RATE_PER_MINUTE = 5
_MINUTES_PER_DAY = 1_440
_MOST_TIMES_AS_DEAR = 1.25
_MOST_TIMES_AS_LARGE = 1.1


@dataclass(frozen=True)
class Size:
    """How many pairs, trades over all of them, and days of one pair."""

    pairs: Sequence[int] = (1, 10, 100, 1_000)
    trades: int = 50_000
    days: int = 21


def measure(kind: str, size: Size) -> list[Table]:
    """Measure the candles service on one core over the log `kind`."""
    with running_log(kind) as settings:
        return [_pairs(kind, settings, size), _age(kind, settings, size)]


def _pairs(kind: str, settings: ServiceSettings, size: Size) -> Table:
    """The same number of trades, and of trades in a candle, spread over more and more pairs."""
    rows, cost_us = [], []
    for count in size.pairs:
        markets = [make_trades(name, size.trades // count, _PAIR_RATE_PER_MINUTE) for name in pair_names(count)]
        trades = sum(map(len, markets))
        result = _run(our_task(settings, f"pairs{count}", in_time_order(markets)))
        cost_us.append(result.cpu_seconds / trades * US_PER_SECOND)
        ratio, state = cost_us[-1] / cost_us[0], f"{result.state_bytes / count:,.0f}"
        rows.append((f"{count:,}", f"{trades:,}", f"{cost_us[-1]:.1f}", f"{ratio:.2f}x", state))
    most, least = size.pairs[-1], size.pairs[0]
    what = f"CPU time a trade, {most:,} pairs against {least}"
    goal = Goal(what, cost_us[-1] / cost_us[0], _MOST_TIMES_AS_DEAR, at_least=False, unit="x")
    columns = ("pairs", "trades", "CPU us/trade", f"x {least} pair", "state bytes/pair")
    title = f"More pairs, {kind}: candles service, frames of 1, {_PAIR_RATE_PER_MINUTE} trades a pair and minute"
    return Table(title, columns, rows, [goal])


def _age(kind: str, settings: ServiceSettings, size: Size) -> Table:
    """Weeks of one pair; the state after the first tenth against the state at the end."""
    count = size.days * _MINUTES_PER_DAY * _AGE_RATE_PER_MINUTE
    frames = make_trades("BTC/USD", count, _AGE_RATE_PER_MINUTE).frames(_AGE_RATE_PER_MINUTE)
    task = our_task(settings, "age", frames)
    young = _run(replace(task, messages=task.messages // PARTS, group="young", folder=f"{task.folder}/young"))
    old = _run(task)
    part_us = [seconds / (count / PARTS) * US_PER_SECOND for seconds in old.cpu_parts]
    rows = [
        ("first tenth", f"{part_us[0]:.2f}", f"{young.state_bytes:,}"),
        ("middle", f"{sum(part_us[1:-1]) / len(part_us[1:-1]):.2f}", ""),
        ("last tenth", f"{part_us[-1]:.2f}", f"{old.state_bytes:,}"),
    ]
    dearer, larger = part_us[-1] / part_us[0], old.state_bytes / young.state_bytes
    goals = [
        Goal("CPU time a trade, last tenth against first", dearer, _MOST_TIMES_AS_DEAR, at_least=False, unit="x"),
        Goal("state, end against first tenth", larger, _MOST_TIMES_AS_LARGE, at_least=False, unit="x"),
    ]
    title = f"Older state, {kind}: candles service, {size.days} days of one pair, {count:,} trades in frames of 5"
    return Table(title, ("", "CPU us/trade", "state bytes"), rows, goals)


def _run(task: Task) -> Result:
    group = f"{task.group}-{task.environment}"
    return run(replace(task, group=group, folder=f"{task.folder}/{group}"))
