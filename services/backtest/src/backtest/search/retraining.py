"""A walk forward whose models are trained anew in each fold, on what came before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from backtest.feature_rows import pair_columns
from backtest.forecasts import Forecasts
from backtest.history import History
from backtest.provenance import data_digest
from backtest.search.folds import Fold
from backtest.search.job import Job
from backtest.search.versions import OF_FOLD, Version, versions_of
from backtest.search.workers import Evaluate, evaluator
from contracts.errors import BadInputError
from modeling.dataset import Dataset, dataset_of
from modeling.facts import Answer
from modeling.input_list import input_list
from modeling.recipe import Recipe, TooFewRowsError


class Retraining:
    """Trains a fold's models when the fold is begun.

    Parameters
    ----------
    job
        With the bars; predictions that came with them are not looked at.
    recipe
        How.
    workers
        Processes that run a fold's tries.

    Attributes
    ----------
    folds
        Of each fold that was begun, its versions, that of the test last.

    Raises
    ------
    BadInputError
        If the strategy takes what several models say.
    """

    def __init__(self, job: Job, recipe: Recipe, workers: int) -> None:
        models = job.models
        if len(models) != 1:
            expected = "a strategy that takes what one model says, or --model published"
            raise BadInputError("--model", expected, " and ".join(models) or "a strategy that takes no predictions")
        [self.model] = models
        self.folds: list[list[Version]] = []
        self._job, self._recipe, self._workers = job, recipe, workers
        pairs = [job.history.pairs[pair] for pair in job.account.pairs]
        self._pairs = sorted(pairs, key=lambda bars: (bars.exchange, bars.pair))  # as a data set numbers them
        rows = {(bars.exchange, bars.pair): pair_columns(bars, input_list()) for bars in self._pairs}
        self._data: Dataset = dataset_of(rows, recipe.kind.sequence_length, recipe.horizon_bars, recipe.interval_s)

    @contextmanager
    def prepare(self, number: int, fold: Fold) -> Iterator[tuple[Job, Evaluate]]:
        """Train a fold's models and yield its job, whose bars come with what they say, and what runs its tries.

        Parameters
        ----------
        number
            Of the fold, from 0.
        fold
            Its bars.

        Yields
        ------
        tuple[Job, Evaluate]
            Without a bar behind the fold's test.

        Raises
        ------
        TooFewRowsError
            If there is too little to train on.
        """
        try:
            versions = versions_of(self._data, self._recipe, fold, number * OF_FOLD)
        except TooFewRowsError as error:
            raise TooFewRowsError(f"fold {number}: {error}") from None
        self.folds.append(versions)
        history = self._with_predictions(versions, fold.test.to_ms)
        job = replace(self._job, history=history, data=data_digest(history))
        with evaluator(job, self._workers) as evaluate:
            yield job, evaluate

    def _with_predictions(self, versions: Iterable[Version], until_ms: int) -> History:
        found = [Forecasts(bars) for bars in self._pairs]
        for version in versions:
            self._ask(version, found)
        pairs = {}
        for bars, each in zip(self._pairs, found, strict=True):
            until = int(bars.starts_ms.searchsorted(until_ms))
            pairs[bars.pair] = each.bars(until, self.model, self._recipe.horizon_bars)
        return History(pairs, self._job.history.notes)

    def _ask(self, version: Version, found: list[Forecasts]) -> None:
        """Ask a version of its bars, as serving does of rows as they come."""
        for each in found:
            each.ask(version.number, version.speaks.from_ms, version.speaks.to_ms)
        every = self._data.every
        for sample, up, novelty in zip(version.asked(every), *version.said(self._recipe, every), strict=True):
            answer = Answer(float(up), float(novelty))
            of_pair = found[every.pair_numbers[sample]]
            of_pair.answer(int(every.times_ms[sample]), answer, version.threshold)
