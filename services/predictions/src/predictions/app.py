"""The flow: feature rows in, one prediction per final candle out, to the topic and to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.feature_row import FeatureRow
from contracts.model_event import ModelEvent
from contracts.model_quality import ModelQuality
from contracts.prediction import Prediction
from contracts.state import State
from contracts.topics import MODEL_EVENTS, MODEL_QUALITY, PREDICTIONS, TECHNICAL_INDICATORS
from modeling.sequence import extend, is_new
from predictions import metrics
from predictions.core.decision import concerns, step
from predictions.core.quality import watch
from predictions.core.switch import last_version, switched
from predictions.run_store import RunStore
from predictions.said import Said
from predictions.settings import PredictionsSettings
from predictions.speakers import Speakers
from streaming.service.sink import keep
from streaming.topics import publish

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame
    from quixstreams.models.topics import Topic

Out = Prediction | ModelEvent | ModelQuality


def topology(
    inputs: dict[str, StreamingDataFrame],
    topics: dict[str, Topic],
    settings: PredictionsSettings,
    *,
    speakers: Speakers,
) -> None:
    """Fold each pair's rows of the interval into its run of bars, and publish what the row's models say of it."""
    runs, said = RunStore(settings.interval_s), Said(settings)

    def predict(row: FeatureRow, state: State) -> list[Out]:
        before = runs.load(row, state)
        if not is_new(before, row):
            return []
        if runs.is_taken_over(row, before):
            said.look(row)
        after, predictions = before, said.of(row)
        if predictions:
            after = extend(before, row)
        else:
            for model in speakers.of(row, last_version(state)):
                after, spoken = step(before, row, model.facts, model.forecast)
                predictions.extend(spoken)
        runs.save(row, after, state)
        for prediction in predictions:
            metrics.PREDICTIONS.labels(model=prediction.model_name, reason=prediction.reason).inc()
        told = switched(state, predictions, settings.alias, speakers.trained_to_ms)
        rises = bool(predictions) and speakers.foresees_rise(predictions[-1].model_version)
        found = watch(state, row, predictions, rises)
        for quality in found:
            metrics.tell_quality(quality)
        return [*predictions, *told, *found]

    rows = inputs[TECHNICAL_INDICATORS.name].filter(lambda row: concerns(row, settings.interval_s))
    out = rows.apply(predict, stateful=True, expand=True)
    predictions = out.filter(lambda message: isinstance(message, Prediction))
    keep(publish(predictions, topics[PREDICTIONS.name]), settings.store_writer())
    publish(out.filter(lambda message: isinstance(message, ModelEvent)), topics[MODEL_EVENTS.name])
    found = out.filter(lambda message: isinstance(message, ModelQuality))
    keep(publish(found, topics[MODEL_QUALITY.name]), settings.store_writer())
