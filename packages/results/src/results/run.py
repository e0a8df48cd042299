"""A run as a person works with it in a notebook: frames to calculate with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from contracts.columns import columns_of
from contracts.errors import BadInputError
from featurestore import Store, open_store
from featurestore.frames import library, pandas_frame
from results.books import books, daily_books
from results.export.tables import TABLES, TRADES_TABLE, table
from results.report.data import load_table
from results.run_folder import RunFolder
from results.run_settings import RunSettings, settings_of
from results.summary import FILE_NAME as SUMMARY

if TYPE_CHECKING:
    import pandas as pd

#: The tables that a run has.
NAMES = (TRADES_TABLE, *(each.name for each in TABLES))
#: The column that says when a row happened, the first that a table has.
_WHEN = ("window_start_ms", "filled_at_ms", "updated_at_ms", "time_ms", "to_ms", "timestamp_us")
#: Text in the files, which no float would be exact for.
_TRADE_DECIMALS = ("price", "quantity")


@dataclass(frozen=True)
class Run:
    """The results in a folder.

    Tables are frames of Polars: `trades`, `candles`, `features`, `predictions`, `predictions_shadow`,
    `model_quality`, `signals`, `orders`, `fills`, `positions`, `pnl`, `risk_alerts`. Their first column is `time`,
    in UTC: when a window began, an order was filled or a trade took place. Prices and amounts are floats; `table`
    has them exact too.

    Attributes
    ----------
    folder
        Of the results.
    summary
        What is in ``summary.json``; empty for what was only exported.

    Examples
    --------
    ::

        run = results.load("runs/demo")
        run.fills.group_by("pair").agg(pl.col("realised_pnl_quote").sum())
        run.pandas("pnl").set_index("time").equity.plot()
    """

    folder: Path
    summary: Mapping[str, Any]

    @classmethod
    def of(cls, folder: Path) -> Run:
        """Return the run that left its results in `folder`.

        Raises
        ------
        BadInputError
            If no run did.
        """
        if not any((folder / f"{name}.parquet").is_file() for name in NAMES):
            expected = "a folder with the tables of a run"
            if RunFolder(folder).log.is_dir():
                expected += f" (it has a log, whose tables `tradestream export --run {folder} OUT` writes)"
            raise BadInputError("run", expected, str(folder))
        path = folder / SUMMARY
        return cls(folder, json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {})

    @cached_property
    def trades(self) -> pl.DataFrame:
        """Each trade of the market."""
        return self.table("trades")

    @cached_property
    def candles(self) -> pl.DataFrame:
        """Each candle and each correction of it, of every length."""
        return self.table("candles")

    @cached_property
    def features(self) -> pl.DataFrame:
        """Each feature row and each correction of it."""
        return self.table("technical_indicators")

    @cached_property
    def predictions(self) -> pl.DataFrame:
        """Each prediction."""
        return self.table("predictions")

    @cached_property
    def predictions_shadow(self) -> pl.DataFrame:
        """What challengers said of the same rows."""
        return self.table("predictions_shadow")

    @cached_property
    def model_quality(self) -> pl.DataFrame:
        """How each version did on each pair, a row for every 200 predictions."""
        return self.table("model_quality")

    @cached_property
    def signals(self) -> pl.DataFrame:
        """Each decision of each account."""
        return self.table("signals")

    @cached_property
    def orders(self) -> pl.DataFrame:
        """Each step in the life of an order."""
        return self.table("orders")

    @cached_property
    def fills(self) -> pl.DataFrame:
        """Each execution."""
        return self.table("fills")

    @cached_property
    def positions(self) -> pl.DataFrame:
        """The position after each fill."""
        return self.table("positions")

    @cached_property
    def books(self) -> pl.DataFrame:
        """What each strategy of each account has earned on each pair; `daily_books` has its days."""
        return books(*(load_table(self.folder, name) for name in ("fills", "signals", "pnl")))

    @cached_property
    def daily_books(self) -> pl.DataFrame:
        """The same by UTC day."""
        return daily_books(*(load_table(self.folder, name) for name in ("fills", "signals")))

    @cached_property
    def pnl(self) -> pl.DataFrame:
        """Each account, once a minute."""
        return self.table("pnl")

    @cached_property
    def risk_alerts(self) -> pl.DataFrame:
        """Limits approached, met or broken."""
        return self.table("risk_alerts")

    @property
    def settings(self) -> RunSettings:
        """The settings it ran with, as it wrote them down; this environment's where it has no record."""
        return settings_of(RunFolder(self.folder))

    def table(self, name: str, *, exact: bool = False) -> pl.DataFrame:
        """Return a table as a Polars frame.

        Parameters
        ----------
        name
            Of its file: one of `NAMES`.
        exact
            Exact decimals as text, digit for digit, instead of floats.

        Returns
        -------
        polars.DataFrame
            Without rows if nothing of the kind happened.

        Raises
        ------
        BadInputError
            If there is no such table.
        """
        if name not in NAMES:
            raise BadInputError("table", f"one of {', '.join(NAMES)}", name)
        frame = load_table(self.folder, name)
        when = next(column for column in _WHEN if column in frame.columns)
        time = pl.from_epoch(pl.col(when), time_unit="us" if when.endswith("_us") else "ms")
        time = time.dt.replace_time_zone("UTC").alias("time")
        decimals = [] if exact else [column for column in _decimals(name) if column in frame.columns]
        return frame.select(time, pl.exclude(decimals), pl.col(decimals).cast(pl.Float64)).select(
            "time", *frame.columns
        )

    def pandas(self, name: str) -> pd.DataFrame:
        """Return a table as a pandas frame: the same columns, whole numbers whole where some are missing.

        Raises
        ------
        BadInputError
            If there is no such table.
        BadSettingError
            If pandas is not installed.
        """
        frame = self.table(name)
        found: pd.DataFrame = pandas_frame({column: frame[column].to_list() for column in frame.columns[1:]})
        found.insert(0, "time", library("pandas").to_datetime(frame["time"].to_numpy(), utc=True))
        return found

    def store(self) -> Store:
        """Return the SQL store of the run, where its folder still has it.

        Raises
        ------
        BadSettingError
            If it has none.
        """
        return open_store(self.folder)


def _decimals(name: str) -> tuple[str, ...]:
    if name == TRADES_TABLE:
        return _TRADE_DECIMALS
    return tuple(column.name for column in columns_of(table(name).message) if column.kind == "decimal")
