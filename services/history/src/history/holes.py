"""Trades that the files of a pair lack, where the venue numbers without holes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl


class Hole(NamedTuple):
    """Ids that are missing.

    Parameters
    ----------
    first_id, last_id
        Both are missing.
    after_us, before_us
        When the trades beside them were, microseconds.
    """

    first_id: int
    last_id: int
    after_us: int
    before_us: int

    @property
    def trades(self) -> int:
        """How many trades are missing."""
        return self.last_id - self.first_id + 1


def holes_of(folder: Path) -> Iterator[Hole]:
    """Yield the holes in a pair's files, in the order of their ids; a day is read at a time.

    Parameters
    ----------
    folder
        Of the pair: what `HistoryTree` calls ``pair=*``.

    Yields
    ------
    Hole
        Between two stored trades; what is missing before the first or after the last is no hole.
    """
    before: tuple[int, int] | None = None
    for day in sorted(folder.glob("date=*")):
        files = sorted(day.glob("[0-9]*.parquet"))
        if not files:
            continue
        columns = ["trade_id", "timestamp_us"]
        read = [pl.read_parquet(file, columns=columns, hive_partitioning=False, glob=False) for file in files]
        stored = pl.concat(read).unique("trade_id").sort("trade_id")
        ids, times = stored["trade_id"].to_numpy(), stored["timestamp_us"].to_numpy()
        if before is not None:
            ids, times = np.r_[before[0], ids], np.r_[before[1], times]
        for place in np.flatnonzero(np.diff(ids) > 1).tolist():
            yield Hole(int(ids[place]) + 1, int(ids[place + 1]) - 1, int(times[place]), int(times[place + 1]))
        before = int(ids[-1]), int(times[-1])
