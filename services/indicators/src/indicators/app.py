"""Final candles -> feature rows, one for each, to the topic and to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loguru import logger

from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from contracts.reference_candle import ReferenceCandle
from contracts.topics import (
    CANDLES,
    CANDLES_FORMING,
    INDICATORS_FORMING,
    REFERENCE_CANDLES,
    TECHNICAL_INDICATORS,
    TopicSpec,
)
from indicators.core.fold import Engines, step
from indicators.core.forming import glimpse
from indicators.core.join import join
from indicators.settings import IndicatorsSettings
from streaming.dead_letters import PROCESSING_FAILED
from streaming.metrics import DATA_FLAWS, NO_REFERENCE
from streaming.sink import keep
from streaming.topics import Topics, publish

if TYPE_CHECKING:
    from quixstreams import State
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
    overdue_pairs: set[str] = set()

    def rows_of(candle: Candle, state: State[str, object]) -> list[FeatureRow]:
        _, rows = step(state, candle, engines, settings.feature_set)
        return rows

    def joined_rows_of(message: Candle | ReferenceCandle, state: State[str, object]) -> list[FeatureRow]:
        reference = settings.reference_pairs.get(message.pair)
        if isinstance(message, ReferenceCandle):
            if message.reference_pair != reference:  # of other settings, before
                return []
        elif reference is None:
            return rows_of(message, state)
        joined = join(state, message, engines, settings.feature_set)
        for candle, error in joined.refused:
            topics.dead_letters.send(candle.key, candle.to_json(), PROCESSING_FAILED, error)
        if joined.overdue is not None:
            _NO_REFERENCE.inc()
            if message.pair not in overdue_pairs:
                overdue_pairs.add(message.pair)
                logger.warning(
                    "{}: too many candles wait for {}: the oldest go on without it", message.pair, reference
                )
        return joined.rows

    candles = inputs[CANDLES.name]
    if settings.reference_pairs:
        both = candles.concat(inputs[REFERENCE_CANDLES.name])
        rows = both.apply(joined_rows_of, stateful=True, expand=True)
    else:
        rows = candles.apply(rows_of, stateful=True, expand=True)
    keep(publish(rows, topics[TECHNICAL_INDICATORS.name]), settings.store_writer())
    if settings.shows_forming:
        glimpses = inputs[CANDLES_FORMING.name].apply(lambda candle: glimpse(candle, engines, settings.feature_set))
        publish(glimpses.filter(lambda row: row is not None), topics[INDICATORS_FORMING.name])


_NO_REFERENCE = DATA_FLAWS.labels(kind=NO_REFERENCE)
