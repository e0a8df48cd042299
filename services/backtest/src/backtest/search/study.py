"""A search: tries after tries, each in the ledger before it is made, and the best of those with enough trades."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backtest.achieved import Achieved
from backtest.search.job import Job, Span
from backtest.search.objectives import has_enough, score
from backtest.search.proposals import Places, propose
from backtest.search.space import Choice, Dimension, Number, choice
from backtest.search.workers import Evaluate
from contracts.errors import TradestreamError
from modeling.judging.sharpe import deflated_sharpe
from modeling.judging.trials import Trial, Tries, tries
from modeling.ledger import Attempt, Ledger


@dataclass(frozen=True)
class Plan:
    """What is searched, and how.

    Parameters
    ----------
    space
        Where.
    fixed
        Parameters of the strategy that are not searched.
    objective, least_trades
        As of `objectives.score`.
    trials
        How many tries at most.
    seed
        Of all chance.
    """

    space: tuple[Dimension, ...]
    fixed: dict[str, Number]
    objective: str
    least_trades: int
    trials: int
    seed: int


@dataclass(frozen=True, slots=True)
class Tried:
    """One try.

    Parameters
    ----------
    number
        From 0 on.
    choice
        Its numbers.
    score, achieved
        What it is worth to the search, and what it came to.
    """

    number: int
    choice: Choice
    score: float
    achieved: Achieved


@dataclass(frozen=True)
class Study:
    """What a search found.

    Parameters
    ----------
    tried
        All tries in their order.
    again
        How many of them had been made before.
    """

    tried: tuple[Tried, ...]
    again: int

    @property
    def winner(self) -> Tried | None:
        """The best, the first of equals; None if none has enough trades."""
        best = max(self.tried, key=lambda each: each.score, default=None)
        return best if best is not None and has_enough(best.score) else None


def search(
    job: Job,
    plan: Plan,
    span: Span,
    ledger: Ledger,
    evaluate: Evaluate,
    made: Callable[[int], None] = lambda _number: None,
) -> Study:
    """Search, and go on where a search of the same was broken off: what is in the ledger is not run again.

    Parameters
    ----------
    job, plan, span
        What, where and on which bars.
    ledger
        Of all tries.
    evaluate
        What runs tries.
    made
        Told how many are done.

    Returns
    -------
    Study
        The same for the same seed, however often it was broken off and whoever evaluates.
    """
    found: list[Achieved] = []
    again = 0

    def judge(asked: Sequence[Places]) -> list[float]:
        nonlocal again
        choices = [choice(plan.space, places, plan.fixed) for places in asked]
        results, known = _made(job, span, ledger, evaluate, choices)
        again += known
        found.extend(results)
        made(len(found))
        return [score(plan.objective, each, plan.least_trades) for each in results]

    proposed = list(propose(plan.space, plan.trials, plan.seed, judge))
    tried = tuple(
        Tried(number, choice(plan.space, places, plan.fixed), value, what)
        for number, ((places, value), what) in enumerate(zip(proposed, found, strict=True))
    )
    return Study(tried, again)


def _made(
    job: Job, span: Span, ledger: Ledger, evaluate: Evaluate, choices: Sequence[Choice]
) -> tuple[list[Achieved], int]:
    """Return what each try came to, and how many of them had been made before."""
    attempts = [job.attempt(each, span) for each in choices]
    ledger.begin(attempts)
    results = ledger.results([each.key for each in attempts])
    known = sum(each.key in results for each in attempts)
    new = {each.key: one for each, one in zip(attempts, choices, strict=True) if each.key not in results}
    for key, result in zip(new, evaluate([(one, span) for one in new.values()]), strict=True):
        results[key] = result.as_json()
        ledger.finish(key, result.sharpe, results[key])
    return [Achieved.of_json(results[each.key]) for each in attempts], known


def run_one(job: Job, one: Choice, span: Span, ledger: Ledger) -> Achieved:
    """Run one try, or return what it came to before: it counts as those of a search do.

    Returns
    -------
    Achieved
        What it came to.
    """
    [found], _ = _made(job, span, ledger, lambda tries: (job.achieved(*each) for each in tries), [one])
    return found


@dataclass(frozen=True, slots=True)
class Deflated:
    """How surely a result is above what the best of as many tries gets by luck.

    Parameters
    ----------
    tries
        How many were ever made on overlapping bars of a same pair, this one included.
    probability
        That its true Sharpe ratio is above theirs.
    """

    tries: int
    probability: float


def deflated(achieved: Achieved, attempt: Attempt, ledger: Ledger) -> Deflated:
    """Return how surely a try is above luck, all tries of the ledger counted.

    Returns
    -------
    Deflated
        By the deflated Sharpe ratio.
    """
    own = Trial(attempt.name, attempt.from_ms, attempt.to_ms, achieved.sharpe)
    counted: Tries = tries(own, ledger.others(attempt))
    return Deflated(counted.count, deflated_sharpe(achieved.facts, counted.count, counted.sharpe_variance))


def run_again(job: Job, winner: Tried, span: Span) -> None:
    """Run the winner once more, here, and hold it against what the search was told.

    Raises
    ------
    TradestreamError
        Naming the first number that differs.
    """
    here = job.achieved(winner.choice, span)
    for name, value in here.as_json().items():
        told = winner.achieved.as_json()[name]
        if told != value:
            raise TradestreamError(f"try {winner.number} is not the same twice: {name} was {told}, is {value}")
