"""What `tradestream optimise` does: a search, its winner run again with a report, every try as a table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import polars as pl
from rich.console import Console

from backtest.achieved import BOTH, ENGINE, KERNEL, Maker
from backtest.provenance import provenance
from backtest.search.job import Job, Span
from backtest.search.study import Deflated, Plan, Study, Tried, deflated, run_again, search
from backtest.search.workers import evaluator
from backtest.search.write import write_run
from backtest.telling import print_lines, progress, told, verdict, written
from contracts.counted import counted
from contracts.errors import TradestreamError
from contracts.timestamps import iso_utc_ms
from modeling.ledger import Ledger
from results.own_files import TABLE_MARK
from results.report.wording import count
from results.run_folder import RunFolder


@dataclass(frozen=True)
class SearchOptions:
    """What was asked for.

    Attributes
    ----------
    job, plan
        What is searched, and how.
    workers
        Processes.
    ledger
        The file of all tries.
    out
        Folder for the results.
    command
        As it was typed.
    """

    job: Job
    plan: Plan
    workers: int
    ledger: Path
    out: Path
    command: str


def run_search(options: SearchOptions, console: Console) -> dict[str, Any]:
    """Search, write what was found, and print it.

    Parameters
    ----------
    options
        What was asked for.
    console
        Where progress and the summary go.

    Returns
    -------
    dict[str, Any]
        What ``search.json`` holds.

    Raises
    ------
    TradestreamError
        If no try had enough trades, or the winner's run is another one the second time.
    """
    job, plan, span = options.job, options.plan, options.job.span
    ledger = Ledger(options.ledger)
    with evaluator(job, options.workers) as evaluate, progress(console, plan.trials, "tries") as made:
        study = search(job, plan, span, ledger, evaluate, made)
    winner = study.winner
    if winner is None:
        most = max(each.achieved.round_trips for each in study.tried)
        raise TradestreamError(
            f"none of {counted(len(study.tried), 'try', 'tries')} made {plan.least_trades} round trips, "
            f"the most was {most}: more bars, other ranges or a lower --least-trades"
        )
    run_again(job, winner, span)
    luck = deflated(winner.achieved, job.attempt(winner.choice, span), ledger)
    with RunFolder(options.out).owned(afresh=True):
        _write_tries(study, options.out)
        title = f"Best of {counted(len(study.tried), 'try', 'tries')} of {job.file.name}"
        write_run(job, winner.choice, span, options.out, title, options.command, [verdict(luck)])
        found = _as_json(options, study, winner, luck, span)
        (options.out / "search.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    _print(console, options, study, winner, luck)
    return found


def _write_tries(study: Study, out: Path) -> None:
    rows = [
        {"number": each.number, "score": each.score, **each.choice.titles(), **each.achieved.as_json()}
        for each in study.tried
    ]
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(out / "tries.parquet", metadata=TABLE_MARK)


def _as_json(options: SearchOptions, study: Study, winner: Tried, luck: Deflated, span: Span) -> dict[str, Any]:
    plan, job = options.plan, options.job
    made = job.made(winner.choice)
    return {
        "command": options.command,
        **provenance(job.history, job.data, job.terms),
        "strategy": job.file.name,
        "strategy_hash": made.only.hash,
        "from_ms": span.from_ms,
        "to_ms": span.to_ms,
        "objective": plan.objective,
        "least_trades": plan.least_trades,
        "seed": plan.seed,
        "space": {each.title: [each.low, each.high, each.step] for each in plan.space},
        "tries": len(study.tried),
        "tries_made_before": study.again,
        "tries_by": {by: sum(each.achieved.by == by for each in study.tried) for by in get_args(Maker)},
        "held_against_engine": sorted(study.held),
        "winner": {
            "number": winner.number,
            "score": winner.score,
            **winner.choice.as_json(),
            "achieved": winner.achieved.as_json(),
        },
        "ledger": str(options.ledger),
        "tries_counted": luck.tries,
        "deflated_sharpe": luck.probability,
        "verdict": verdict(luck),
    }


def _print(console: Console, options: SearchOptions, study: Study, winner: Tried, luck: Deflated) -> None:
    came = winner.achieved
    again = f", {count(study.again)} of them made before" if study.again else ""
    enough = sum(each.achieved.round_trips >= options.plan.least_trades for each in study.tried)
    span = options.job.span
    lines = [
        (
            "Tries",
            f"{count(len(study.tried))}{again}; {count(enough)} with {options.plan.least_trades} round trips or more",
        ),
        ("Made by", _makers(options.job, study)),
        ("Bars", f"{count(came.bars)}, {iso_utc_ms(span.from_ms)} to {iso_utc_ms(span.to_ms)}"),
        ("Winner", f"try {winner.number}: {written(winner.choice.titles())}"),
        ("Came to", told(came.return_pct, came.max_drawdown_pct, came.round_trips, came.sharpe_a_year)),
        ("Counted", f"{count(luck.tries)} on these bars in {options.ledger}"),
        ("Verdict", verdict(luck)),
        *((label, str(options.out / name)) for label, name in _FILES),
    ]
    print_lines(console, lines)


def _makers(job: Job, study: Study) -> str:
    """Return what made the tries, and why the engine did where it did."""
    every = [each.achieved.by for each in study.tried]
    refused = dict.fromkeys(filter(None, (job.refusal(each.choice) for each in study.tried)))
    told = []
    if by_kernel := every.count(KERNEL):
        told.append(f"the kernel {count(by_kernel)}, the best {count(len(study.held))} on the engine too: same fills")
    if given_up := every.count(BOTH):
        told.append(f"the engine {count(given_up)} that the kernel gave up")
    if by_engine := every.count(ENGINE):
        told.append(f"the engine {count(by_engine)} ({', '.join(refused)})")
    return "; ".join(told)


_FILES = (("Report", "report.html"), ("Tries", "tries.parquet"), ("Summary", "search.json"))
