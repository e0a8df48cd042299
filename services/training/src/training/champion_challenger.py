"""Candidate against champion, on samples that have shaped neither."""

from __future__ import annotations

import numpy as np
from loguru import logger

from contracts.errors import BadInputError
from modeling.dataset import Samples
from modeling.gate import ChampionComparison
from modeling.metrics import log_loss
from modeling.model_card import ModelCard
from modeling.onnx_model import OnnxModel
from modeling.registered import StoredModel
from training.fit import Trained, forecast_of

#: With fewer common samples a comparison says nothing.
MIN_SAMPLES = 100


def challenge(trained: Trained, champion: StoredModel) -> ChampionComparison | None:
    """Compare `trained` with `champion` on its validation samples that the champion has not been fitted on.

    Returns
    -------
    ChampionComparison or None
        None, with a line in the log, if they cannot be compared: the champion foresees something else, was trained on
        other inputs, or has seen nearly all of the samples.
    """
    card = champion.card
    try:
        card.check_servable(trained.card.interval_s)
    except BadInputError as error:
        logger.warning("version {} cannot be served any more: {}", champion.version, error)
        return None
    if sees_otherwise(card, trained.card):
        logger.warning("version {} sees other inputs, so it is not compared", champion.version)
        return None
    if card.horizon_bars != trained.card.horizon_bars:
        logger.warning(
            "version {} predicts {} bars ahead, so it is not compared", champion.version, card.horizon_bars
        )
        return None
    data, validation = trained.data, trained.validation
    unseen = data.times_ms[validation] >= card.validated_from_ms
    common = np.flatnonzero(unseen & (data.run_lengths[validation] >= card.sequence_length))
    if len(common) < MIN_SAMPLES:
        logger.warning("version {} has seen all but {} of the samples: not compared", champion.version, len(common))
        return None
    chosen = data.samples.at(validation[common])
    as_champion_sees = Samples(chosen.bars, chosen.ends, card.sequence_length, chosen.y)
    forecast = forecast_of(OnnxModel(champion.onnx, card.output).predict_many, as_champion_sees)
    candidate = log_loss(chosen.y, trained.forecast[common])
    return ChampionComparison(champion.version, candidate, log_loss(chosen.y, forecast), len(common))


def sees_otherwise(champion: ModelCard, candidate: ModelCard) -> bool:
    """Return whether `champion` can be served and sees other inputs: somebody's own model, which no job replaces."""
    try:
        champion.check_servable(candidate.interval_s)
    except BadInputError:
        return False
    return champion.input_names != candidate.input_names
