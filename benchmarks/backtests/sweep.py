"""A search over many pairs of means beside vectorbt's: the same fills of every try first, then CPU time.

Ours is a whole search: proposals, the ledger on disk, the kernel, and the engine's run of the ten best, without which
nothing is believed.
"""

from __future__ import annotations

import gc
import hashlib
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from backtest.history import History
from backtest.plan import Terms
from backtest.provenance import data_digest
from backtest.search.job import Job
from backtest.search.space import choice, space_of
from backtest.search.study import Plan, Study, search
from backtest.search.tries import TryMaker
from benchmarks.backtests.measure import bars_of
from benchmarks.logs import CannotRunError
from benchmarks.scripts import command_of, version_of
from benchmarks.table import Goal, Table, rate
from contracts.account import Account
from exchanges.paper import PaperBroker
from execution.core.policy import Policy
from modeling.ledger import Ledger
from strategies.built_in import STRATEGIES

_PEER, _VECTORBT = Path(__file__).parent / "vectorbt_sweep.py", "vectorbt"
_PAIR, _FEE_BPS = "BTC/USD", Decimal(10)
_RANGES = ("fast=5:47:3", "slow=50:110:10")
_OURS, _KERNEL = "ours: search, kernel, ten on the engine", "of that, the kernel with its targets"


@dataclass(frozen=True)
class SweepSize:
    """How many bars, and how often."""

    bars: int = 100_000
    rounds: int = 5
    has_peer: bool = True


def job_of(bars: int) -> Job:
    """Return an account whose limits nothing reaches, as vectorbt has none."""
    history = History({_PAIR: bars_of(_PAIR, bars, 1)})
    account = Account(
        name="sweep",
        pairs=(_PAIR,),
        strategy="sma_cross",
        initial_balance_quote=Decimal(1_000_000_000),
        position_pct=Decimal(95),
        max_position_pct=Decimal(100),
        max_daily_loss_pct=Decimal(100),
        max_total_loss_pct=Decimal(100),
        cooldown_bars=0,
    )
    terms = Terms(PaperBroker(slippage_bps=Decimal(0), fee_bps=_FEE_BPS), Policy())
    return Job(history, account, STRATEGIES["sma_cross"], terms, data_digest(history))


def plan_of(job: Job) -> Plan:
    """Return a search of the whole grid."""
    space = space_of(job.file.kind, _RANGES, ())
    return Plan(space, {}, "return", 1, space[0].count * space[1].count, seed=1)


def ours(job: Job, plan: Plan) -> Study:
    """Search, with a ledger of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-sweep-") as folder:
        return search(job, plan, job.span, Ledger(Path(folder, "tries.db")), TryMaker(job))


def digests(job: Job, plan: Plan) -> list[str]:
    """Return a digest of each try's fills, in the order of the grid."""
    fasts, slows = (range(each.count) for each in plan.space)
    choices = [choice(plan.space, (fast, slow), {}) for fast in fasts for slow in slows]
    found = []
    for each in TryMaker(job).in_floats([(one, job.span) for one in choices]):
        assert each is not None, "the kernel gave a plain try up"
        told = each.passed.bars * 2 + (each.passed.sides > 0)
        found.append(hashlib.sha256(told.astype(np.int64).tobytes()).hexdigest()[:16])
    return found


@contextmanager
def _peer(job: Job, plan: Plan) -> Iterator[subprocess.Popen[str]]:
    fasts, slows = (",".join(str(each.value(place)) for place in range(each.count)) for each in plan.space)
    with tempfile.TemporaryDirectory(prefix="bench-sweep-") as folder:
        path = Path(folder, "bars.npz")
        columns: dict[str, Any] = dict(job.history.pairs[_PAIR].columns)
        np.savez(path, **columns)
        process = subprocess.Popen(
            command_of(_PEER, path, _FEE_BPS / 10_000, fasts, slows),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=folder,
        )
        try:
            yield process
        finally:
            process.communicate()


def _asked(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("again\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise CannotRunError(f"{_VECTORBT} ended with {process.wait()}")
    found: dict[str, Any] = json.loads(line)
    return found


def require_same(theirs: list[str], expected: list[str]) -> None:
    """Refuse a peer that trades otherwise: its time would say nothing.

    Raises
    ------
    AssertionError
        With the number of the first such try.
    """
    for number, (one, other) in enumerate(zip(theirs, expected, strict=True)):
        if one != other:
            raise AssertionError(f"{_VECTORBT}: expected our fills, try {number} has others")


def measure(size: SweepSize) -> list[Table]:
    """Let both search in turn; refuse a peer that trades otherwise."""
    job = job_of(size.bars)
    plan, few = plan_of(job), job_of(2_000)
    ours(few, plan_of(few))  # compiled
    expected = digests(job, plan)
    seconds: dict[str, list[float]] = {name: [] for name in (_OURS, _KERNEL, *([_VECTORBT] * size.has_peer))}
    if not size.has_peer:
        for _ in range(size.rounds):
            _ours_timed(job, plan, seconds)
    else:
        with _peer(job, plan) as process:
            for _ in range(size.rounds):
                _ours_timed(job, plan, seconds)
                answer = _asked(process)
                require_same(answer["fills"], expected)
                seconds[_VECTORBT].append(answer["seconds"])
    return [_table(size, plan, {name: median(each) for name, each in seconds.items()})]


def _ours_timed(job: Job, plan: Plan, seconds: dict[str, list[float]]) -> None:
    for name, way in ((_OURS, lambda: ours(job, plan)), (_KERNEL, lambda: digests(job, plan))):
        gc.collect()
        began = time.process_time()
        way()
        seconds[name].append(time.process_time() - began)


def _table(size: SweepSize, plan: Plan, took: dict[str, float]) -> Table:
    work = plan.trials * size.bars
    rows = [(name, f"{each:.2f} s", rate(work / each), f"{each / took[_OURS]:.2f}") for name, each in took.items()]
    goals = []
    if size.has_peer:
        goals.append(Goal(f"sweep as fast as {_VECTORBT}", took[_VECTORBT] / took[_OURS], 1.0, True, "times"))
    notes = [
        f"{plan.trials} tries of sma_cross ({', '.join(_RANGES)}) on {size.bars:,} bars, {_FEE_BPS} bps a fill. Ours "
        "writes each try to its ledger and makes the ten best again on the engine, which has to fill the same.",
    ]
    if size.has_peer:
        notes.append(
            f"The same fills of all tries in {_VECTORBT} {version_of(_PEER)}, which is told nothing of limits."
        )
    title = f"Sweep of {plan.trials} x {size.bars:,}: CPU time, medians of {size.rounds} rounds in turn"
    return Table(title, ("", "CPU", "combo-bars/s", "ours to it"), rows, goals, notes)
