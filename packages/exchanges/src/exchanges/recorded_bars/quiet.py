"""Bars of minutes in which nobody traded, which most files leave out."""

from __future__ import annotations

import numpy as np
import polars as pl

#: A longer hole in a file is an outage or another day, not a quiet market.
QUIET_BARS = 60
_START = "window_start_ms"
_PRICES = ("open", "high", "low")


def with_quiet_bars(frame: pl.DataFrame, interval_ms: int) -> pl.DataFrame:
    """Fill short holes as the candles service does where a venue is alive: at the last close, with no volume.

    Parameters
    ----------
    frame
        Bars in their order, a whole number of lengths apart.
    interval_ms
        Length of a bar.

    Returns
    -------
    pl.DataFrame
        The same columns.
    """
    starts = frame[_START].to_numpy()
    lengths = np.append(np.diff(starts) // interval_ms, 1)
    repeats = np.where(lengths <= QUIET_BARS, lengths, 1)
    before = np.repeat(np.arange(len(starts)), repeats)
    nth = np.arange(len(before)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    rows, traded = frame[before], pl.Series(nth == 0)
    prices = [pl.when(traded).then(pl.col(name)).otherwise(pl.col("close")) for name in _PRICES]
    flows = [name for name in frame.columns if name not in (_START, *_PRICES, "close")]
    none = [pl.when(traded).then(pl.col(name)).otherwise(0.0) for name in flows]
    filled: pl.DataFrame = rows.with_columns(pl.Series(_START, starts[before] + nth * interval_ms), *prices, *none)
    return filled
