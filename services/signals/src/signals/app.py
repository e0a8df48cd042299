"""Predictions -> one signal for each account that trades the pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.prediction import Prediction
from contracts.signal import Signal
from contracts.state import State
from contracts.topics import PREDICTIONS, SIGNALS
from signals.core.decide import step
from signals.deciders import decider_of
from signals.settings import SignalsSettings
from streaming.service.sink import keep
from streaming.topics import publish

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame
    from quixstreams.models.topics import Topic


def topology(inputs: dict[str, StreamingDataFrame], topics: dict[str, Topic], settings: SignalsSettings) -> None:
    """Lay out the flow; state is per pair, the key of predictions, and signals leave under their account's key."""
    deciders = [decider_of(account) for account in settings.configured_accounts]

    def concerns(prediction: Prediction) -> bool:
        model = settings.model_name
        return prediction.interval_s == settings.interval_s and model in (None, prediction.model_name)

    def decide(prediction: Prediction, state: State) -> list[Signal]:
        return step(state, prediction, deciders, settings.expiry_seconds)

    predictions = inputs[PREDICTIONS.name].filter(concerns)
    signals = predictions.apply(decide, stateful=True, expand=True)
    keep(publish(signals, topics[SIGNALS.name]), settings.store_writer())
