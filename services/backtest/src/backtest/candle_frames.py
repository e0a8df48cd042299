"""Candles in a frame, as they were published or would be, as the bars of a pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from backtest.bars import EXACT_COLUMNS, PRICES, Bars
from contracts.candle import QUALITIES

_PLACES = {quality: place for place, quality in enumerate(QUALITIES)}


@dataclass(frozen=True, slots=True)
class ExactTexts:
    """A column of texts as it was published."""

    values: pl.Series

    def __getitem__(self, bar: int) -> str:
        text: str = self.values[bar]
        return text

    def part(self, which: slice) -> ExactTexts:
        """Return those of some of the bars."""
        return ExactTexts(self.values[which])


def bars_of_candles(rows: pl.DataFrame, pair: str) -> Bars:
    """Return the bars that candles of one length are.

    Parameters
    ----------
    rows
        In their order, one for each window, with the columns of `contracts.candle.Candle`.
    pair
        Whose candles all of them are.

    Returns
    -------
    Bars
        With nothing given beside them.
    """
    floats = {
        name: rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in (*PRICES, "volume", "trade_count", "taker_buy_volume")
    }
    return Bars(
        exchange=str(rows["exchange"][0]),
        pair=pair,
        interval_s=int(rows["interval_s"][0]),
        starts_ms=rows["window_start_ms"].to_numpy(),
        texts={name: ExactTexts(rows[name]) for name in EXACT_COLUMNS},
        columns=floats,
        trade_counts=rows["trade_count"].to_numpy(),
        qualities=rows["quality"].replace_strict(_PLACES, return_dtype=pl.Int8).to_numpy(),
    )
