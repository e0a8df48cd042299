"""What the gallery draws: bars of a run, or of a file of recorded ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from contracts.errors import BadInputError
from exchanges.recorded_bars import read_bars
from results.report.data import load_table

Floats = NDArray[np.float64]

_FILE_COLUMNS = ("open", "high", "low", "close", "volume")
_MORE_COLUMNS = ("trade_count", "taker_buy_volume")
_INTERVAL_S = 60


@dataclass(frozen=True)
class Bars:
    """Bars of one market in their order.

    Attributes
    ----------
    title
        Whose they are.
    interval_s
        Length of each, seconds.
    starts_ms
        When each begins.
    columns
        Those of `features.bars.Bar` that are known.
    notes
        What a reader must know of them.
    """

    title: str
    interval_s: int
    starts_ms: NDArray[np.int64]
    columns: dict[str, Floats]
    notes: tuple[str, ...] = ()


def bars_of_run(folder: Path, pair: str | None = None) -> Bars:
    """Return the one-minute candles of a run as they first came, compared with those of its first other pair.

    Parameters
    ----------
    folder
        With ``candles.parquet``, as `make demo`, `make replay` and `tradestream export` write it.
    pair
        Whose candles; by default the second in the order of names, so that there is one to compare it with.

    Returns
    -------
    Bars
        With the closes of the other pair, where there is one.

    Raises
    ------
    BadInputError
        If there are no candles, or none of the pair.
    """
    candles = load_table(folder, "candles").filter(pl.col("interval_s") == _INTERVAL_S, pl.col("revision") == 0)
    if candles.is_empty():
        expected = "a folder with candles (make demo makes one; bars=FILE plots a file): there is nothing to plot"
        raise BadInputError("run", expected, str(folder))
    exchange, pairs = str(candles["exchange"].min()), sorted(candles["pair"].unique().to_list())
    pair = pair or pairs[min(1, len(pairs) - 1)]
    if pair not in pairs:
        raise BadInputError("pair", f"one of {', '.join(pairs)}", pair)
    columns = pl.col(*_FILE_COLUMNS, *_MORE_COLUMNS).cast(pl.Float64)
    of_pair = {
        name: rows.sort("window_start_ms").select("window_start_ms", columns)
        for (name,), rows in candles.filter(pl.col("exchange") == exchange).group_by("pair")
    }
    reference = next((other for other in pairs if other != pair), None)
    title = f"{pair} on {exchange}" + (f", compared with {reference}" if reference else "")
    return _bars(title, of_pair[pair], of_pair.get(reference), _INTERVAL_S)


def bars_of_file(path: Path, reference: Path | None = None, pair: str | None = None) -> Bars:
    """Return the bars of a file, of any kind that `exchanges.recorded_bars` reads.

    Parameters
    ----------
    path
        Of the file.
    reference
        The same of another market, to compare it with.
    pair
        Whose bars, in a file of several pairs.

    Returns
    -------
    Bars
        With notes on what the file lacks.

    Raises
    ------
    BadInputError
        If a file is not there, is no file of bars, or the two have bars of different lengths.
    """
    recorded = read_bars(path, pair)
    other = read_bars(reference) if reference else None
    if other is not None and other.interval_s != recorded.interval_s:
        raise BadInputError("reference", f"bars of {recorded.interval_s} s, as in {path.name}", other.interval_s)
    title = path.name + (f", compared with {reference.name}" if reference else "")
    return _bars(title, recorded.frame, other.frame if other else None, recorded.interval_s, recorded.notes)


def _bars(
    title: str, frame: pl.DataFrame, reference: pl.DataFrame | None, interval_s: int, notes: tuple[str, ...] = ()
) -> Bars:
    if reference is None:
        notes += ("There is no other pair to compare it with.",)
    else:
        closes = reference.select("window_start_ms", reference_close="close")
        frame = frame.join(closes, on="window_start_ms", how="left", maintain_order="left")
        frame = frame.with_columns(pl.col("reference_close").fill_null(float("nan")))
    columns = {name: frame[name].to_numpy() for name in frame.columns if name != "window_start_ms"}
    return Bars(title, interval_s, frame["window_start_ms"].to_numpy(), columns, notes)
