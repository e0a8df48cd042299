"""A search for hyperparameters: every try is a candidate of the study that the gate judges, none is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from loguru import logger
from numpy.typing import NDArray

from contracts.counted import counted
from contracts.errors import BadSettingError
from modeling.dataset import Dataset
from modeling.hyperparameter import Hyperparameter, Number
from modeling.kind import OnEpoch
from modeling.metrics import log_loss
from modeling.model_card import TuningTry
from modeling.recipe import Recipe
from modeling.splits import Fold
from streaming.settings import environment_variable
from training.recipe import Stitched, fold_by_fold, out_of_sample
from training.settings import TrainingSettings

if TYPE_CHECKING:
    import optuna

#: Tries before any may be given up for being worse than the median of those before it.
STARTUP_TRIALS = 5


@dataclass(frozen=True, slots=True)
class Chosen:
    """The recipe of a study that did best, and the others.

    Parameters
    ----------
    recipe, stitched
        The chosen one, and its forecasts out of sample.
    rivals
        Forecasts of the others that were tried to the end.
    given_up
        How many were not.
    tries
        All of them, the chosen one first; empty if nobody searched.
    """

    recipe: Recipe
    stitched: Stitched
    rivals: tuple[NDArray[np.float64], ...] = ()
    given_up: int = 0
    tries: tuple[TuningTry, ...] = ()


@dataclass(frozen=True, slots=True)
class _Try:
    """One that was tried, with its loss as far as it went."""

    recipe: Recipe
    stitched: Stitched
    log_loss: float
    folds: int

    def told(self) -> TuningTry:
        return TuningTry(hyperparameters=dict(self.recipe.hyperparameters), log_loss=self.log_loss, folds=self.folds)


def choose(data: Dataset, folds: Sequence[Fold], settings: TrainingSettings, on_epoch: OnEpoch) -> Chosen:
    """Return the configured recipe, or what a search for its hyperparameters found.

    The search looks at the folds that judge. That is no leak only because the gate knows of it: Hansen's test is over
    all its candidates, and the level that the chosen one must reach falls with their number.

    Parameters
    ----------
    data, folds
        What is trained on, and the folds that judge.
    settings
        With the number of tries; the first is the configured recipe.
    on_epoch
        Is told of each epoch of each try.

    Returns
    -------
    Chosen
        The one of least log loss out of sample.

    Raises
    ------
    BadSettingError
        If there is nothing to search, or Optuna is not installed.
    """
    recipe = settings.recipe
    if not settings.tuning_trials:
        return Chosen(recipe, out_of_sample(recipe, data, folds, on_epoch))
    study, space = _study(recipe, settings), _distributions(recipe.kind.hyperparameters)
    tries = [_tried(study.ask(space), study, recipe, data, folds, on_epoch) for _ in range(settings.tuning_trials)]
    whole = [each for each in tries if each.folds == len(folds)]
    best = min(whole, key=lambda each: each.log_loss)
    others = tuple(each.stitched.forecast for each in whole if each is not best)
    given_up = len(tries) - len(whole)
    logger.info(
        "of {} ({} given up early) {} did best",
        *(counted(len(tries), "try", "tries"), given_up, _words(best.recipe.hyperparameters)),
    )
    told = (best.told(), *(each.told() for each in tries if each is not best))
    return Chosen(best.recipe, best.stitched, others, given_up, told)


def _study(recipe: Recipe, settings: TrainingSettings) -> optuna.Study:
    """Return a study that begins with the configured recipe."""
    trials = environment_variable(TrainingSettings, "tuning_trials")
    if not recipe.kind.hyperparameters:
        expected = f"0 for {recipe.kind.name}, which has no hyperparameters"
        raise BadSettingError(trials, expected, settings.tuning_trials)
    try:
        import optuna
    except ModuleNotFoundError:
        expected = "0, or Optuna, which the extra search brings (make tune installs it)"
        raise BadSettingError(trials, expected, settings.tuning_trials) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="minimize",
        sampler=optuna.samplers.TPESampler(seed=settings.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS),
    )
    study.enqueue_trial(dict(recipe.hyperparameters))
    return study


def _distributions(space: Mapping[str, Hyperparameter]) -> dict[str, optuna.distributions.BaseDistribution]:
    from optuna.distributions import FloatDistribution, IntDistribution

    return {
        name: IntDistribution(int(each.low), int(each.high), log=each.log)
        if isinstance(each.default, int)
        else FloatDistribution(each.low, each.high, log=each.log)
        for name, each in space.items()
        if each.searched
    }


def _tried(
    trial: optuna.Trial,
    study: optuna.Study,
    recipe: Recipe,
    data: Dataset,
    folds: Sequence[Fold],
    on_epoch: OnEpoch,
) -> _Try:
    """Try what the study proposes, fold after fold, until it is clearly worse than others were there."""
    import optuna

    proposed = replace(recipe, hyperparameters={**recipe.hyperparameters, **trial.params})
    y = data.samples.y[np.concatenate([fold.test for fold in folds])]
    for number, stitched in enumerate(fold_by_fold(proposed, data, folds, on_epoch), start=1):
        known = np.isfinite(stitched.forecast)
        loss = log_loss(y[: len(known)][known], stitched.forecast[known])
        trial.report(loss, number)
        if number < len(folds) and trial.should_prune():
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            break
    else:
        study.tell(trial, loss)
    logger.info(
        "try {}: log loss {:.6f} over {} with {}",
        trial.number + 1,
        loss,
        counted(number, "fold"),
        _words(proposed.hyperparameters),
    )
    return _Try(proposed, stitched, loss, number)


def _words(hyperparameters: Mapping[str, Number]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in hyperparameters.items())
