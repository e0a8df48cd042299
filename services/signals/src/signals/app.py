"""Predictions -> one signal for each account that trades the pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts.prediction import Prediction
from contracts.signal import Signal
from contracts.topics import PREDICTIONS, SIGNALS
from signals.core.decide import initial, step
from signals.settings import SignalsSettings
from streaming.service.sink import keep
from streaming.topics import publish

if TYPE_CHECKING:
    from quixstreams import State
    from quixstreams.dataframe import StreamingDataFrame
    from quixstreams.models.topics import Topic

STATE = "pair"


def topology(inputs: dict[str, StreamingDataFrame], topics: dict[str, Topic], settings: SignalsSettings) -> None:
    """Lay out the flow; state is per pair, the key of predictions, and signals leave under their account's key."""
    accounts = settings.configured_accounts

    def concerns(prediction: Prediction) -> bool:
        model = settings.model_name
        return prediction.interval_s == settings.interval_s and model in (None, prediction.model_name)

    def decide(prediction: Prediction, state: State[str, Any]) -> list[Signal]:
        before = state.get(STATE) or initial()
        after, signals = step(before, prediction, accounts, settings.expiry_seconds)
        if after is not before:
            state.set(STATE, after)
        return signals

    predictions = inputs[PREDICTIONS.name].filter(concerns)
    signals = predictions.apply(decide, stateful=True, expand=True)
    keep(publish(signals, topics[SIGNALS.name]), settings.store_writer())
