"""A recipe: a kind of model with its hyperparameters, fitted on whatever part of history it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contracts.counted import counted
from contracts.errors import TradestreamError
from contracts.units import MS_PER_SECOND
from modeling.calibration import Calibrator, fit_calibrator
from modeling.dataset import Dataset, Part, Samples
from modeling.judging.judge import Decided
from modeling.kind import Fitted, ModelKind, OnEpoch
from modeling.onnx_model import OnnxModel
from modeling.recipe import Recipe
from modeling.splits import Fold, Indices, hold_out
from training.settings import TrainingSettings


class TooFewRowsError(TradestreamError):
    """There is not enough history to train on."""


def horizon_ms(settings: TrainingSettings) -> int:
    """Return how far a label reaches ahead."""
    return settings.horizon_bars * settings.interval_s * MS_PER_SECOND


def fit_recipe(recipe: Recipe, data: Dataset, part: Indices, settings: TrainingSettings, on_epoch: OnEpoch) -> Fitted:
    """Fit a recipe on a part of `data`, whose last tenth or so only says when to stop or what to choose.

    Raises
    ------
    TooFewRowsError
        If there are no rises, or no falls, to learn from or to choose by.
    """
    kind = recipe.kind
    seen = part[data.run_lengths[part] >= kind.sequence_length]
    train, tune = (
        as_seen_by(kind, data.samples.at(seen[each]))
        for each in hold_out(data.times_ms[seen], horizon_ms(settings), settings.tune_fraction)
    )
    for name, samples in (("train", train), ("tune", tune)):
        if len(np.unique(samples.y)) < 2:
            found = counted(len(samples), "sample")
            raise TooFewRowsError(f"expected rises and falls in the {name} part, was {found} of one kind")
    return kind.load()(
        *(train, tune),
        seed=settings.seed,
        epochs=settings.epochs,
        on_epoch=on_epoch,
        hyperparameters=recipe.hyperparameters,
    )


def as_seen_by(kind: ModelKind, samples: Samples) -> Samples:
    """Return the same samples with sequences as long as `kind` takes."""
    return Samples(samples.bars, samples.ends, kind.sequence_length, samples.y)


def forecast_of(model: Callable[[NDArray[np.float32]], NDArray[np.float64]], part: Samples) -> NDArray[np.float64]:
    """Return the probabilities `model` gives `part`."""
    return np.concatenate([model(x) for x in part.chunks()] or [np.empty(0)])


@dataclass(frozen=True, slots=True)
class Stitched:
    """What a recipe said of all test parts.

    Parameters
    ----------
    forecast
        Probabilities, each by a model that had not seen the sample; NaN where a sequence is not full.
    idle
        What it said of bars of label 0 while it was judged, and which ones they are.
    learned
        Whether it learned anything in any fold.
    calibrator
        What all of them together say of the recipe's boldness: for the model that is fitted on everything.
    """

    forecast: NDArray[np.float64]
    idle: Decided
    learned: bool
    calibrator: Calibrator | None


def out_of_sample(
    recipe: Recipe, data: Dataset, folds: Sequence[Fold], settings: TrainingSettings, on_epoch: OnEpoch
) -> Stitched:
    """Return the recipe's forecasts of all test parts, stitched.

    Each is made by the ONNX file of a model that was fitted on what came before, and calibrated by how the folds
    before did.
    """
    *_, whole = fold_by_fold(recipe, data, folds, settings, on_epoch)
    return whole


def fold_by_fold(
    recipe: Recipe, data: Dataset, folds: Sequence[Fold], settings: TrainingSettings, on_epoch: OnEpoch
) -> Iterator[Stitched]:
    """Yield what `out_of_sample` gives after each fold: who has seen enough of a recipe asks for no more.

    Yields
    ------
    Stitched
        Of the folds so far.
    """
    raw, said, idle, learned = [np.empty(0)], [], [], False
    tested = np.concatenate([fold.test for fold in folds])
    before: Calibrator | None = None
    for fold in folds:
        fitted = fit_recipe(recipe, data, fold.train, settings, on_epoch)
        forecast = _said(recipe.kind, fitted, data, fold.test)
        said.append(forecast if before is None else before.apply(forecast))
        idle.append(_idle(recipe.kind, fitted, data, fold, before))
        raw.append(forecast)
        learned = learned or fitted.learned
        before = _calibrator(data, tested, np.concatenate(raw), settings)
        yield Stitched(np.concatenate(said), Decided.joined(idle), learned, before)


def _said(kind: ModelKind, fitted: Fitted, part: Part, chosen: Indices) -> NDArray[np.float64]:
    """Return what the model says of the samples `chosen`; NaN where a sequence is not full."""
    full = part.run_lengths[chosen] >= kind.sequence_length
    forecast = np.full(len(chosen), np.nan)
    judging = as_seen_by(kind, part.samples.at(chosen[full]))
    forecast[full] = forecast_of(OnnxModel(fitted.onnx).predict_many, judging)
    return forecast


def _idle(kind: ModelKind, fitted: Fitted, data: Dataset, fold: Fold, before: Calibrator | None) -> Decided:
    """Return what the model says of the idle bars between the samples that it is judged on."""
    idle, judged_ms = data.idle, data.times_ms[fold.test]
    within = (idle.times_ms >= judged_ms.min(initial=np.iinfo(np.int64).max)) & (
        idle.times_ms <= judged_ms.max(initial=-1)
    )
    chosen = np.flatnonzero(within)
    said = _said(kind, fitted, idle, chosen)
    said = said if before is None else before.apply(said)
    return Decided(idle.times_ms[chosen], idle.pair_numbers[chosen], idle.next_opens[chosen], said)


def _calibrator(
    data: Dataset, tested: Indices, forecast: NDArray[np.float64], settings: TrainingSettings
) -> Calibrator | None:
    """Return what the first forecasts of the samples `tested` say."""
    known = np.isfinite(forecast)
    seen = tested[: len(forecast)][known]
    return fit_calibrator(data.times_ms[seen], data.samples.y[seen], forecast[known], settings.horizon_bars)
