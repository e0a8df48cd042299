"""What `tradestream luck` does: one result, all that chance may have done to it, and a verdict in words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console

from backtest.luck.judge import Luck, judge
from backtest.luck.stress import CASES
from backtest.provenance import provenance
from backtest.search.job import Job
from backtest.search.space import Choice
from backtest.search.write import write_run
from backtest.telling import print_lines, progress, told, written
from contracts.errors import BadInputError
from modeling.ledger import Ledger
from results.own_files import TABLE_MARK
from results.run_folder import RunFolder


@dataclass(frozen=True)
class LuckOptions:
    """What was asked for.

    Attributes
    ----------
    job, choice
        What is asked about.
    markets, seed
        How many made-up markets, and of all chance.
    ledger
        The file of all tries.
    out
        Folder for the results.
    command
        As it was typed.
    """

    job: Job
    choice: Choice
    markets: int
    seed: int
    ledger: Path
    out: Path
    command: str


def run_luck(options: LuckOptions, console: Console) -> dict[str, Any]:
    """Judge a result, write what was found, and print it.

    Parameters
    ----------
    options
        What was asked for.
    console
        Where progress and the verdict go.

    Returns
    -------
    dict[str, Any]
        What ``luck.json`` holds.
    """
    job, choice, span = options.job, options.choice, options.job.span
    total = 1 + len(CASES) + options.markets
    with progress(console, total, "backtests") as made:
        found = judge(job, choice, span, Ledger(options.ledger), options.markets, options.seed, made)
    with RunFolder(options.out).owned(afresh=True):
        title = f"{job.file.name}: edge or luck"
        write_run(job, choice, span, options.out, title, options.command, found.sentences())
        said = _as_json(options, found)
        (options.out / "luck.json").write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
        _table(found).write_parquet(options.out / "luck.parquet", metadata=TABLE_MARK)
    came = found.achieved
    lines = [
        ("Asked", f"{job.file.name}: {written(choice.titles()) or 'defaults'}"),
        ("Came to", told(came.return_pct, came.max_drawdown_pct, came.round_trips, came.sharpe_a_year)),
        *(("", each) for each in found.sentences()),
        *((label, str(options.out / name)) for label, name in _FILES),
    ]
    print_lines(console, lines)
    return said


_FILES = (("Report", "report.html"), ("Summary", "luck.json"), ("Table", "luck.parquet"))


def _as_json(options: LuckOptions, found: Luck) -> dict[str, Any]:
    job = options.job
    return {
        "command": options.command,
        **provenance(job.history, job.data, job.terms),
        "strategy": job.file.name,
        "strategy_hash": job.made(options.choice).only.hash,
        "choice": options.choice.as_json(),
        "seed": options.seed,
        "ledger": str(options.ledger),
        **found.as_json(),
    }


def _table(found: Luck) -> pl.DataFrame:
    """Return a row for each backtest: as it was, harder ones, made-up markets."""
    runs = {"as it was": found.achieved.return_pct, **{name: each.return_pct for name, each in found.harder.items()}}
    runs |= {f"made-up market {number}": each for number, each in enumerate(found.markets_pct)}
    return pl.DataFrame({"run": list(runs), "return_pct": list(runs.values())})


def winner_of(folder: Path) -> Choice:
    """Return the numbers of the winner of a search.

    Parameters
    ----------
    folder
        Of its results.

    Returns
    -------
    Choice
        As the search found it.

    Raises
    ------
    BadInputError
        If there is none.
    """
    try:
        winner = json.loads((folder / "search.json").read_text(encoding="utf-8"))["winner"]
        return Choice(winner["strategy"], winner["exits"], winner["account"])
    except (OSError, ValueError, KeyError, TypeError):
        expected = "the folder of a search, with search.json (tradestream optimise writes it)"
        raise BadInputError("--winner", expected, str(folder)) from None
