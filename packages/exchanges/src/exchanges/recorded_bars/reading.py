"""From a file of bars to arrays that features are computed on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from contracts.counted import counted
from contracts.errors import BadInputError
from contracts.units import MS_PER_SECOND
from exchanges.recorded.names import pair_of_file, pair_of_symbol
from exchanges.recorded_bars.content import open_rows
from exchanges.recorded_bars.layouts import FLOWS, PRICES, Recognised, not_outside, recognise
from exchanges.recorded_bars.quiet import with_quiet_bars
from exchanges.recorded_bars.rows import PLACE, Rows, refuse
from exchanges.recorded_bars.spacing import first_beside, length_ms
from exchanges.recorded_bars.times import times_ms

START = "window_start_ms"
_VALUES = (*PRICES, *FLOWS)
#: Candles made of trades without sides do not know it; NaN in arrays.
_MAY_BE_UNKNOWN = "taker_buy_volume"
#: Names of columns in a note.
_SHOWN = 8


@dataclass(frozen=True)
class RecordedBars:
    """Bars of one market in their order, without gaps where it was only quiet.

    Attributes
    ----------
    frame
        A row for each bar: ``window_start_ms``, ``open``, ``high``, ``low``, ``close``, ``volume``, and
        ``trade_count`` and ``taker_buy_volume`` where the file has them.
    interval_s
        Length of a bar, seconds.
    pair
        BASE/QUOTE, where the file or its name says it.
    notes
        What a reader must know of them.

    Examples
    --------
    ::

        bars = read_bars("BTCUSDT-1m-2024-08.zip")
        values = features.batch.compute(bars.starts_ms, bars.columns, bars.interval_s, feature_set("core"))
    """

    frame: pl.DataFrame
    interval_s: int
    pair: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def starts_ms(self) -> NDArray[np.int64]:
        """When each bar begins."""
        return self.frame[START].to_numpy()

    @property
    def columns(self) -> dict[str, NDArray[np.float64]]:
        """What each bar says, by the names of `features.bars.Bar`."""
        return {name: self.frame[name].to_numpy() for name in self.frame.columns if name != START}


def read_bars(path: str | Path, pair: str | None = None) -> RecordedBars:
    """Read a file of bars; what it is and what its columns mean is told by its content.

    Read are CSV, JSON, Parquet and Feather, plain, gzipped or in a zip, with or without names of columns: Binance's
    klines, Kraken's OHLCVT, Freqtrade's files, LEAN's zips, frames as CCXT and pandas write them, and Tradestream's
    own ``candles.parquet``. Times may be in any unit, or text. The length of a bar is found from the times. A bar
    that is missing for less than sixty bars is quiet, as in live candles: it stands at the close before.

    Parameters
    ----------
    path
        Of the file.
    pair
        BASE/QUOTE, to choose from a file of several.

    Returns
    -------
    RecordedBars
        With notes on what the file lacks.

    Raises
    ------
    BadInputError
        If it is no file of bars, naming the line and the column.
    """
    rows = open_rows(Path(path))
    named_pair = pair_of_file(Path(rows.inner_name or rows.name)) or pair_of_file(Path(rows.name))
    asked = pair or named_pair
    meaning = recognise(rows, asked.split("/")[0] if asked else None)
    rows, own_pair, notes = _chosen(rows, meaning, pair)
    frame, naive = _typed(rows, meaning)
    interval_ms = _interval_ms(rows, meaning, frame)
    whole = with_quiet_bars(frame.drop(PLACE), interval_ms)
    notes += notes_of(rows, meaning, naive, whole.height - frame.height, whole.columns)
    return RecordedBars(whole, interval_ms // MS_PER_SECOND, own_pair or pair or named_pair, tuple(notes))


def _chosen(rows: Rows, meaning: Recognised, pair: str | None) -> tuple[Rows, str | None, list[str]]:
    """Return the rows of one pair, of its shortest bars, as they first came."""
    frame, notes, found = rows.frame, [], None
    if symbols := meaning.columns.get("pair"):
        texts = frame[symbols].cast(pl.String).fill_null("")
        names = {text: pair_of_symbol(text) or text for text in texts.unique().to_list()}
        there = sorted(set(names.values()))
        found = pair or (there[0] if len(there) == 1 else None)
        if found not in there:
            raise BadInputError("pair", f"one of {', '.join(there)}: {rows.name} has bars of them", pair)
        frame = frame.filter(texts.is_in([text for text, name in names.items() if name == found]))
    if revisions := meaning.columns.get("revision"):
        frame = frame.filter(pl.col(revisions).cast(pl.Int64, strict=False) == 0)
    if lengths := meaning.columns.get("interval_s"):
        each = sorted(frame[lengths].cast(pl.Int64, strict=False).drop_nulls().unique().to_list())
        frame = frame.filter(pl.col(lengths).cast(pl.Int64, strict=False) == (each[0] if each else 0))
        if len(each) > 1:
            notes.append(f"The file has bars of {', '.join(map(str, each))} s; these are those of {each[0]} s.")
    if frame.is_empty():
        raise BadInputError("bars", "a file with bars in it", f"{rows.name} (none of revision 0)")
    return replace(rows, frame=frame), found, notes


def _typed(rows: Rows, meaning: Recognised) -> tuple[pl.DataFrame, bool]:
    """Return the rows with their place, in the order of their times, as numbers."""
    starts, naive = times_ms(rows, meaning.columns["time"])
    frame = numbers_of(rows, meaning, starts)
    _check_times(rows, meaning, frame)
    return frame, naive


def numbers_of(rows: Rows, meaning: Recognised, starts: pl.Series) -> pl.DataFrame:
    """Return the rows with their place, in the order of their times, as numbers.

    Raises
    ------
    BadInputError
        If there is a price or a volume that no market has.
    """
    columns = {ours: meaning.columns[ours] for ours in _VALUES if ours in meaning.columns}
    numbers = [_numbers(rows.frame[name], ours) for ours, name in columns.items()]
    for (ours, name), values in zip(columns.items(), numbers, strict=True):
        _check_numbers(rows, ours, name, values)
    frame = pl.DataFrame([rows.frame[PLACE], starts.alias(START), *numbers]).sort(START, maintain_order=True)
    _check_shape(rows, meaning, frame)
    return frame


def _numbers(values: pl.Series, ours: str) -> pl.Series:
    numbers = values.cast(pl.Float64, strict=False).alias(ours)
    return numbers.fill_null(float("nan")) if ours == _MAY_BE_UNKNOWN else numbers


def _check_numbers(rows: Rows, ours: str, name: str, values: pl.Series) -> None:
    """Refuse prices and volumes that no market has."""
    price = ours in PRICES
    possible = (values.is_finite() & ((values > 0) if price else (values >= 0))).fill_null(False)
    if ours == _MAY_BE_UNKNOWN:
        possible |= _is_unknown(rows.frame[name])
    expected = "a positive price" if price else "a number that is not negative"
    wrong = ~possible
    if wrong.any():
        rows.refuse(pl.lit(wrong), name, f"{_label(rows, ours, name)}, {expected}")


def _is_unknown(values: pl.Series) -> pl.Series:
    texts = values.cast(pl.String, strict=False).str.to_lowercase()
    return texts.is_null() | texts.is_in(["", "nan", "null", "none"])


def _check_shape(rows: Rows, meaning: Recognised, frame: pl.DataFrame) -> None:
    """Refuse a bar whose open or close is outside of low and high."""
    names = ", ".join(_label(rows, ours, meaning.columns[ours]) for ours in PRICES)
    shown = pl.concat_str([pl.col(each).cast(pl.String) for each in PRICES], separator=", ")
    expected = f"{names} with low the least and high the greatest"
    refuse(rows, frame.with_columns(shown=shown), ~not_outside(*map(pl.col, PRICES)), "shown", expected)


def _check_times(rows: Rows, meaning: Recognised, frame: pl.DataFrame) -> None:
    """Refuse bars that begin at the same time, or not whole seconds apart."""
    if frame.height < 2:
        raise BadInputError("bars", "at least two bars", frame.height)
    column = _label(rows, "time", meaning.columns["time"])
    apart = frame.with_columns(apart_ms=pl.col(START).diff())
    refuse(rows, apart, pl.col("apart_ms") == 0, START, f"another {column} than the line before it in time")
    whole = f"{column} whole seconds after the bar before"
    refuse(rows, apart, pl.col("apart_ms") % MS_PER_SECOND != 0, START, whole)


def _interval_ms(rows: Rows, meaning: Recognised, frame: pl.DataFrame) -> int:
    """Return the length of the bars, which must all stand in one raster."""
    starts = frame[START].to_numpy()
    if lengths := meaning.columns.get("interval_s"):
        interval_ms = int(rows.frame[lengths].cast(pl.Int64)[0]) * MS_PER_SECOND
    else:
        interval_ms = length_ms(starts)
    column, length = _label(rows, "time", meaning.columns["time"]), f"{interval_ms // MS_PER_SECOND} s"
    stray = first_beside(starts, interval_ms)
    if stray is not None:
        expected = f"{column} a multiple of {length} from the others, as bars have one length"
        refuse(rows, frame, pl.col(START) == int(starts[stray]), START, expected)
    expected = f"{column} a multiple of {length} since the epoch, as live candles of this length begin"
    refuse(rows, frame, pl.col(START) % interval_ms != 0, START, expected)
    return interval_ms


def _label(rows: Rows, ours: str, name: str) -> str:
    """Return a column as the reader of the file knows it."""
    return name if rows.named and name else f"column {name or 1} ({ours})"


def notes_of(rows: Rows, meaning: Recognised, naive: bool, quiet: int, columns: Sequence[str]) -> list[str]:
    """Return what a reader must know of a file's bars: of `quiet` that are not in it, and with which columns."""
    missed = counted(
        quiet, "bar without trades is not in the file and stands", "bars without trades are not in the file and stand"
    )
    notes = [f"{missed} at the close before."] if quiet else []
    missing = [name for name in FLOWS if name not in columns]
    notes += [f"The file has no {' and no '.join(missing)}."] if missing else []
    notes += [f"The file has no names of columns: it was read as {meaning.title}."] if not rows.named else []
    notes += ["Its times name no zone and were read as UTC."] if naive else []
    unread = [re.sub(r"\s+", " ", name) or "one without a name" for name in meaning.unread]
    shown = ", ".join(unread[:_SHOWN]) + (f" and {len(unread) - _SHOWN} more" if len(unread) > _SHOWN else "")
    notes += [f"Columns that were not read: {shown}."] if unread else []
    return notes
