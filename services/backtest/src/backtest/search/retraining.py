"""A walk forward whose models are trained anew in each fold, on what came before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backtest.bars import GAP, Bars
from backtest.decided import NOTHING_SAID
from backtest.feature_rows import feature_rows
from backtest.history import History
from backtest.provenance import data_digest
from backtest.search.folds import Fold
from backtest.search.job import Job
from backtest.search.versions import OF_FOLD, Version, versions_of
from backtest.search.workers import Evaluate, evaluator
from contracts.errors import BadInputError
from contracts.prediction import PredictionReason
from features.given import Predicted
from modeling.dataset import Dataset, build_dataset
from modeling.facts import NOVELTY_DIGITS
from modeling.recipe import Recipe, TooFewRowsError

#: As `predictions` rounds what leaves it.
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a version said of a bar."""

    version: int
    reason: PredictionReason
    up: float | None = None


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
        rows = (row for bars in self._pairs for row in feature_rows(bars))
        self._data: Dataset = build_dataset(rows, recipe.kind.sequence_length, recipe.horizon_bars, recipe.interval_s)

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
        answers: list[dict[int, _Answer]] = [{} for _ in self._pairs]
        for version in versions:
            self._ask(version, answers)
        pairs = {}
        for bars, of_pair in zip(self._pairs, answers, strict=True):
            before = bars[: int(np.searchsorted(bars.starts_ms, until_ms))]
            pairs[bars.pair] = _predicted(before, of_pair, self.model, self._recipe.horizon_bars)
        return History(pairs, self._job.history.notes)

    def _ask(self, version: Version, answers: list[dict[int, _Answer]]) -> None:
        """Ask a version of its bars, as serving does of rows as they come."""
        for bars, of_pair in zip(self._pairs, answers, strict=True):
            begin, end = np.searchsorted(bars.starts_ms, (version.speaks.from_ms, version.speaks.to_ms))
            for place in range(int(begin), int(end)):
                gap = bars.qualities[place] == GAP
                of_pair[place] = _Answer(version.number, "gap" if gap else "not_warm")
        every = self._data.every
        said = zip(version.asked(every), *version.said(self._recipe, every), strict=True)
        for sample, up, novelty in said:
            number = every.pair_numbers[sample]
            place = int(np.searchsorted(self._pairs[number].starts_ms, every.times_ms[sample]))
            strange = round(float(novelty), NOVELTY_DIGITS) > version.threshold
            found = _Answer(version.number, "unfamiliar")
            answers[number][place] = found if strange else _Answer(version.number, "ok", round(float(up), _DIGITS))


def _predicted(bars: Bars, answers: dict[int, _Answer], model: str, horizon_bars: int) -> Bars:
    """Return bars with what was said of them, as `run_folders` reads it of a run."""
    rows: list[dict[str, Any]] = [{**NOTHING_SAID, "reason": None} for _ in range(len(bars))]
    for place, each in answers.items():
        window = f"{bars.exchange}:{bars.pair}:{bars.interval_s}:{bars.starts_ms[place]}"
        rows[place] = {
            **_said(each.up),
            "reason": each.reason,
            "horizon_bars": horizon_bars,
            "model_name": model,
            "model_version": each.version,
            "prediction_id": f"{window}:{model}:{each.version}",
        }
    said = {name: [row[name] for row in rows] for name in (*NOTHING_SAID, "reason")}
    # As signals takes it: nothing is said where the model leans to neither side.
    leans = np.array([bool(direction) for direction in said["direction"]], dtype=bool)
    given = {
        f"{model}.{name}": np.where(leans, np.array(said[name], dtype=np.float64), np.nan)
        for name in Predicted._fields
    }
    return replace(bars.with_given(given), said=said)


def _said(up: float | None) -> dict[str, Any]:
    if up is None:
        return {"probability_up": None, "confidence": None, "direction": 0}
    direction = 0 if up == 0.5 else 1 if up > 0.5 else -1
    return {"probability_up": up, "confidence": round(max(up, 1 - up), _DIGITS), "direction": direction}
