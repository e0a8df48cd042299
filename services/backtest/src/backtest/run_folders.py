"""What a run has published: its candles, with the features and predictions that its strategies were given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from backtest.bars import Bars
from backtest.candle_frames import bars_of_candles
from backtest.history import History
from contracts.errors import BadInputError
from contracts.signal import SAID
from features.blocks import Floats
from results.report.data import load_table

_START = "window_start_ms"
#: Tables by their names.
Tables = Callable[[str], pl.DataFrame]
_PLACES = {
    "--run": "a folder with candles of {} s (tradestream export writes them)",
    "--from-store": "a store with candles of {} s{}",
}


def bars_of_run(folder: Path, interval_s: int, pairs: Iterable[str] = (), asked: Iterable[str] = ()) -> History:
    """Return what a run's folder holds; see `bars_of_tables`.

    Parameters
    ----------
    folder
        With ``candles.parquet``, as `make demo` and `tradestream export` write it.
    interval_s
        Of which candles.
    pairs
        Which pairs; by default all.
    asked
        What strategies take: features and predictions, as `features.given` names them.

    Returns
    -------
    History
        The bars of each pair.

    Raises
    ------
    BadInputError
        If there are no such candles, or not of a pair.
    """
    return bars_of_tables(partial(load_table, folder), ("--run", str(folder)), interval_s, pairs, asked)


def bars_of_tables(
    tables: Tables, where: tuple[str, str], interval_s: int, pairs: Iterable[str] = (), asked: Iterable[str] = ()
) -> History:
    """Return final candles as they first came, and what came with each.

    Parameters
    ----------
    tables
        Returns a table by its name, as `tradestream export` writes it; without rows where there is none.
    where
        The option that named them, and what it said, for complaints.
    interval_s
        Of which candles.
    pairs
        Which pairs; by default all.
    asked
        What strategies take: features and predictions, as `features.given` names them.

    Returns
    -------
    History
        The bars of each pair.

    Raises
    ------
    BadInputError
        If there are no such candles, or not of a pair.
    """
    candles = tables("candles").filter(pl.col("interval_s") == interval_s, pl.col("revision") == 0)
    there, wanted = sorted(candles["pair"].unique().to_list()), sorted(pairs)
    if not there:
        option, came = where
        of = f" of {' or '.join(wanted)}" if wanted else ""  # of a store no others were read
        raise BadInputError(option, _PLACES[option].format(interval_s, of), came)
    wanted = wanted or there
    if missing := [pair for pair in wanted if pair not in there]:
        raise BadInputError("--pairs", f"pairs of {', '.join(there)}, which there are candles of", missing[0])
    names = sorted(set(asked))
    said = _predictions(tables, interval_s) if any("." in name for name in names) else None
    given = _given(tables, interval_s, names, said)
    return History({pair: _bars(candles.filter(pl.col("pair") == pair), pair, given, said) for pair in wanted})


def _bars(
    candles: pl.DataFrame, pair: str, given: Mapping[str, pl.DataFrame], predictions: pl.DataFrame | None
) -> Bars:
    rows = candles.sort(_START)
    return replace(
        bars_of_candles(rows, pair),
        given={name: _aligned(rows, frame, pair) for name, frame in given.items()},
        said={} if predictions is None else _said(rows, predictions, pair),
    )


def _said(rows: pl.DataFrame, predictions: pl.DataFrame, pair: str) -> dict[str, list[Any]]:
    """Return what signals copy from the prediction of each candle, by field."""
    own = predictions.filter(pl.col("pair") == pair).drop("pair")
    found = rows.select(_START).join(own, on=_START, how="left", maintain_order="left")
    return {name: found[name].to_list() for name in found.columns if name != _START}


def _aligned(rows: pl.DataFrame, given: pl.DataFrame, pair: str) -> Floats:
    """Return a value for each candle, NaN where it has none."""
    values = rows.select(_START).join(
        given.filter(pl.col("pair") == pair), on=_START, how="left", maintain_order="left"
    )["value"]
    return values.fill_null(np.nan).to_numpy()


def _predictions(tables: Tables, interval_s: int) -> pl.DataFrame:
    """Return what was said of each window, whatever the model is called; the first counts, as for signals.

    What came after the run's decisions had stopped waiting for it is left out, as it was there.
    """
    window = pl.concat_str("exchange", "pair", "interval_s", _START, "model_name", "model_version", separator=":")
    found: pl.DataFrame = (
        tables("predictions")
        .filter(pl.col("interval_s") == interval_s)
        .unique(["pair", _START], keep="first", maintain_order=True)
        .join(_unheard(tables, interval_s), on=["pair", _START], how="anti", maintain_order="left")
        .select("pair", _START, "reason", *SAID, prediction_id=window)
    )
    return found


def _unheard(tables: Tables, interval_s: int) -> pl.DataFrame:
    """Return the windows that everybody decided on without a prediction, of pairs of which others had one."""
    heard = pl.col("prediction_id").is_not_null().any()
    windows = tables("signals").filter(pl.col("interval_s") == interval_s).group_by("pair", _START)
    of_pairs = windows.agg(heard=heard).with_columns(some=pl.col("heard").any().over("pair"))
    return of_pairs.filter(pl.col("some"), ~pl.col("heard")).select("pair", _START)


def _given(
    tables: Tables, interval_s: int, asked: Iterable[str], predictions: pl.DataFrame | None
) -> dict[str, pl.DataFrame]:
    features = tables("technical_indicators").filter(pl.col("interval_s") == interval_s, pl.col("revision") == 0)
    found = {}
    for name in asked:
        _, predicted, field = name.rpartition(".")
        if predictions is None or not predicted:
            found[name] = features.select("pair", _START, value=pl.col(name).cast(pl.Float64))
            continue
        # As signals takes it: nothing is said where the model leans to neither side.
        said = pl.when(pl.col("direction") != 0).then(pl.col(field).cast(pl.Float64))
        found[name] = predictions.select("pair", _START, value=said)
    return found
