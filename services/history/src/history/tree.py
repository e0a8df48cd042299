"""All files: a folder for each exchange, pair and day, as query engines find them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from history.pair_folder import PairFolder


class HistoryTree:
    """`<root>/exchange=kraken/pair=BTC-USD/date=2026-03-04/*.parquet`.

    Parameters
    ----------
    root
        Created with the first message.
    compact_after_s
        See `PairFolder`.
    """

    def __init__(self, root: Path, compact_after_s: int) -> None:
        self.root = root
        self._compact_after_s = compact_after_s
        self._pairs: dict[tuple[str, str], PairFolder] = {}

    def add(self, messages: Sequence[Any]) -> int:
        """Store messages of the trades topic.

        Returns
        -------
        int
            How many trades were new.

        Raises
        ------
        OSError
            If the disk does not take them.
        """
        by_pair: dict[tuple[str, str], list[Any]] = {}
        for message in messages:
            by_pair.setdefault((message.exchange, message.pair), []).append(message)
        return sum(self.pair(*market).add(found) for market, found in by_pair.items())

    def pair(self, exchange: str, pair: str) -> PairFolder:
        """Return the folder of a pair, which is created with its first message.

        Returns
        -------
        PairFolder
            The same one each time.

        Raises
        ------
        BadInputError
            If what it says of itself cannot be read.
        """
        market = exchange, pair
        if market not in self._pairs:
            path = self.root / f"exchange={exchange}" / f"pair={pair.replace('/', '-')}"
            self._pairs[market] = PairFolder(path, exchange, pair, self._compact_after_s)
        return self._pairs[market]
