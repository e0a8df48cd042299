"""Final candles -> feature rows, one for each, to the topic and to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from contracts.topics import CANDLES, TECHNICAL_INDICATORS
from indicators.core.fold import Engines, step
from indicators.settings import IndicatorsSettings
from streaming.sink import keep
from streaming.topics import publish

if TYPE_CHECKING:
    from quixstreams import State
    from quixstreams.dataframe import StreamingDataFrame
    from quixstreams.models.topics import Topic


def topology(inputs: dict[str, StreamingDataFrame], topics: dict[str, Topic], settings: IndicatorsSettings) -> None:
    """Lay out the flow; all intervals of a pair share its state."""
    engines: Engines = {}

    def rows_of(candle: Candle, state: State[str, object]) -> list[FeatureRow]:
        _, rows = step(state, candle, engines)
        return rows

    rows = inputs[CANDLES.name].apply(rows_of, stateful=True, expand=True)
    keep(publish(rows, topics[TECHNICAL_INDICATORS.name]), settings.store_writer())
