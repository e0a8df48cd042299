"""What the report reads: the exported tables and `summary.json`, nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from contracts.units import MS_PER_MINUTE, MS_PER_SECOND
from results.evaluation import judged_predictions, labels_of
from results.export.tables import table
from results.report.wording import Foreseen, foreseen

MAX_BARS = 900
_BAR_MINUTES = (1, 5, 15, 60, 240, 1_440, 10_080)
_PRICES = ("open", "high", "low", "close")
_HISTORY_SHARE = 0.25
_MINUTE_S = 60


def shortest_s(candles: pl.DataFrame) -> int:
    """Return the length of the shortest candles, seconds: a minute wherever trades were at hand."""
    return _MINUTE_S if candles.is_empty() else int(candles["interval_s"].min())  # type: ignore[arg-type]


def load_table(folder: Path, name: str) -> pl.DataFrame:
    """Return an exported table; a missing file is a table without rows.

    Returns
    -------
    pl.DataFrame
        Typed as the contract has it.
    """
    path = folder / f"{name}.parquet"
    return pl.read_parquet(path, glob=False) if path.exists() else pl.DataFrame(schema=table(name).schema)


@dataclass(frozen=True)
class ReportData:
    """The tables of a run, as the figures want them: exact decimals as floats, for drawing only.

    Parameters
    ----------
    folder
        Folder of the Parquet files.
    summary
        Content of `summary.json`.
    """

    folder: Path
    summary: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> ReportData:
        """Read the run exported to `folder`.

        Raises
        ------
        FileNotFoundError
            If there is no `summary.json`.
        """
        return cls(folder, json.loads((folder / "summary.json").read_text(encoding="utf-8")))

    @cached_property
    def all_candles(self) -> pl.DataFrame:
        return load_table(self.folder, "candles")

    @cached_property
    def candle_s(self) -> int:
        """Length of the candles that are shown, seconds."""
        return shortest_s(self.all_candles)

    @cached_property
    def candles(self) -> pl.DataFrame:
        """The latest revision of each of the shortest candles in the period the report shows."""
        return (
            self.all_candles.filter(
                pl.col("interval_s") == self.candle_s, pl.col("window_start_ms") >= self.shown_from_ms
            )
            .sort("pair", "window_start_ms", "revision")
            .unique(["exchange", "pair", "window_start_ms"], keep="last", maintain_order=True)
            .with_columns(pl.col(*_PRICES, "volume").cast(pl.Float64))
        )

    @cached_property
    def features(self) -> pl.DataFrame:
        """The served feature rows of the shown period."""
        return load_table(self.folder, "technical_indicators").filter(
            pl.col("interval_s") == self.candle_s,
            pl.col("revision") == 0,
            pl.col("window_start_ms") >= self.shown_from_ms,
        )

    @cached_property
    def predictions(self) -> pl.DataFrame:
        return load_table(self.folder, "predictions")

    @cached_property
    def horizon_bars(self) -> int:
        """How far ahead was predicted; 1 without predictions."""
        return int(self.predictions["horizon_bars"].max() or 1)  # type: ignore[arg-type]

    @cached_property
    def foreseen(self) -> Foreseen:
        """What was predicted, in words."""
        labels = labels_of(self.summary)
        return foreseen(None if labels is None else labels.values())

    @cached_property
    def judged(self) -> pl.DataFrame:
        return judged_predictions(self.predictions, self.all_candles, labels_of(self.summary))

    @cached_property
    def fills(self) -> pl.DataFrame:
        decimals = ("quantity", "reference_price", "price", "fee_quote", "realised_pnl_quote")
        return load_table(self.folder, "fills").with_columns(pl.col(*decimals).cast(pl.Float64))

    @cached_property
    def positions(self) -> pl.DataFrame:
        decimals = ("quantity", "average_price", "realised_pnl_quote", "fees_quote")
        return load_table(self.folder, "positions").with_columns(pl.col(*decimals).cast(pl.Float64))

    @cached_property
    def holdings(self) -> pl.DataFrame:
        """Per account and pair: `held` at the end at `average_price` and `last_price`, and sums over the run.

        `last_price` is the close of the account's last minute, so the profits add up to its equity. A position's own
        figures begin anew each time it is opened; fills are what can be summed.
        """
        each = ["account", "pair"]
        last = self.positions.sort("updated_at_ms").unique(each, keep="last", maintain_order=True)
        sums = self.fills.group_by(each).agg(
            realised=pl.col("realised_pnl_quote").sum(), fees=pl.col("fee_quote").sum()
        )
        ends = self.pnl.group_by("account").agg(end_ms=pl.col("time_ms").max())
        closes = self.all_candles.filter(pl.col("interval_s") == self.candle_s, pl.col("revision") == 0).select(
            "pair",
            close_ms=pl.col("window_start_ms") + self.candle_s * MS_PER_SECOND,
            last_price=pl.col("close").cast(pl.Float64),
        )
        held: pl.DataFrame = (
            last.select(*each, "average_price", held="quantity")
            .join(sums, on=each)
            .join(ends, on="account")
            .sort("end_ms")
            .join_asof(
                closes.sort("close_ms"), left_on="end_ms", right_on="close_ms", by="pair", check_sortedness=False
            )
            .with_columns(unrealised=pl.col("held") * (pl.col("last_price") - pl.col("average_price")).fill_null(0))
            .sort(each)
        )
        return held

    @cached_property
    def pnl(self) -> pl.DataFrame:
        decimals = [
            name for name, kind in table("pnl").schema.items() if name.endswith("quote") and kind == pl.String
        ]
        return load_table(self.folder, "pnl").with_columns(pl.col("balance", "equity", *decimals).cast(pl.Float64))

    @cached_property
    def risk_alerts(self) -> pl.DataFrame:
        return load_table(self.folder, "risk_alerts")

    @cached_property
    def pairs(self) -> list[str]:
        return sorted(self.all_candles["pair"].unique().to_list())

    @cached_property
    def shown_from_ms(self) -> int:
        """Start of the shown period: the live part, and of the history before it as much as gives it context."""
        minutes = self._of_candle_s(self.all_candles)["window_start_ms"]
        if minutes.is_empty():
            return 0
        first, last = int(minutes.min()), int(minutes.max())  # type: ignore[arg-type]
        live_from = self.summary.get("live_from_ms")
        if live_from is None or self.pnl.is_empty():
            return first
        return max(first, int(live_from - _HISTORY_SHARE * max(last - live_from, 4 * MS_PER_MINUTE)))

    @cached_property
    def bar_minutes(self) -> int:
        """Width of a drawn bar: a candle's, or the smallest that keeps a pair under `MAX_BARS` bars."""
        if self.candles.is_empty():
            return 1
        widths = [width for width in _BAR_MINUTES if width >= self.candle_s // _MINUTE_S]
        starts = self.candles["window_start_ms"]
        minutes = (int(starts.max()) - int(starts.min())) / MS_PER_MINUTE  # type: ignore[arg-type]
        return next((width for width in widths if minutes / width <= MAX_BARS), _BAR_MINUTES[-1])

    def _of_candle_s(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.filter(pl.col("interval_s") == self.candle_s)

    def bars(self, pair: str) -> pl.DataFrame:
        """Return the candles of `pair` folded to drawn bars, with a `time` column."""
        bars: pl.DataFrame = (
            self._bucketed(self.candles.filter(pl.col("pair") == pair))
            .agg(
                pl.col("open").first(),
                pl.col("high").max(),
                pl.col("low").min(),
                pl.col("close").last(),
                pl.col("volume").sum(),
            )
            .sort("time")
        )
        return bars

    def feature_points(self, pair: str) -> pl.DataFrame:
        """Return the last feature row of each drawn bar of `pair`."""
        rows = self.features.filter(pl.col("pair") == pair).with_columns(pl.col("close").cast(pl.Float64))
        points: pl.DataFrame = self._bucketed(rows).agg(pl.exclude("time").last()).sort("time")
        return points

    def _bucketed(self, rows: pl.DataFrame) -> Any:
        width_ms = self.bar_minutes * MS_PER_MINUTE
        time = pl.from_epoch(pl.col("window_start_ms") // width_ms * width_ms, time_unit="ms").alias("time")
        return rows.sort("window_start_ms").with_columns(time).group_by("time", maintain_order=True)
