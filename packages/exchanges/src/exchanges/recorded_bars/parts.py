"""A file of bars of years, read part by part: the same bars as of the whole, and only a part of them in memory.

What a file is, is told by all of it: its columns, the unit of its times, the length of its bars. Here each part is
asked, and what follows for the whole is taken where all parts say the same. Where they do not, where bars are not in
their order, or anything is wrong, nothing is said, and the file is read whole: there is one reader that decides.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from contracts.errors import BadInputError
from contracts.units import MS_PER_SECOND
from exchanges.recorded.names import pair_of_file, pair_of_symbol
from exchanges.recorded_bars.content import DAMAGE
from exchanges.recorded_bars.layouts import Recognised, recognise
from exchanges.recorded_bars.quiet import QUIET_BARS, with_quiet_bars
from exchanges.recorded_bars.reading import START, RecordedBars, notes_of, numbers_of
from exchanges.recorded_bars.row_parts import WholeError, row_parts
from exchanges.recorded_bars.rows import PLACE, Rows
from exchanges.recorded_bars.times import of_one_kind, times_ms

T = TypeVar("T")
_UNREADABLE = (WholeError, BadInputError, OSError, *DAMAGE, pl.exceptions.PolarsError, pl.exceptions.PanicException)


@dataclass(frozen=True)
class PartedBars:
    """Bars of one market in their order, part by part.

    Attributes
    ----------
    files
        With the bars that the file has, as numbers.
    interval_s, pair, notes
        As `RecordedBars` has them.
    """

    files: tuple[Path, ...]
    interval_s: int
    pair: str | None
    notes: tuple[str, ...]

    def parts(self) -> Iterator[RecordedBars]:
        """Yield the bars; put together, those of the file read whole.

        Yields
        ------
        RecordedBars
            Some of them, in their order.
        """
        interval_ms, held = self.interval_s * MS_PER_SECOND, pl.DataFrame()
        for file in self.files:
            own = pl.read_ipc(file)
            joined = pl.concat([held, own]) if held.height else own
            # How long the last one is quiet shows with the bar after it.
            held, filled = joined[-1:], with_quiet_bars(joined, interval_ms)
            if filled.height > 1:
                yield RecordedBars(filled[:-1], self.interval_s, self.pair)
        yield RecordedBars(held, self.interval_s, self.pair)


@dataclass
class _Known:
    """What the parts so far have in common."""

    meaning: Recognised | None = None
    times: str = ""
    pair: str | None = None
    interval_s: int | None = None
    naive: bool = False
    first_ms: int | None = None
    last_ms: int | None = None
    distances: Counter[int] = field(default_factory=Counter)

    def interval_ms(self) -> int:
        """Return the length of the bars, as `reading` finds it."""
        if self.first_ms is None or not self.distances:
            raise WholeError
        common = math.gcd(*self.distances)
        # The shortest of those that are as frequent; a finer raster is for the whole file to find.
        usual = min(self.distances, key=lambda each: (-self.distances[each], each))
        interval_ms = usual if self.interval_s is None else self.interval_s * MS_PER_SECOND
        fits = common == usual or self.interval_s is not None
        if not fits or common % interval_ms or self.first_ms % interval_ms or common % MS_PER_SECOND:
            raise WholeError
        return interval_ms

    def quiet(self, interval_ms: int) -> int:
        """Return how many bars are not in the file because nobody traded."""
        lengths = {each // interval_ms: count for each, count in self.distances.items()}
        return sum((length - 1) * count for length, count in lengths.items() if length <= QUIET_BARS)


def read_in_parts(path: Path, pair: str | None, folder: Path) -> PartedBars | None:
    """Read a file of bars without having all of it in memory.

    Parameters
    ----------
    path
        CSV, plain, gzipped or in a zip, or Parquet.
    pair
        BASE/QUOTE, to choose from a file of several.
    folder
        For the parts, as numbers; it is there, and empty.

    Returns
    -------
    PartedBars | None
        None where it is to be read whole, by `read_bars`: what it is does not show in parts, or something is wrong.
    """
    try:
        return _read(path, pair, folder)
    except _UNREADABLE:
        return None


def _read(path: Path, pair: str | None, folder: Path) -> PartedBars:
    known, files, rows = _Known(), list[Path](), None
    named_pair = pair
    for rows in row_parts(path):
        named_pair = pair_of_file(Path(rows.inner_name or rows.name)) or pair_of_file(Path(rows.name))
        asked = pair or named_pair
        own = recognise(rows, asked.split("/")[0] if asked else None)
        known.meaning = known.meaning or own
        if own != known.meaning:
            raise WholeError
        frame = _typed(_chosen(rows, own, pair, known), own, known)
        if frame.height:
            files.append(folder / f"{len(files)}.arrow")
            frame.write_ipc(files[-1])
    if rows is None or known.meaning is None:
        raise WholeError
    interval_ms = known.interval_ms()
    columns = pl.read_ipc_schema(files[-1])
    notes = notes_of(rows, known.meaning, known.naive, known.quiet(interval_ms), list(columns))
    return PartedBars(tuple(files), interval_ms // MS_PER_SECOND, known.pair or pair or named_pair, tuple(notes))


def _chosen(rows: Rows, meaning: Recognised, pair: str | None, known: _Known) -> Rows:
    """Return the rows of one pair, as they first came; there may be none in this part."""
    frame = rows.frame
    if symbols := meaning.columns.get("pair"):
        texts = frame[symbols].cast(pl.String).fill_null("")
        names = {text: pair_of_symbol(text) or text for text in texts.unique().to_list()}
        found = pair or _only(set(names.values()))
        if known.pair not in (None, found):
            raise WholeError
        if found in names.values():
            known.pair = found
        frame = frame.filter(texts.is_in([text for text, name in names.items() if name == found]))
    if revisions := meaning.columns.get("revision"):
        frame = frame.filter(pl.col(revisions).cast(pl.Int64, strict=False) == 0)
    if lengths := meaning.columns.get("interval_s"):
        frame = frame.filter(pl.col(lengths).cast(pl.Int64, strict=False).is_not_null())
        if frame.height:
            each = _only(set(frame[lengths].cast(pl.Int64, strict=False).to_list()))
            if known.interval_s not in (None, each):
                raise WholeError
            known.interval_s = each
    return replace(rows, frame=frame)


def _only(found: set[T]) -> T:
    if len(found) != 1:
        raise WholeError
    return found.pop()


def _typed(rows: Rows, meaning: Recognised, known: _Known) -> pl.DataFrame:
    """Return the rows as numbers, later than all before."""
    if rows.frame.is_empty():
        return pl.DataFrame()
    times = of_one_kind(rows.frame[meaning.columns["time"]])
    if times is None or known.times not in ("", times):
        raise WholeError
    starts, naive = times_ms(rows, meaning.columns["time"])
    known.times, known.naive = times, known.naive or naive
    frame = numbers_of(rows, meaning, starts).drop(PLACE)
    begins = frame[START].to_numpy()
    distances = np.diff(begins) if known.last_ms is None else np.diff(begins, prepend=known.last_ms)
    if (distances <= 0).any():
        raise WholeError
    values, counts = np.unique(distances, return_counts=True)
    known.distances.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
    known.first_ms = int(begins[0]) if known.first_ms is None else known.first_ms
    known.last_ms = int(begins[-1])
    return frame
