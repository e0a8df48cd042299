"""The flow: feature rows in, one prediction per final candle out, to the topic and to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.state import State
from contracts.topics import PREDICTIONS, TECHNICAL_INDICATORS
from contracts.units import MS_PER_SECOND
from predictions import metrics
from predictions.core.decision import concerns, step
from predictions.run_store import RunStore
from predictions.served_model import ServedModel
from predictions.settings import PredictionsSettings
from streaming.service.sink import keep
from streaming.topics import publish

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame
    from quixstreams.models.topics import Topic


def topology(
    inputs: dict[str, StreamingDataFrame],
    topics: dict[str, Topic],
    settings: PredictionsSettings,
    *,
    model: ServedModel,
) -> None:
    """Fold each pair's rows of the model's interval into its run of bars, and publish what the model says of it."""
    runs = RunStore(settings.interval_s)
    metrics.MODEL_VERSION.labels(model=model.facts.name).set(model.facts.version)
    metrics.MODEL_TRAINED_TO.labels(model=model.facts.name).set(model.facts.trained_to_ms / MS_PER_SECOND)

    def predict(row: FeatureRow, state: State) -> tuple[Prediction, ...]:
        before = runs.load(row, state)
        after, predictions = step(before, row, model.facts, model.forecast)
        if after is not before:
            runs.save(row, after, state)
        for prediction in predictions:
            metrics.PREDICTIONS.labels(model=model.facts.name, reason=prediction.reason).inc()
        return predictions

    rows = inputs[TECHNICAL_INDICATORS.name]
    rows = rows.filter(lambda row: concerns(row, model.facts))
    predictions = rows.apply(predict, stateful=True, expand=True)
    keep(publish(predictions, topics[PREDICTIONS.name]), settings.store_writer())
