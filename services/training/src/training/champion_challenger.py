"""Candidate against champion: recipe against recipe on the same folds, or weights against weights on what is new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from loguru import logger
from numpy.typing import NDArray

from contracts.errors import BadInputError
from modeling.dataset import Dataset, Samples
from modeling.input_list import input_list
from modeling.kinds import MODELS
from modeling.model_card import ModelCard
from modeling.onnx_model import OnnxModel
from modeling.recipe import Recipe, forecast_of
from modeling.registered import StoredModel
from modeling.splits import Fold
from training.recipe import out_of_sample
from training.settings import TrainingSettings

CHAMPION = "champion"


@dataclass(frozen=True, slots=True)
class Meeting:
    """How a candidate meets the champion.

    Parameters
    ----------
    bars
        The champion's forecasts, to be beaten; empty if there is nothing to beat.
    refit_of
        If the candidate is a refit of the champion's own proven recipe: what the champion's weights say of samples
        that they have not seen, NaN of the others.
    """

    bars: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    refit_of: NDArray[np.float64] | None = None


def meet(
    champion: StoredModel | None,
    recipe: Recipe,
    data: Dataset,
    folds: Sequence[Fold],
    settings: TrainingSettings,
) -> Meeting:
    """Return how a candidate of `recipe` meets the champion on the folds' test parts.

    A champion of another recipe that can be trained here is fitted on the same folds, so both have seen the same. Of
    a refit of the champion's recipe, and of a champion that cannot be fitted here, the weights themselves speak, on
    samples after all that they were trained on. One that cannot be compared is none: a line in the log says why.
    """
    if champion is None or (why := _incomparable(champion.card, settings)):
        if champion is not None:
            logger.warning("version {} {}: not compared", champion.version, why)
        return Meeting()
    card = champion.card
    rival = _recipe_of(card, recipe)
    if card.kind == recipe.kind.name and not card.proven:
        return Meeting()  # no bar: the naive forecasts are
    if rival == recipe:
        return Meeting(refit_of=_unseen(champion, data, folds))
    if rival is not None and rival.kind.is_installed():
        return Meeting({CHAMPION: out_of_sample(rival, data, folds, lambda *_: None).forecast})
    return Meeting({CHAMPION: _unseen(champion, data, folds)})


def _recipe_of(card: ModelCard, candidate: Recipe) -> Recipe | None:
    """Return the recipe of a version, fitted as the candidate is; None if this code has no such recipe any more."""
    kind = MODELS.get(card.kind)
    try:
        return None if kind is None else replace(candidate, kind=kind, hyperparameters=card.hyperparameters)
    except BadInputError:
        return None


def _incomparable(card: ModelCard, settings: TrainingSettings) -> str | None:
    """Return why a champion of this card cannot be compared; None if it can."""
    try:
        card.check_servable(settings.interval_s)
    except BadInputError as error:
        return f"cannot be served any more ({error})"
    if sees_otherwise(card, settings):
        return "sees other inputs"
    if card.horizon_bars != settings.horizon_bars:
        return f"predicts {card.horizon_bars} bars ahead"
    if card.label != settings.label_rule:
        return f"foresees something else ({card.label})"
    return None


def _unseen(champion: StoredModel, data: Dataset, folds: Sequence[Fold]) -> NDArray[np.float64]:
    """Return what the champion's weights say of each test sample after their training; NaN of the others."""
    card = champion.card
    tested = np.concatenate([fold.test for fold in folds])
    fresh = (data.times_ms[tested] >= card.trained_to_ms) & (data.run_lengths[tested] >= card.sequence_length)
    chosen = data.samples.at(tested[fresh])
    as_champion_sees = Samples(chosen.bars, chosen.ends, card.sequence_length, chosen.y)
    forecast = np.full(len(tested), np.nan)
    forecast[fresh] = forecast_of(OnnxModel(champion.onnx, card.output).predict_many, as_champion_sees)
    return forecast


def sees_otherwise(champion: ModelCard, settings: TrainingSettings) -> bool:
    """Return whether `champion` can be served and sees other inputs: somebody's own model, which no job replaces."""
    try:
        champion.check_servable(settings.interval_s)
    except BadInputError:
        return False
    return champion.input_names != input_list().names
