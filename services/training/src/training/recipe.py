"""A recipe: a kind of model with its settings, fitted on whatever part of history it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from contracts.counted import counted
from contracts.errors import TradestreamError
from contracts.units import MS_PER_SECOND
from modeling.dataset import Dataset, Samples
from modeling.kind import Fitted, ModelKind, OnEpoch
from modeling.onnx_model import OnnxModel
from modeling.splits import Fold, Indices, hold_out
from training.settings import TrainingSettings


class TooFewRowsError(TradestreamError):
    """There is not enough history to train on."""


def horizon_ms(settings: TrainingSettings) -> int:
    """Return how far a label reaches ahead."""
    return settings.horizon_bars * settings.interval_s * MS_PER_SECOND


def fit_recipe(
    kind: ModelKind, data: Dataset, part: Indices, settings: TrainingSettings, on_epoch: OnEpoch
) -> Fitted:
    """Fit `kind` on a part of `data`, whose last tenth or so only says when to stop or what to choose.

    Raises
    ------
    TooFewRowsError
        If there are no rises, or no falls, to learn from or to choose by.
    """
    seen = part[data.run_lengths[part] >= kind.sequence_length]
    train, tune = (
        as_seen_by(kind, data.samples.at(seen[each]))
        for each in hold_out(data.times_ms[seen], horizon_ms(settings), settings.tune_fraction)
    )
    for name, samples in (("train", train), ("tune", tune)):
        if len(np.unique(samples.y)) < 2:
            found = counted(len(samples), "sample")
            raise TooFewRowsError(f"expected rises and falls in the {name} part, was {found} of one kind")
    return kind.load()(train, tune, seed=settings.seed, epochs=settings.epochs, on_epoch=on_epoch)


def as_seen_by(kind: ModelKind, samples: Samples) -> Samples:
    """Return the same samples with sequences as long as `kind` takes."""
    return Samples(samples.bars, samples.ends, kind.sequence_length, samples.y)


def forecast_of(model: Callable[[NDArray[np.float32]], NDArray[np.float64]], part: Samples) -> NDArray[np.float64]:
    """Return the probabilities `model` gives `part`."""
    return np.concatenate([model(x) for x in part.chunks()] or [np.empty(0)])


def out_of_sample(
    kind: ModelKind, data: Dataset, folds: Sequence[Fold], settings: TrainingSettings, on_epoch: OnEpoch
) -> tuple[NDArray[np.float64], bool]:
    """Return the recipe's forecasts of all test parts, stitched, and whether it learned anything in any fold.

    Each is made by the ONNX file of a model that was fitted on what came before. NaN where a sequence is not full.
    """
    stitched, learned = [], False
    for fold in folds:
        fitted = fit_recipe(kind, data, fold.train, settings, on_epoch)
        full = data.run_lengths[fold.test] >= kind.sequence_length
        forecast = np.full(len(fold.test), np.nan)
        tested = as_seen_by(kind, data.samples.at(fold.test[full]))
        forecast[full] = forecast_of(OnnxModel(fitted.onnx).predict_many, tested)
        stitched.append(forecast)
        learned = learned or fitted.learned
    return np.concatenate(stitched), learned
