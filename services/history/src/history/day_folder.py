"""The files of one pair and day: no trade in them twice."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from history.core.day_rows import DayRows
from history.core.id_ranges import NO_IDS, IdRanges, known, merged, ranges_of
from history.durable import TEMPORARY, sync_folder, write_durably

#: As `tradestream export` writes `trades.parquet`, and as recorded files are read.
SCHEMA = {
    "exchange": pl.String,
    "pair": pl.String,
    "trade_id": pl.Int64,
    "timestamp_us": pl.Int64,
    "price": pl.String,
    "quantity": pl.String,
    "side": pl.String,
}
_SUFFIX = ".parquet"
#: A day under way is made one file whenever it has more: few to list, few to open.
MOST_FILES = 64


class DayFolder:
    """Adds trades as files named after their first and last id, and makes few of many.

    The files are the only state: which ids are stored is read from them, so a killed process goes on where they end.
    Merging writes the whole before it removes the parts; a kill in between leaves files whose ids overlap, which are
    merged again when the folder is opened.

    Parameters
    ----------
    path
        Created with the first trade.
    """

    def __init__(self, path: Path, exchange: str, pair: str) -> None:
        self.path = path
        self._exchange = exchange
        self._pair = pair
        self.ids: IdRanges = NO_IDS
        for leftover in path.glob(f".*{TEMPORARY}"):
            leftover.unlink()
        self._merge_overlapping()
        for file in self.files():
            stored = pl.read_parquet(file, columns=["trade_id"], hive_partitioning=False, glob=False)
            self.ids = merged(self.ids, ranges_of(stored["trade_id"].to_numpy()))

    def files(self) -> list[Path]:
        """Return the files in the order of their ids."""
        return sorted(self.path.glob(f"[0-9]*{_SUFFIX}"))

    def add(self, rows: DayRows) -> int:
        """Store those of `rows` that are not stored yet, and return how many those are.

        Raises
        ------
        OSError
            If the disk does not take them; the folder is as before.
        """
        ids = np.array(rows.trade_ids, np.int64)
        new = np.flatnonzero(~known(self.ids, ids))
        if not len(new):
            return 0
        frame = pl.DataFrame(
            {
                "exchange": self._exchange,
                "pair": self._pair,
                "trade_id": ids,
                "timestamp_us": rows.timestamps_us,
                "price": rows.prices,
                "quantity": rows.quantities,
                "side": rows.sides,
            },
            schema=SCHEMA,
        )[new]
        self.path.mkdir(parents=True, exist_ok=True)
        stored = self._write(frame)
        self.ids = merged(self.ids, ranges_of(ids[new]))
        self._merge_overlapping()
        if len(self.files()) > MOST_FILES:
            self.compact()
        return stored

    def compact(self) -> None:
        """Make one file of all."""
        files = self.files()
        if len(files) > 1:
            self._merge(files)

    def _merge_overlapping(self) -> None:
        """Merge files whose ids overlap: after a kill while merging, and where late trades came."""
        group: list[Path] = []
        reached = -1
        for file in self.files():
            first, last = _ids_of(file)
            if first > reached:
                self._merge(group)
                group = []
            group.append(file)
            reached = max(reached, last)
        self._merge(group)

    def _merge(self, files: Sequence[Path]) -> None:
        if len(files) < 2:
            return
        whole = self.path / _name(min(_ids_of(file)[0] for file in files), max(_ids_of(file)[1] for file in files))
        self._write(pl.concat([pl.read_parquet(file, hive_partitioning=False, glob=False) for file in files]))
        for file in files:
            if file != whole:
                file.unlink()
        sync_folder(self.path)

    def _write(self, frame: pl.DataFrame) -> int:
        """Write trades in the order of their ids, each once, the first that came."""
        ordered = frame.unique("trade_id", keep="first", maintain_order=True).sort("trade_id")
        content = io.BytesIO()
        ordered.write_parquet(content, compression="zstd", statistics=True)
        first, last = ordered["trade_id"][0], ordered["trade_id"][-1]
        write_durably(self.path / _name(first, last), content.getvalue())
        return ordered.height


def _name(first: int, last: int) -> str:
    return f"{first:019d}-{last:019d}{_SUFFIX}"


def _ids_of(file: Path) -> tuple[int, int]:
    first, last = file.name.removesuffix(_SUFFIX).split("-")
    return int(first), int(last)
