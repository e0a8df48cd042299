"""A recipe out of sample: what it says of each test part, having learned from what came before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modeling.calibration import Calibrator, fit_calibrator
from modeling.dataset import Dataset, Part
from modeling.judging.judge import Decided
from modeling.kind import Fitted, ModelKind, OnEpoch
from modeling.onnx_model import OnnxModel
from modeling.recipe import Recipe, as_seen_by, fit_recipe, forecast_of
from modeling.splits import Fold, Indices


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


def out_of_sample(recipe: Recipe, data: Dataset, folds: Sequence[Fold], on_epoch: OnEpoch) -> Stitched:
    """Return the recipe's forecasts of all test parts, stitched.

    Each is made by the ONNX file of a model that was fitted on what came before, and calibrated by how the folds
    before did.
    """
    *_, whole = fold_by_fold(recipe, data, folds, on_epoch)
    return whole


def fold_by_fold(recipe: Recipe, data: Dataset, folds: Sequence[Fold], on_epoch: OnEpoch) -> Iterator[Stitched]:
    """Yield what `out_of_sample` gives after each fold: who has seen enough of a recipe asks for no more.

    Yields
    ------
    Stitched
        Of the folds so far.
    """
    kind = recipe.kind
    raw, said, idle, learned = [np.empty(0)], [], [], False
    tested = np.concatenate([fold.test for fold in folds])
    before: Calibrator | None = None
    for fold in folds:
        fitted = fit_recipe(recipe, data, fold.train, on_epoch)
        forecast = _said(kind, fitted, data, fold.test)
        said.append(forecast if before is None else before.apply(forecast))
        idle.append(_idle(kind, fitted, data, fold, before))
        raw.append(forecast)
        learned = learned or fitted.learned
        before = _calibrator(data, tested, np.concatenate(raw), recipe.horizon_bars)
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
    data: Dataset, tested: Indices, forecast: NDArray[np.float64], horizon_bars: int
) -> Calibrator | None:
    """Return what the first forecasts of the samples `tested` say."""
    known = np.isfinite(forecast)
    seen = tested[: len(forecast)][known]
    return fit_calibrator(data.times_ms[seen], data.samples.y[seen], forecast[known], horizon_bars)
