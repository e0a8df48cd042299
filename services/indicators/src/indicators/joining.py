"""The join in the service: what it refuses to the dead letters, what the operator should know to the log."""

from __future__ import annotations

from loguru import logger

from contracts.candle import Candle
from contracts.feature_row import FeatureRow
from contracts.reference_candle import ReferenceCandle
from contracts.state import State
from features import ANCHOR_BARS
from indicators.core.fold import Engines
from indicators.core.join import Joined, join
from indicators.settings import IndicatorsSettings
from streaming.dead_letters.classification import is_systematic
from streaming.dead_letters.writer import PROCESSING_FAILED
from streaming.telemetry.metrics import DATA_FLAWS, NO_REFERENCE
from streaming.topics import Topics

#: A day of one-minute candles: more wait only while history is fetched, or for a pair that does not come.
_WORTH_SAYING = ANCHOR_BARS


class Joining:
    """Candles and reference candles to rows; each warning of a pair is said once."""

    def __init__(self, topics: Topics, settings: IndicatorsSettings, engines: Engines) -> None:
        self._topics = topics
        self._settings = settings
        self._engines = engines
        self._said: set[tuple[str, str]] = set()
        self._without = DATA_FLAWS.labels(kind=NO_REFERENCE)

    def rows_of(self, message: Candle | ReferenceCandle, state: State) -> list[FeatureRow]:
        """Return the rows that a message of either topic leads to."""
        reference = self._settings.reference_pairs.get(message.pair)
        joined = join(state, message, reference, self._engines, self._settings.feature_set)
        for candle, error in joined.refused:
            if is_systematic(error):
                raise error
            self._topics.dead_letters.send(candle.key, candle.to_json(), PROCESSING_FAILED, error)
        self._without.inc(len(joined.without))
        self._tell(message.pair, reference, joined)
        return joined.rows

    def _tell(self, pair: str, reference: str | None, joined: Joined) -> None:
        if joined.compared_before is not None:
            self._say_once(
                pair,
                f"compared with {reference or 'no pair'} now, before with {joined.compared_before}: features that "
                "compare are null until warm",
            )
        if joined.waiting >= _WORTH_SAYING:
            self._say_once(pair, f"a day of candles and more waits for {reference}: is it streamed?")
        if joined.without:
            self._say_once(pair, f"too far from {reference}: the oldest candles go on without it")

    def _say_once(self, pair: str, text: str) -> None:
        if (pair, text) not in self._said:
            self._said.add((pair, text))
            logger.warning("{}: {}", pair, text)
