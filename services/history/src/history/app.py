"""Trades -> Parquet files, one folder for each exchange, pair and day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.topics import TRADES
from history.settings import HistorySettings
from history.sink import HistorySink
from history.tree import HistoryTree

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame

    from streaming.topics import Topics


def topology(inputs: dict[str, StreamingDataFrame], topics: Topics, settings: HistorySettings) -> None:
    """Every checkpoint becomes files, which are on the disk before the offsets are committed."""
    tree = HistoryTree(settings.root, settings.compact_after_s)
    inputs[TRADES.name].sink(HistorySink(tree, settings.retry_seconds))
