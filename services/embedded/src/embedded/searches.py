"""The options of `tradestream optimise` and of what else asks many backtests, read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from backtest.command import prepared
from backtest.plan import asked_of
from backtest.provenance import data_digest
from backtest.search.job import Job
from backtest.search.objectives import OBJECTIVES
from backtest.search.space import Choice, space_of
from backtest.search.study import Plan
from backtest.strategies_of import chosen
from contracts.account import Account
from contracts.errors import BadInputError
from contracts.nearest import did_you_mean
from embedded.backtests import Money, Typed, options_of
from modeling.kinds import MODELS, TRAINING_KIND
from modeling.recipe import Recipe

_LEDGER = "tries.db"
#: In place of a kind of model: predictions as they came with the bars.
PUBLISHED = "published"


def job_of(
    typed: Typed, money: Money, out: Path, *, replace: bool, predictions: bool = True, on_engine: bool = False
) -> Job:
    """Return bars, an account and its strategy; predictions of a run come along only if they are asked for.

    Raises
    ------
    BadInputError
        If an option cannot be used, or there are several accounts, or strategies.
    """
    options = options_of(typed, money, out, replace=replace)
    if len(options.accounts) > 1:
        named = ", ".join(each.name for each in options.accounts)
        raise BadInputError("--accounts", "a file with one account: a search is of one", named)
    if several := [each.strategy for one in options.accounts for each in one.strategies]:
        raise BadInputError("--accounts", "an account with one strategy: a search is of one", ", ".join(several))
    known = [chosen(each) for each in options.accounts]
    history, terms, _ = prepared(options, known, predictions=predictions)
    [each] = known or [chosen(Account.model_validate({**options.account, "pairs": tuple(history.pairs)}))]
    if missing := [pair for pair in each.account.pairs if pair not in history.pairs]:
        raise BadInputError(f"{each.account.name}.pairs", f"pairs of {', '.join(history.pairs)}", missing[0])
    asked_of([each], history.interval_s)  # what a strategy cannot say is told before anything is tried
    return Job(history, each.account, each.only.file, terms, data_digest(history), on_engine)


def recipe_of(job: Job, model: str | None, horizon_bars: int) -> Recipe | None:
    """Return how models are trained anew in each fold; None where none are.

    Raises
    ------
    BadInputError
        If there is no such kind of model, it is not installed, or the strategy takes no predictions.
    """
    if not job.models and model is not None:
        raise BadInputError("--model", f"a strategy that takes predictions, which {job.file.name} does not", model)
    if not job.models or model == PUBLISHED:
        return None
    kind = MODELS.get(model or TRAINING_KIND)
    if kind is None:
        known = (*MODELS, PUBLISHED)
        raise BadInputError("--model", f"one of {', '.join(known)}{did_you_mean(str(model), known)}", model)
    if (lacks := kind.lacks()) is not None:
        raise BadInputError("--model", "a kind of model that can be trained here", lacks)
    return Recipe(kind, job.history.interval_s, horizon_bars)


def choice_of(job: Job) -> Choice:
    """Return the numbers that the account was given, and no other."""
    return Choice(dict(job.account.parameters), {}, {})


def plan_of(
    job: Job,
    parameters: Sequence[str],
    ranges: Sequence[str],
    objective: str,
    least_trades: int,
    trials: int,
    seed: int,
) -> Plan:
    """Return what is searched, and how.

    Raises
    ------
    BadInputError
        If a range or the objective cannot be used.
    """
    if objective not in OBJECTIVES:
        raise BadInputError(
            "--objective", f"one of {', '.join(OBJECTIVES)}{did_you_mean(objective, OBJECTIVES)}", objective
        )
    fixed = dict(job.account.parameters)
    space = space_of(job.file.kind, ranges, fixed)
    return Plan(space, fixed, objective, least_trades, trials, seed)


def ledger_of(given: Path | None, out: Path) -> Path:
    """Return the file of all tries: one for all folders of results that lie side by side."""
    return given or out.parent / _LEDGER
