"""The flow: feature rows in, one prediction per final candle out, to the topic and to the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.state import State
from contracts.topics import PREDICTIONS, TECHNICAL_INDICATORS
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
    models_of: Callable[[FeatureRow], Iterable[ServedModel]],
) -> None:
    """Fold each pair's rows of the interval into its run of bars, and publish what the row's models say of it."""
    runs = RunStore(settings.interval_s)

    def predict(row: FeatureRow, state: State) -> list[Prediction]:
        before = after = runs.load(row, state)
        said: list[Prediction] = []
        for model in models_of(row):
            after, predictions = step(before, row, model.facts, model.forecast)
            said.extend(predictions)
        if after is not before:
            runs.save(row, after, state)
        for prediction in said:
            metrics.PREDICTIONS.labels(model=prediction.model_name, reason=prediction.reason).inc()
        return said

    rows = inputs[TECHNICAL_INDICATORS.name].filter(lambda row: concerns(row, settings.interval_s))
    predictions = rows.apply(predict, stateful=True, expand=True)
    keep(publish(predictions, topics[PREDICTIONS.name]), settings.store_writer())
