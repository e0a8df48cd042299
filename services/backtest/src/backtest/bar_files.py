"""Bars from files, of any kind that `exchanges.recorded_bars` reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from backtest.bars import COMPLETE, EMPTY, EXACT_COLUMNS, Bars, FloatTexts
from backtest.history import History
from backtest.on_disk import BarFiles
from contracts.errors import BadInputError
from exchanges.recorded_bars import PartedBars, RecordedBars, read_bars, read_in_parts


def bars_of_files(
    paths: Sequence[Path], exchange: str, pairs: Iterable[str] = (), folder: Path | None = None
) -> History:
    """Return the bars of files, one pair each.

    Parameters
    ----------
    paths
        The files; one that holds several pairs is read once for each of `pairs`.
    exchange
        Whose orders are imagined: it tells the smallest order.
    pairs
        Which pairs; by default that which each file says.
    folder
        For bars of files that can be read part by part: they stay there, and are the same. Without it all are in
        memory.

    Returns
    -------
    History
        With a note on what a file lacks.

    Raises
    ------
    BadInputError
        If a file is none of bars, says no pair, or two have bars of one pair, or of different lengths.
    """
    named = tuple(pairs)
    # A file that says no pair is that of the pair that is named.
    asked: list[tuple[Path, str | None]] = (
        [(paths[0], pair) for pair in named]
        if len(paths) == 1 and named
        else [(path, named[place] if len(named) == len(paths) else None) for place, path in enumerate(paths)]
    )
    found: dict[str, Bars] = {}
    notes: list[str] = []
    for number, (path, wanted) in enumerate(asked):
        own = None if folder is None else folder / f"file-{number}"
        parted = None if own is None else _in_parts(path, wanted, own)
        recorded = parted or read_bars(path, wanted)
        pair = recorded.pair
        if pair is None:
            expected = f"the pair of {path.name}, such as BTC/USD: the file does not say it"
            raise BadInputError("--pairs", expected, None)
        if pair in found:
            raise BadInputError("--bars", "one file of each pair", f"two of {pair} ({path.name} is the second)")
        if isinstance(recorded, PartedBars):
            found[pair] = _put_away(recorded, pair, exchange)
        else:
            found[pair] = _bars(recorded, pair, exchange)
        notes += [f"{path.name}: {note}" for note in recorded.notes]
    return History(found, tuple(notes))


def _in_parts(path: Path, pair: str | None, folder: Path) -> PartedBars | None:
    folder.mkdir()
    return read_in_parts(path, pair, folder)


def _put_away(parted: PartedBars, pair: str, exchange: str) -> Bars:
    """Return bars in files, in place of those that they were read to."""
    own = parted.files[0].parent / "bars"
    own.mkdir()
    files = BarFiles(own)
    for part in parted.parts():
        files.add(_bars(part, pair, exchange))
    for path in parted.files:
        path.unlink()
    return files.bars()


def _bars(recorded: RecordedBars, pair: str, exchange: str) -> Bars:
    columns = dict(recorded.columns)
    volume = columns["volume"]
    # What a file does not count is known of one thing: whether anybody traded.
    counts = columns.setdefault("trade_count", np.where(volume > 0, 1.0, 0.0))
    columns.setdefault("taker_buy_volume", np.full(len(volume), np.nan))
    traded = (volume > 0) | (counts > 0)
    return Bars(
        exchange=exchange,
        pair=pair,
        interval_s=recorded.interval_s,
        starts_ms=recorded.starts_ms,
        texts={name: FloatTexts(columns[name]) for name in EXACT_COLUMNS},
        columns=columns,
        trade_counts=np.maximum(counts, traded).astype(np.int64),
        qualities=np.where(traded, COMPLETE, EMPTY).astype(np.int8),
    )
