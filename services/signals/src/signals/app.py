"""Feature rows and predictions -> a mark and a decision for each account that trades the pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.candle_mark import CandleMark
from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.signal import Signal
from contracts.state import State
from contracts.topics import PREDICTIONS, SIGNALS, TECHNICAL_INDICATORS
from signals.changes import ReadChanges
from signals.core.at_work import Streams
from signals.core.decide import step
from signals.settings import SignalsSettings
from streaming.dead_letters.classification import is_systematic
from streaming.dead_letters.writer import PROCESSING_FAILED
from streaming.service.sink import keep
from streaming.strategy_checks import strategy_checks
from streaming.topics import Topics, publish, require_same_partitions

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame


def topology(inputs: dict[str, StreamingDataFrame], topics: Topics, settings: SignalsSettings) -> None:
    """Lay out the flow; state is per pair, the key of both topics, and signals leave under their account's key."""
    require_same_partitions(topics, TECHNICAL_INDICATORS, PREDICTIONS)
    desk, streams = settings.desk_with(strategy_checks(settings)), Streams()
    changes = ReadChanges(settings, desk)

    def concerns(message: FeatureRow | Prediction) -> bool:
        if message.interval_s != settings.interval_s:
            return False
        if isinstance(message, Prediction):
            return settings.model_name in (None, message.model_name)
        return message.revision == 0  # a correction changes the record, not what was decided

    def decide(message: FeatureRow | Prediction, state: State) -> list[Signal | CandleMark]:
        changes.look(message, state)
        told = step(state, message, desk, streams, changes)
        for row, _, error in told.failed:
            if is_systematic(error):
                raise error
            topics.dead_letters.send(row.key, row.to_json(), PROCESSING_FAILED, error)
        return told.messages

    both = inputs[TECHNICAL_INDICATORS.name].concat(inputs[PREDICTIONS.name])
    signals = both.filter(concerns).apply(decide, stateful=True, expand=True)
    key_of = settings.key_on_signals
    sent = publish(signals, topics[SIGNALS.name], lambda message: key_of(message.account))
    keep(sent.filter(lambda message: isinstance(message, Signal)), settings.store_writer())
