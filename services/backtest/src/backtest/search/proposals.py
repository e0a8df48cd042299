"""Which tries come next: all of a small space, else Optuna's, who learns from generation to generation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from backtest.search.space import Dimension
from contracts.errors import BadInputError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

#: So many are asked for before the first of them is told, whatever the number of workers: they are the same with one.
GENERATION = 8
Places = tuple[int, ...]
_Generations = Generator[list[Places], Sequence[float], None]
#: Takes a generation and returns what each try of it is worth.
Judge = Callable[[Sequence[Places]], Sequence[float]]


def propose(space: Sequence[Dimension], trials: int, seed: int, judge: Judge) -> Iterator[tuple[Places, float]]:
    """Yield tries with what they are worth.

    Nothing of a search has to be kept but what its tries were worth: begun again with the same seed it asks for the
    same ones. A longer search begins with all tries of a shorter one.

    Parameters
    ----------
    space
        Where to look.
    trials
        How many at most.
    seed
        Of all chance.
    judge
        Runs a generation.

    Yields
    ------
    tuple[Places, float]
        Places of the grids, and the score.

    Raises
    ------
    BadInputError
        If Optuna is needed and not installed.
    """
    size = math.prod(each.count for each in space)
    generations = _all_of(space) if size <= trials else _learned(space, trials, seed)
    told: Sequence[float] | None = None
    while True:
        try:
            asked = next(generations) if told is None else generations.send(told)
        except StopIteration:
            return
        told = judge(asked)
        yield from zip(asked, told, strict=True)


def _all_of(space: Sequence[Dimension]) -> _Generations:
    every = itertools.product(*(range(each.count) for each in space))
    while generation := list(itertools.islice(every, GENERATION)):
        yield generation


def _learned(space: Sequence[Dimension], trials: int, seed: int) -> _Generations:
    try:
        import optuna
    except ModuleNotFoundError:
        expected = "Optuna, which the extra search brings (make optimise installs it)"
        raise BadInputError("search", expected, "no module named optuna") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # It counts tries that are under way as poor ones, so that those of a generation lie apart.
    sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    grid: dict[str, BaseDistribution] = {
        each.title: optuna.distributions.IntDistribution(0, each.count - 1) for each in space
    }
    for begin in range(0, trials, GENERATION):
        asked = [study.ask(grid) for _ in range(min(GENERATION, trials - begin))]
        told = yield [tuple(each.params[one.title] for one in space) for each in asked]
        for trial, value in zip(asked, told, strict=True):
            study.tell(trial, value)
