"""Training: rows in, a registered model out, promoted if it deserves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from loguru import logger
from numpy.typing import NDArray

from contracts.counted import counted
from contracts.errors import TradestreamError
from contracts.units import MS_PER_SECOND
from features import ANCHOR_BARS, feature_set
from modeling.dataset import Dataset, Samples
from modeling.input_list import input_list
from modeling.inputs import INPUT_NAMES
from modeling.kind import Fitted, ModelKind, OnEpoch
from modeling.kinds import MODELS
from modeling.metrics import constant_forecast, momentum_forecast, report
from modeling.model_card import ModelCard
from modeling.onnx_model import OnnxModel
from modeling.splits import Indices, Split, purged_split
from training.settings import TrainingSettings

#: Largest difference between the trained model and the ONNX file that is served.
PARITY = 1e-5

_LOG_RETURN = INPUT_NAMES.index("log_return")


class TooFewRowsError(TradestreamError):
    """There is not enough history to train on."""


class ParityError(TradestreamError):
    """The ONNX file does not say what the trained model says."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model ready to be registered, with what judged it.

    Parameters
    ----------
    card, fitted
        The model.
    data
        What it was trained and validated on.
    validation
        Indices of the validation part of `data`.
    forecast
        Its probabilities there.
    """

    card: ModelCard
    fitted: Fitted
    data: Dataset
    validation: Indices
    forecast: NDArray[np.float64]


def train_model(data: Dataset, settings: TrainingSettings, on_epoch: OnEpoch) -> Trained:
    """Train the configured kind of model on `data`.

    Parameters
    ----------
    data
        Of sequences as long as the kind of model takes.

    Raises
    ------
    TooFewRowsError
        Naming how many warm rows there are and how many are needed.
    ParityError
        If the ONNX file and the trained model differ by more than `PARITY`.
    """
    kind = MODELS[settings.model]
    horizon_ms = settings.horizon_bars * settings.interval_s * MS_PER_SECOND
    split = purged_split(data.times_ms, horizon_ms, settings.tune_fraction, settings.validation_fraction)
    _require_enough(data, split, settings)
    train, tune, validation = (data.samples.at(part) for part in (split.train, split.tune, split.validation))
    logger.info(
        "training {} on {} samples of {} pairs ({} to tune, {} to validate)",
        kind.name,
        len(train),
        len(data.pairs),
        len(tune),
        len(validation),
    )
    fitted = kind.load()(train, tune, seed=settings.seed, epochs=settings.epochs, on_epoch=on_epoch)
    served = OnnxModel(fitted.onnx)
    forecast = forecast_of(served.predict_many, validation)
    _require_parity(forecast, forecast_of(fitted.native, validation))
    metrics, baselines = report(validation.y, forecast), naive_reports(train, validation)
    validated_from_ms = int(data.times_ms[split.validation].min())
    card = _card(data, kind, settings, validated_from_ms, metrics, baselines)
    return Trained(card, fitted, data, split.validation, forecast)


def naive_reports(train: Samples, validation: Samples) -> dict[str, dict[str, float]]:
    """Return the metrics of the naive forecasts, which know only `train`, on `validation`."""
    last_return_train, last_return = (part.last()[:, _LOG_RETURN] for part in (train, validation))
    momentum = momentum_forecast(train.y, last_return_train, last_return)
    return {
        "constant": report(validation.y, constant_forecast(train.y, len(validation))),
        "momentum": report(validation.y, momentum),
    }


def forecast_of(model: Callable[[NDArray[np.float32]], NDArray[np.float64]], part: Samples) -> NDArray[np.float64]:
    """Return the probabilities `model` gives `part`."""
    return np.concatenate([model(x) for x in part.chunks()])


def _require_enough(data: Dataset, split: Split, settings: TrainingSettings) -> None:
    """Refuse to train on next to nothing, or on a part where nothing but rises or falls happened."""
    count, length = len(data.samples), data.samples.length
    rows, pairs = counted(data.rows, "row"), counted(len(data.pairs), "pair")
    if count < settings.min_samples:
        warm_up = ANCHOR_BARS + max(feature.bars(settings.interval_s) for feature in feature_set("core"))
        raise TooFewRowsError(
            f"expected at least {settings.min_samples} samples, was {count}: {rows} of "
            f"{settings.interval_s} s in {pairs}, {data.warm_rows} of them warm. A pair's rows are "
            f"warm after up to {warm_up} bars; then {length + settings.horizon_bars} consecutive ones give the "
            "first sample, each further one another"
        )
    for name, part in (("train", split.train), ("tune", split.tune), ("validation", split.validation)):
        if len(np.unique(data.samples.y[part])) < 2:
            raise TooFewRowsError(f"expected rises and falls in the {name} part, was {len(part)} times the same")


def _require_parity(served: NDArray[np.float64], native: NDArray[np.float64]) -> None:
    difference = float(np.abs(served - native).max())
    if not difference <= PARITY:
        raise ParityError(f"ONNX against the trained model: expected at most {PARITY} apart, was {difference}")


def _card(
    data: Dataset,
    kind: ModelKind,
    settings: TrainingSettings,
    validated_from_ms: int,
    metrics: dict[str, float],
    baselines: dict[str, dict[str, float]],
) -> ModelCard:
    inputs = input_list()
    return ModelCard(
        model_name=settings.model_name,
        kind=kind.name,
        interval_s=settings.interval_s,
        sequence_length=kind.sequence_length,
        horizon_bars=settings.horizon_bars,
        feature_set=inputs.feature_set_id,
        input_set=inputs.id,
        input_names=inputs.names,
        pairs=data.pairs,
        trained_from_ms=data.from_ms,
        trained_to_ms=data.to_ms,
        validated_from_ms=validated_from_ms,
        seed=settings.seed,
        metrics=metrics,
        baselines=baselines,
    )
