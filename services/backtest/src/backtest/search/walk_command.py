"""What `tradestream walk-forward` does: folds, a search on each, tests one after the other, a page of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from rich.console import Console

from backtest.pages import Section, page
from backtest.provenance import provenance
from backtest.search.folds import folds_of
from backtest.search.job import Job
from backtest.search.study import Deflated, Plan
from backtest.search.walk import Prepare, Stability, Walk, Walked, stability, unchanged, walk
from backtest.search.workers import evaluator
from backtest.telling import print_lines, progress, verdict, written
from contracts.clock import SystemClock
from contracts.counted import counted
from contracts.timestamps import iso_utc, iso_utc_ms
from modeling.judging.sharpe import deflated_sharpe
from modeling.ledger import Ledger
from modeling.recipe import Recipe
from results.own_files import TABLE_MARK
from results.report.wording import percent
from results.run_folder import RunFolder
from results.statistics import DAYS_PER_YEAR, max_drawdown_pct

if TYPE_CHECKING:
    from backtest.search.retraining import Retraining

_NAME = "walk_forward"
_SECONDS_PER_YEAR = DAYS_PER_YEAR * 86_400


@dataclass(frozen=True)
class WalkOptions:
    """What was asked for.

    Attributes
    ----------
    job, plan
        What is searched on each fold, and how.
    folds, first, window, embargo_bars
        As of `folds.folds_of`.
    workers
        Processes.
    ledger
        The file of all tries.
    out
        Folder for the results.
    command
        As it was typed.
    recipe
        How models are trained anew in each fold; None takes predictions as they came with the bars.
    """

    job: Job
    plan: Plan
    folds: int
    first: float
    window: str
    embargo_bars: int
    workers: int
    ledger: Path
    out: Path
    command: str
    recipe: Recipe | None = None


def run_walk(options: WalkOptions, console: Console) -> dict[str, Any]:
    """Walk forward, write what was found, and print it.

    Parameters
    ----------
    options
        What was asked for.
    console
        Where progress and the summary go.

    Returns
    -------
    dict[str, Any]
        What ``walk_forward.json`` holds.
    """
    job, plan = options.job, options.plan
    folds = folds_of(job, options.folds, options.first, options.window, options.embargo_bars)
    total = len(folds) * plan.trials
    with _prepared(options) as (prepare, retraining), progress(console, total, "tries") as made:
        walked = walk(job, plan, folds, Ledger(options.ledger), prepare, made)
    steady = stability(walked, plan.space)
    models = _models(retraining)
    found = _as_json(options, walked, steady, models)
    rows = [{**_row(number, each), **_tested_by(models, number)} for number, each in enumerate(walked.folds)]
    with RunFolder(options.out).owned(afresh=True):
        text = json.dumps(found, indent=2) + "\n"
        # Marked as a result, so that it is not replaced unasked.
        (options.out / "summary.json").write_text(text, encoding="utf-8")
        (options.out / f"{_NAME}.json").write_text(text, encoding="utf-8")
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(options.out / "folds.parquet", metadata=TABLE_MARK)
        _equity(walked).write_parquet(options.out / "equity.parquet", metadata=TABLE_MARK)
        (options.out / f"{_NAME}.html").write_text(_page(walked, found, rows), encoding="utf-8")
    print_lines(console, _lines(options, walked, found, steady))
    return found


@contextmanager
def _prepared(options: WalkOptions) -> Iterator[tuple[Prepare, Retraining | None]]:
    if options.recipe is None:
        with evaluator(options.job, options.workers) as evaluate:
            yield unchanged(options.job, evaluate), None
        return
    # With what trains and exports models: not needed by others.
    from backtest.search.retraining import Retraining

    retraining = Retraining(options.job, options.recipe, options.workers)
    yield retraining.prepare, retraining


def _models(retraining: Retraining | None) -> list[dict[str, Any]]:
    """Return what is told of each version that was trained."""
    if retraining is None:
        return []
    return [
        {
            "fold": number,
            "model": f"{retraining.model}:{each.number}",
            "for": each.use,
            "hash": each.hash,
            "trained_from": iso_utc_ms(each.trained_from_ms),
            "trained_to": iso_utc_ms(each.trained_to_ms),
            "samples": each.samples,
            "learned": each.learned,
            "predicts_from": iso_utc_ms(each.speaks.from_ms),
            "predicts_to": iso_utc_ms(each.speaks.to_ms - 1),
        }
        for number, versions in enumerate(retraining.folds)
        for each in versions
    ]


def _tested_by(models: list[dict[str, Any]], fold: int) -> dict[str, Any]:
    """Return which version a fold was tested with."""
    own = [each for each in models if each["fold"] == fold and each["for"] == "test"]
    return {f"model_{name}": each[name] for each in own for name in ("hash", "trained_to")}


def _row(number: int, each: Walked) -> dict[str, Any]:
    fold, winner, tested = each.fold, each.winner, each.tested
    return {
        "fold": number,
        "searched_from": iso_utc_ms(fold.train.from_ms),
        "searched_to": iso_utc_ms(fold.train.to_ms - 1),
        "tested_from": iso_utc_ms(fold.test.from_ms),
        "tested_to": iso_utc_ms(fold.test.to_ms - 1),
        "numbers": written(winner.choice.titles()) if winner else "none had enough trades",
        "searched_return_pct": winner.achieved.return_pct if winner else None,
        "searched_sharpe": winner.achieved.sharpe_a_year if winner else None,
        "tested_return_pct": tested.return_pct if tested else 0.0,
        "tested_sharpe": tested.sharpe_a_year if tested else None,
        "tested_round_trips": tested.round_trips if tested else 0,
    }


def _equity(walked: Walk) -> pl.DataFrame:
    numbers = np.repeat(np.arange(len(walked.folds)), [len(each.equity) for each in walked.folds])
    times, equity = (
        np.concatenate([getattr(each, name) for each in walked.folds]) for name in ("times_ms", "equity")
    )
    return pl.DataFrame({"fold": numbers, "window_start_ms": times, "equity": equity})


def _as_json(
    options: WalkOptions, walked: Walk, steady: list[Stability], models: list[dict[str, Any]]
) -> dict[str, Any]:
    job, curve, facts = options.job, walked.curve, walked.facts
    a_year = math.sqrt(_SECONDS_PER_YEAR / job.history.interval_s)
    alone = Deflated(1, deflated_sharpe(facts, 1, 0.0))
    return {
        "title": f"Walk forward of {job.file.name}",
        "finished_at": iso_utc(SystemClock().now_us()),
        "command": options.command,
        **provenance(job.history, job.data, job.terms),
        **({"models": [each["model"] for each in models], "recipe": _told(options.recipe)} if models else {}),
        "fold_models": models,
        "strategy": job.file.name,
        "strategy_hash": job.file.hash_of(job.file.made(options.plan.fixed)),
        "window": options.window,
        "embargo_bars": options.embargo_bars,
        "objective": options.plan.objective,
        "seed": options.plan.seed,
        "trials_a_fold": options.plan.trials,
        "ledger": str(options.ledger),
        "tested_bars": len(curve) - 1,
        "initial": walked.initial,
        "final": float(curve[-1]),
        "return_pct": float(curve[-1] / curve[0] - 1) * 100,
        "max_drawdown_pct": max_drawdown_pct(curve),
        "sharpe_a_year": facts.sharpe * a_year,
        "probability": alone.probability,
        "efficiency": walked.efficiency(),
        "stability": [asdict(each) for each in steady],
        "verdict": verdict(alone),
    }


def _told(recipe: Recipe | None) -> dict[str, Any]:
    return {} if recipe is None else {**asdict(recipe), "kind": recipe.kind.name}


def _page(walked: Walk, found: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    steady = [{**each, "values": ", ".join(f"{value:g}" for value in each["values"])} for each in found["stability"]]
    facts = [{"what": name, "value": found[name]} for name in _FACTS]
    sections = [
        Section("Equity on bars that were not searched on", [found["verdict"]], {"equity": walked.curve}),
        Section("Folds", rows=rows),
        *([Section("Models, trained anew", [_TRAINED], rows=found["fold_models"])] if found["fold_models"] else []),
        Section("Numbers from fold to fold", [_STEADY], rows=steady),
        Section("What it depends on", rows=facts),
    ]
    return page(found["title"], sections)


_FACTS = ("command", "commit", "code", "data", "strategy", "strategy_hash", "models", "costs", "ledger")
_TRAINED = (
    "Each was trained on the bars of its fold that came before those it speaks of. A search sees what versions said "
    "of bars that were new to them, and the test what the version said that has seen all bars searched on."
)
_STEADY = "Spread is the standard deviation as a part of the range: 0 is still, numbers drawn evenly have about 0.29."


def _lines(
    options: WalkOptions, walked: Walk, found: dict[str, Any], steady: list[Stability]
) -> list[tuple[str, str]]:
    gained, fell = percent(found["return_pct"] / 100, sign=True), percent(found["max_drawdown_pct"] / 100)
    left = found["efficiency"]
    kept = "the searches saw none above 0" if left is None else f"{percent(left)} of what the searches saw"
    moved = ", ".join(f"{each.title} {percent(each.spread)}" for each in steady)
    idle = sum(each.winner is None for each in walked.folds)
    return [
        (
            "Folds",
            f"{len(walked.folds)}, {options.window}, {counted(options.plan.trials, 'try', 'tries')} each at most",
        ),
        *([("Models", f"{found['recipe']['kind']}, trained anew in each fold")] if found["fold_models"] else []),
        *(
            [("Idle", f"{counted(idle, 'fold')} without a try of enough trades, where nothing was traded")]
            if idle
            else []
        ),
        ("UnderTest", f"{counted(found['tested_bars'], 'bar')} that were not searched on"),
        ("Came to", f"{gained} after costs, drawdown {fell}, Sharpe {found['sharpe_a_year']:.2f} a year"),
        ("Sharpe", f"{kept} was left"),
        ("Spread", f"{moved} of the range, from fold to fold"),
        ("Verdict", found["verdict"]),
        ("Report", str(options.out / f"{_NAME}.html")),
        ("Summary", str(options.out / f"{_NAME}.json")),
        ("Tables", str(options.out / "*.parquet")),
    ]
