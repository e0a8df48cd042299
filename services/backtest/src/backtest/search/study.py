"""A search: tries after tries, each in the ledger before it is made, and the best of those with enough trades."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from backtest.achieved import ENGINE, KERNEL, Achieved
from backtest.search.job import Job, Span
from backtest.search.objectives import has_enough, score
from backtest.search.proposals import Places, propose
from backtest.search.space import Choice, Dimension, Number, choice
from backtest.search.tries import TryMaker
from backtest.search.workers import Evaluate
from contracts.errors import TradestreamError
from modeling.judging.sharpe import deflated_sharpe
from modeling.judging.trials import Trial, Tries, tries
from modeling.ledger import Attempt, Ledger

#: So many of the best that the kernel made are made again on the engine.
HELD = 10


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
    held
        By number, what the best of those that the kernel made came to on the engine, which trades the same.
    """

    tried: tuple[Tried, ...]
    again: int
    held: Mapping[int, Achieved] = field(default_factory=dict)

    @property
    def best(self) -> list[Tried]:
        """Those with enough trades, the best first, of equals the earlier."""
        enough = [each for each in self.tried if has_enough(each.score)]
        return sorted(enough, key=lambda each: -each.score)

    @property
    def winner(self) -> Tried | None:
        """The best, with what it came to on the engine; None if none has enough trades."""
        for each in self.best:
            return replace(each, achieved=self.held.get(each.number, each.achieved))
        return None


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
    study = Study(tried, again)
    return replace(study, held=_held(job, study, span))


def _held(job: Job, study: Study, span: Span) -> dict[int, Achieved]:
    """Make the best tries of the kernel's on the engine, which has to trade the same."""
    make, best = TryMaker(job), dict[str, Tried]()
    for each in study.best:
        best.setdefault(repr(each.choice), each)
    first = list(best.values())[:HELD]
    known = [each for each in first if each.achieved.by == KERNEL]
    held = make.held([(each.choice, span) for each in known])
    return {each.number: found for each, found in zip(known, held, strict=True)}


def _made(
    job: Job, span: Span, ledger: Ledger, evaluate: Evaluate, choices: Sequence[Choice]
) -> tuple[list[Achieved], int]:
    """Return what each try came to, and how many of them had been made before."""
    attempts = [job.attempt(each, span) for each in choices]
    ledger.begin(attempts)
    makers = {each.key: job.makers(one) for each, one in zip(attempts, choices, strict=True)}
    # What was made in another way is not the same to the last digit, and a search follows from its scores.
    before = ledger.results([each.key for each in attempts])
    results = {key: found for key, found in before.items() if found.get("by", ENGINE) in makers[key]}
    known = sum(each.key in results for each in attempts)
    new = {each.key: one for each, one in zip(attempts, choices, strict=True) if each.key not in results}
    for key, result in zip(new, evaluate([(one, span) for one in new.values()]), strict=True):
        results[key] = result.as_json()
        ledger.finish(key, result.sharpe, results[key])
    return [Achieved.of_json(results[each.key]) for each in attempts], known


def run_one(job: Job, one: Choice, span: Span, ledger: Ledger) -> Achieved:
    """Run one try on the engine, or return what it came to there before: it counts as those of a search do.

    Returns
    -------
    Achieved
        What it came to.
    """
    job = replace(job, on_engine=True)
    [found], _ = _made(job, span, ledger, TryMaker(job), [one])
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
    # Whoever was asked first: of a try that the kernel gave up, what is told is the engine's too.
    here = replace(job.achieved(winner.choice, span), by=winner.achieved.by)
    for name, value in here.as_json().items():
        told = winner.achieved.as_json()[name]
        if told != value:
            raise TradestreamError(f"try {winner.number} is not the same twice: {name} was {told}, is {value}")
