"""What the gallery draws: bars of a run, or of a file of recorded ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from contracts.errors import BadInputError
from contracts.units import MS_PER_SECOND
from results.report.data import load_table

Floats = NDArray[np.float64]

_FILE_COLUMNS = ("open", "high", "low", "close", "volume")
_MORE_COLUMNS = ("trade_count", "taker_buy_volume")
_LINE = "line"
_INTERVAL_S = 60
_SHORTEST_MS = MS_PER_SECOND
#: A longer hole in a file is an outage or another day, not a quiet market.
_QUIET_BARS = 60


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


def bars_of_file(path: Path, reference: Path | None = None) -> Bars:
    """Return the bars of a CSV file; a minute that is missing for less than an hour is quiet, as in live candles.

    Parameters
    ----------
    path
        With the columns ``timestamp_ms`` (start of the bar), ``open``, ``high``, ``low``, ``close``, ``volume``, and
        ``trade_count`` and ``taker_buy_volume`` where they are known.
    reference
        The same of another market, to compare it with.

    Returns
    -------
    Bars
        With notes on what the file lacks.

    Raises
    ------
    BadInputError
        If a file is not there, or is not of this form.
    """
    frame = _read(path)
    interval_ms = int(frame["window_start_ms"].diff().min())  # type: ignore[arg-type]
    whole = _with_quiet_bars(frame, interval_ms)
    quiet = whole.height - frame.height
    notes = [f"{quiet:,} bars without trades are not in the file and stand at the close before."] if quiet else []
    missing = [name for name in _MORE_COLUMNS if name not in whole.columns]
    notes += [f"The file has no {' and no '.join(missing)}."] if missing else []
    other = _with_quiet_bars(_read(reference), interval_ms) if reference else None
    title = path.name + (f", compared with {reference.name}" if reference else "")
    return _bars(title, whole, other, interval_ms // MS_PER_SECOND, tuple(notes))


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


def _read(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise BadInputError("bars", "a file of recorded bars", str(path))
    try:
        frame = pl.read_csv(path, glob=False).rename({"timestamp_ms": "window_start_ms"})
        columns = [*_FILE_COLUMNS, *(name for name in _MORE_COLUMNS if name in frame.columns)]
        frame = frame.select(pl.col("window_start_ms").cast(pl.Int64), pl.col(columns).cast(pl.Float64))
        frame = frame.with_row_index(_LINE, offset=2)  # below the names
    except pl.exceptions.PolarsError as error:
        expected = f"a CSV file with timestamp_ms, {', '.join(_FILE_COLUMNS)} ({str(error).splitlines()[0]})"
        raise BadInputError("bars", expected, str(path)) from error
    if frame.height < 2:
        raise BadInputError("bars", "at least two bars", frame.height)
    frame = frame.sort("window_start_ms", maintain_order=True)
    _check_times(path, frame)
    _check_values(path, frame)
    return frame.drop(_LINE)


def _check_times(path: Path, frame: pl.DataFrame) -> None:
    """Refuse bars that begin at no time or the same time, and times that cannot be milliseconds."""
    _refuse(path, frame, pl.col("window_start_ms").is_null(), "window_start_ms", "timestamp_ms, a whole number")
    apart_ms = frame.select(_LINE, "window_start_ms", apart_ms=pl.col("window_start_ms").diff())
    another = "another timestamp_ms than the line before it in time"
    _refuse(path, apart_ms, pl.col("apart_ms") == 0, "window_start_ms", another)
    whole = "a timestamp_ms in milliseconds, whole seconds after the bar before"
    _refuse(path, apart_ms, pl.col("apart_ms") % _SHORTEST_MS != 0, "window_start_ms", whole)


def _check_values(path: Path, frame: pl.DataFrame) -> None:
    """Refuse prices and volumes that no market has."""
    for name in _FILE_COLUMNS:
        value = pl.col(name)
        is_volume = name == "volume"
        possible = value.is_finite() & ((value >= 0) if is_volume else (value > 0))
        expected = f"{name}, a number that is not negative" if is_volume else f"{name}, a positive price"
        _refuse(path, frame, possible.fill_null(False).not_(), name, expected)


def _refuse(path: Path, frame: pl.DataFrame, wrong: pl.Expr, column: str, expected: str) -> None:
    """Refuse the first line that is wrong, if one is."""
    found = frame.filter(wrong).sort(_LINE).select(_LINE, column)
    if not found.is_empty():
        line, value = found.row(0)
        raise BadInputError(f"bars, line {line} of {path.name}", expected, value)


def _with_quiet_bars(frame: pl.DataFrame, interval_ms: int) -> pl.DataFrame:
    """Fill short holes as the candles service does where a venue is alive: at the last close, with no volume."""
    starts = frame["window_start_ms"].to_numpy()
    every = np.arange(starts[0], starts[-1] + 1, interval_ms)
    before = np.searchsorted(starts, every, side="right") - 1
    hole_ms = np.append(np.diff(starts), interval_ms)[before]
    traded = every == starts[before]
    kept = traded | (hole_ms <= _QUIET_BARS * interval_ms)
    rows, traded = frame[before[kept]], pl.Series(traded[kept])
    prices = [pl.when(traded).then(pl.col(name)).otherwise(pl.col("close")) for name in ("open", "high", "low")]
    flows = [pl.when(traded).then(pl.col(name)).otherwise(0.0) for name in rows.columns if name[0] in "vt"]
    filled: pl.DataFrame = rows.with_columns(pl.Series("window_start_ms", every[kept]), *prices, *flows)
    return filled
