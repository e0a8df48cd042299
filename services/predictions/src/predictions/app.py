"""The flow: feature rows in, one prediction per final candle out, to the topic and to the store, and its shadow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from contracts.feature_row import FeatureRow
from contracts.message import Message
from contracts.model_event import ModelEvent
from contracts.model_quality import ModelQuality
from contracts.prediction import Prediction
from contracts.shadow_prediction import ShadowPrediction
from contracts.state import State
from contracts.topics import (
    MODEL_EVENTS,
    MODEL_QUALITY,
    PREDICTIONS,
    PREDICTIONS_SHADOW,
    TECHNICAL_INDICATORS,
    TopicSpec,
)
from modeling.sequence import extend, is_new
from predictions import metrics
from predictions.core.decision import concerns, step
from predictions.core.quality import watch
from predictions.core.shift import seen_of
from predictions.core.switch import last_version, switched
from predictions.run_store import RunStore
from predictions.said import Said
from predictions.settings import PredictionsSettings
from predictions.shadow import Shadow
from predictions.speakers import Speakers
from streaming.service.sink import keep
from streaming.topics import publish

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame
    from quixstreams.models.topics import Topic

#: What is published and has a table -> its topic.
_STORED: dict[type[Message], TopicSpec] = {
    Prediction: PREDICTIONS,
    ShadowPrediction: PREDICTIONS_SHADOW,
    ModelQuality: MODEL_QUALITY,
}


def topology(
    inputs: dict[str, StreamingDataFrame],
    topics: dict[str, Topic],
    settings: PredictionsSettings,
    *,
    speakers: Speakers,
    challengers: Speakers | None = None,
) -> None:
    """Fold each pair's rows of the interval into its run of bars, and publish what the row's models say of it."""
    runs, said, shadow = RunStore(settings.interval_s), Said(settings), Shadow(challengers, settings)

    def predict(row: FeatureRow, state: State) -> Iterator[Message]:
        before = runs.load(row, state)
        if not is_new(before, row):
            return
        if runs.is_taken_over(row, before):
            said.look(row)
            shadow.look(row)
        after, predictions = before, said.of(row)
        if predictions:
            after = extend(before, row)
        else:
            last = last_version(state)
            for model in speakers.of(row, last, said.version(row, last)):
                after, spoken = step(before, row, model.facts, model.forecast)
                predictions.extend(spoken)
        runs.save(row, after, state)
        for prediction in predictions:
            metrics.PREDICTIONS.labels(model=prediction.model_name, reason=prediction.reason).inc()
        yield from predictions
        yield from switched(state, predictions, settings.alias, speakers.trained_to_ms)
        facts = speakers.facts(predictions[-1].model_version) if predictions else None
        foresees = speakers.foresees(predictions[-1].model_version) if predictions else None
        for quality in watch(state, row, predictions, foresees, before, seen=seen_of(after, facts, predictions)):
            metrics.tell_quality(quality)
            yield quality
        yield from shadow.of(before, after, row, predictions, state)

    rows = inputs[TECHNICAL_INDICATORS.name].filter(lambda row: concerns(row, settings.interval_s))
    out = rows.apply(predict, stateful=True, expand=True)
    publish(out.filter(_is(ModelEvent)), topics[MODEL_EVENTS.name])
    for kind, spec in _STORED.items():
        keep(publish(out.filter(_is(kind)), topics[spec.name]), settings.store_writer())


def _is(kind: type[Message]) -> Callable[[Message], bool]:
    return lambda message: isinstance(message, kind)
