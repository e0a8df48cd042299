"""A walk forward: search, try, and begin the next test with what the last one left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from backtest.achieved import Achieved, achieved, equity_of, returns_of
from backtest.decided import DECISIONS, Decided
from backtest.engine import Outcome
from backtest.provenance import digest_of
from backtest.search.folds import Fold
from backtest.search.job import Job, Span
from backtest.search.space import Dimension
from backtest.search.study import Plan, Tried, search
from backtest.search.workers import Evaluate
from modeling.judging.sharpe import SharpeFacts
from modeling.ledger import Ledger

Floats = NDArray[np.float64]
#: What a fold of this number is searched and tried with, and what runs its tries.
Prepare = Callable[[int, Fold], AbstractContextManager[tuple[Job, Evaluate]]]


@dataclass(frozen=True)
class Walked:
    """One fold.

    Parameters
    ----------
    fold
        Its bars.
    winner
        The best of its search; None if none had enough trades, and then nothing was traded.
    tested
        What the winner came to on the bars after those.
    times_ms, equity
        When each tested bar began, and the equity after it.
    """

    fold: Fold
    winner: Tried | None
    tested: Achieved | None
    times_ms: NDArray[np.int64]
    equity: Floats


@dataclass(frozen=True)
class Walk:
    """All folds, one after the other.

    Parameters
    ----------
    folds
        In the order of time.
    initial
        What the first test began with, quote currency.
    """

    folds: tuple[Walked, ...]
    initial: float

    @property
    def curve(self) -> Floats:
        """Equity before the first tested bar and after each: no bar of it was searched on before."""
        return np.concatenate([[self.initial], *(each.equity for each in self.folds)])

    @property
    def facts(self) -> SharpeFacts:
        """Of the returns of all tested bars."""
        return SharpeFacts.of(returns_of(self.curve))

    def efficiency(self) -> float | None:
        """Return which part of the Sharpe ratio that the searches saw was left on the bars after them.

        Returns
        -------
        float | None
            None if they saw none above 0.
        """
        both = [
            (each.tested.sharpe, each.winner.achieved.sharpe)
            for each in self.folds
            if each.winner is not None and each.tested is not None
        ]
        seen = sum(before for _, before in both)
        return sum(after for after, _ in both) / seen if seen > 0 else None


@dataclass(frozen=True, slots=True)
class Stability:
    """How much a number moved from fold to fold.

    Parameters
    ----------
    title
        Its name.
    values
        Of the winner of each fold that has one.
    spread
        Standard deviation as a part of the width of its range: 0 is still; numbers drawn evenly have about 0.29.
    """

    title: str
    values: tuple[float, ...]
    spread: float


def unchanged(job: Job, evaluate: Evaluate) -> Prepare:
    """Return what prepares nothing: every fold has the same bars, and what came with them.

    Returns
    -------
    Prepare
        For `walk`.
    """
    return lambda _number, _fold: nullcontext((job, evaluate))


def walk(
    job: Job,
    plan: Plan,
    folds: Sequence[Fold],
    ledger: Ledger,
    prepare: Prepare,
    made: Callable[[int], None] = lambda _number: None,
) -> Walk:
    """Search on each fold's first bars, and try its winner on the others.

    Parameters
    ----------
    job, plan, folds
        What, where, and on which bars.
    ledger
        Of all tries; the tests are in it, too.
    prepare
        What a fold is searched and tried with; models may be trained anew for each.
    made
        Told how many tries are done.

    Returns
    -------
    Walk
        The same for the same seed, however often it was broken off.
    """
    initial = float(job.account.initial_balance_quote)
    money, found = initial, []
    for number, fold in enumerate(folds):
        begun = number * plan.trials
        with prepare(number, fold) as (own, evaluate):
            study = search(own, plan, fold.train, ledger, evaluate, lambda done, begun=begun: made(begun + done))  # type: ignore[misc]
        tested = _tested(own, fold, study.winner, money, ledger)
        money = float(tested.equity[-1])
        found.append(tested)
    return Walk(tuple(found), initial)


def _tested(job: Job, fold: Fold, winner: Tried | None, money: float, ledger: Ledger) -> Walked:
    if winner is None:
        times = _times(job, fold.test)
        return Walked(fold, None, None, times, np.full(len(times), money))
    funded = replace(job, account=job.account.model_copy(update={"initial_balance_quote": Decimal(f"{money:.8f}")}))
    attempt = funded.attempt(winner.choice, fold.test)
    # Sold at the end, it comes to something else than the same numbers in a search.
    attempt = replace(attempt, key=digest_of(attempt.key, "sold at the end"))
    ledger.begin([attempt])
    outcome = sold_at_end(funded, winner, fold.test)
    came = achieved(outcome)
    ledger.finish(attempt.key, came.sharpe, came.as_json())
    return Walked(fold, winner, came, outcome.market.starts_ms, equity_of(outcome)[1:])


def _times(job: Job, span: Span) -> NDArray[np.int64]:
    starts = np.unique(np.concatenate([job.history.pairs[pair].starts_ms for pair in job.account.pairs]))
    times: NDArray[np.int64] = starts[(starts >= span.from_ms) & (starts < span.to_ms)]
    return times


def sold_at_end(job: Job, winner: Tried, span: Span) -> Outcome:
    """Run a winner over a span and let it end with nothing held: the next fold has other numbers.

    Returns
    -------
    Outcome
        Of the engine; the sale is decided with the last bar but one.
    """
    account = job.made(winner.choice).account
    decided = {}
    for pair, said in job.decided(winner.choice, span.to_ms).items():
        begin = int(np.searchsorted(said.bars.starts_ms, span.from_ms))
        decided[pair] = _leaving(said[begin:])
    return job.traded(account, decided)


def _leaving(said: Decided) -> Decided:
    targets, decisions = said.targets.copy(), said.decisions.copy()
    targets[-2:], decisions[-2:] = 0, DECISIONS.index("sell")
    return replace(said, targets=targets, decisions=decisions)


def stability(walked: Walk, space: Sequence[Dimension]) -> list[Stability]:
    """Return how much each number moved from fold to fold.

    Returns
    -------
    list[Stability]
        In the order of the space; empty values where no fold has a winner.
    """
    winners = [each.winner.choice.titles() for each in walked.folds if each.winner is not None]
    found = []
    for each in space:
        values = tuple(float(winner[each.title]) for winner in winners)
        width = float(each.high) - float(each.low)
        spread = float(np.std(values)) / width if values and width else 0.0
        found.append(Stability(each.title, values, spread))
    return found
