"""Final candles -> feature rows, one for each, to the topic and to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from contracts.state import State
from contracts.topics import (
    CANDLES,
    CANDLES_FORMING,
    INDICATORS_FORMING,
    REFERENCE_CANDLES,
    TECHNICAL_INDICATORS,
    TopicSpec,
)
from indicators.core.fold import Engines, step
from indicators.core.forming import forming_row
from indicators.joining import Joining
from indicators.settings import IndicatorsSettings
from streaming.service.sink import keep
from streaming.topics import Topics, publish

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame


def inputs(settings: IndicatorsSettings) -> list[TopicSpec]:
    """Return the topics that the service reads."""
    references = [REFERENCE_CANDLES] if settings.reference_pairs else []
    return [CANDLES, *references, *([CANDLES_FORMING] if settings.shows_forming else [])]


def outputs(settings: IndicatorsSettings) -> list[TopicSpec]:
    """Return the topics that the service writes."""
    return [TECHNICAL_INDICATORS, *([INDICATORS_FORMING] if settings.shows_forming else [])]


def topology(inputs: dict[str, StreamingDataFrame], topics: Topics, settings: IndicatorsSettings) -> None:
    """Lay out the flow; all intervals of a pair share its state."""
    engines: Engines = {}
    references = Joining(topics, settings, engines)

    def rows_of(candle: Candle, state: State) -> list[FeatureRow]:
        return step(state, candle, engines, settings.feature_set)

    candles = inputs[CANDLES.name]
    if settings.reference_pairs:
        both = candles.concat(inputs[REFERENCE_CANDLES.name])
        rows = both.apply(references.rows_of, stateful=True, expand=True)
    else:
        rows = candles.apply(rows_of, stateful=True, expand=True)
    keep(publish(rows, topics[TECHNICAL_INDICATORS.name]), settings.store_writer())
    if settings.shows_forming:
        forming = inputs[CANDLES_FORMING.name].apply(
            lambda candle: forming_row(candle, engines, settings.feature_set)
        )
        publish(forming.filter(lambda row: row is not None), topics[INDICATORS_FORMING.name])
