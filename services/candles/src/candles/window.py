"""The aggregator of the tumbling windows."""

from __future__ import annotations

from quixstreams.dataframe.windows.aggregations import Aggregator

from candles.core.partial import NO_TRADES, Partial, merge
from candles.core.updates import WindowUpdate


class MergePartials(Aggregator):
    """Merges the partial candles of a window; the window's state and result are a partial candle."""

    def initialize(self) -> Partial:
        """Return what an empty window holds."""
        return NO_TRADES

    def agg(self, old: Partial, new: WindowUpdate, timestamp: int) -> Partial:
        """Return the window with one more partial in it."""
        return merge(old, new.partial)

    def result(self, value: Partial) -> Partial:
        """Return what the closed window holds."""
        return value
