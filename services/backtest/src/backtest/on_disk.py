"""The bars of a history in files, so that of years only the stretch that is gone through is in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from backtest.bars import Bars, FloatTexts
from backtest.history import History


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column in a file; a part of it is read where it is asked for.

    Parameters
    ----------
    path
        Numbers, one after another.
    dtype
        Of which type.
    begin, end
        Which of them are the column's.
    """

    path: Path
    dtype: np.dtype[Any]
    begin: int
    end: int

    def __len__(self) -> int:
        return self.end - self.begin

    def __getitem__(self, part: slice | int) -> Any:
        """Return some of it, or one number, in memory."""
        if not isinstance(part, slice):
            place = range(len(self))[part]
            return self[place : place + 1][0]
        begin, end, step = part.indices(len(self))
        count = max(end - begin, 0) if step > 0 else 0
        offset = (self.begin + begin) * self.dtype.itemsize
        return np.fromfile(self.path, self.dtype, count, offset=offset)[::step]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return all of it, as numpy asks for it."""
        return np.asarray(self[:], dtype)

    def item(self, place: int) -> Any:
        """Return one number."""
        return self[place].item()

    def searchsorted(self, values: Any, side: Literal["left", "right"] = "left", sorter: None = None) -> Any:
        """Return where values belong in an ascending column, of which only a few places are looked at."""
        if not len(self):
            return np.empty(0, self.dtype).searchsorted(values, side)
        mapped = np.memmap(self.path, self.dtype, "r", self.begin * self.dtype.itemsize, len(self))
        return np.asarray(mapped).searchsorted(values, side, sorter)


class BarFiles:
    """The bars of one pair in files, as many as are added.

    Parameters
    ----------
    folder
        Of their own; it is there, and empty.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._like: Bars | None = None
        self._types: list[np.dtype[Any]] = []
        self._length = 0

    def add(self, bars: Bars) -> None:
        """Write bars that are later than all before, whose texts are those of their floats (`can_be_put_away`)."""
        columns = _columns(bars)
        for number, column in enumerate(columns):
            with (self._folder / str(number)).open("ab") as file:
                np.ascontiguousarray(column).tofile(file)
        self._types = [column.dtype for column in columns]
        none, said = np.empty(0), bars.said
        if self._like is not None:
            said = {name: [*before, *bars.said[name]] for name, before in self._like.said.items()}
        self._like = replace(
            bars,
            starts_ms=none.astype(np.int64),
            texts=dict.fromkeys(bars.texts, FloatTexts(none)),
            columns=dict.fromkeys(bars.columns, none),
            trade_counts=none.astype(np.int64),
            qualities=none.astype(np.int8),
            given=dict.fromkeys(bars.given, none),
            said=said,
        )
        self._length += len(bars)

    def bars(self) -> Bars:
        """Return all that were added, of which slices are in memory."""
        like = self._like
        assert like is not None  # something was added
        starts_ms, trade_counts, qualities, *floats = (
            cast(Any, StoredColumn(self._folder / str(number), each, 0, self._length))
            for number, each in enumerate(self._types)
        )
        columns = dict(zip(like.columns, floats[: len(like.columns)], strict=True))
        return replace(
            like,
            starts_ms=starts_ms,
            texts={name: FloatTexts(columns[name]) for name in like.texts},
            columns=columns,
            trade_counts=trade_counts,
            qualities=qualities,
            given=dict(zip(like.given, floats[len(like.columns) :], strict=True)),
        )


def can_be_put_away(bars: Bars) -> bool:
    """Return whether all that bars say is in numbers: what a run has written is there as it was spelled."""
    return all(
        isinstance(texts, FloatTexts) and np.array_equal(texts.values, bars.columns[name])
        for name, texts in bars.texts.items()
    )


def is_put_away(bars: Bars) -> bool:
    """Return whether bars are in files already."""
    return isinstance(bars.starts_ms, StoredColumn)


@contextmanager
def on_disk(history: History) -> Iterator[History]:
    """Yield the same history with its columns in files, as far as that can be, for as long as it lasts.

    Parameters
    ----------
    history
        To be forgotten by whoever hands it over: otherwise all of it stays in memory.

    Yields
    ------
    History
        The same numbers.
    """
    with TemporaryDirectory(prefix="tradestream-bars-") as folder:
        stored = replace(history, pairs=_put_away(history.pairs, Path(folder)))
        del history
        yield stored


def _put_away(pairs: Mapping[str, Bars], folder: Path) -> Mapping[str, Bars]:
    found = {}
    for number, (pair, bars) in enumerate(pairs.items()):
        if not is_put_away(bars) and can_be_put_away(bars):
            own = folder / str(number)
            own.mkdir()
            files = BarFiles(own)
            files.add(bars)
            found[pair] = files.bars()
        else:
            found[pair] = bars
    return found


def _columns(bars: Bars) -> list[NDArray[Any]]:
    """Return what goes to files."""
    floats = [np.asarray(column, np.float64) for column in (*bars.columns.values(), *bars.given.values())]
    return [bars.starts_ms, bars.trade_counts, bars.qualities, *floats]
