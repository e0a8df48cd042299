"""Candles as Kraken's REST OHLC gives them, computed exactly from the market's trades."""

from __future__ import annotations

from typing import Any

import numpy as np

from contracts.units import US_PER_SECOND
from exchanges.simulator.market import Market
from exchanges.simulator.text import fixed

INTERVALS_MIN = (1, 5, 15, 30, 60, 240, 1_440, 10_080, 21_600)
COMMITTED_ROWS = 720

Row = list[Any]


def ohlc_rows(market: Market, now_us: int, interval_min: int) -> list[Row]:
    """Return up to 720 committed candles and the running one, oldest first.

    A candle without a trade repeats the last close; its vwap, volume and count are 0. The vwap is truncated to the
    pair's price decimals.
    """
    interval_us = interval_min * 60 * US_PER_SECOND
    visible = market.visible(now_us)
    if not visible:
        return []
    timestamps = market.trades.timestamps_us[:visible]
    current = now_us // interval_us
    first = max(current - COMMITTED_ROWS, int(timestamps[0]) // interval_us)
    edges = np.searchsorted(timestamps, np.arange(first, current + 2) * interval_us, side="left")
    seconds = interval_us // US_PER_SECOND
    return [_row(market, (first + i) * seconds, int(edges[i]), int(edges[i + 1])) for i in range(current - first + 1)]


def _row(market: Market, open_time_s: int, start: int, stop: int) -> Row:
    item, trades = market.instrument, market.trades
    stop = min(stop, len(trades))

    def price(ticks: int) -> str:
        return fixed(ticks, item.price_decimals, item.price_decimals)

    if start == stop:
        close = price(int(trades.ticks[start - 1]))
        return [open_time_s, close, close, close, close, price(0), fixed(0, item.lot_decimals, item.lot_decimals), 0]
    ticks, lots = trades.ticks[start:stop], trades.lots[start:stop]
    low, volume = int(ticks.min()), int(lots.sum())
    # Sums of (price - low) * lots fit 64 bits where sums of price * lots would not.
    vwap = low + int(((ticks - low) * lots).sum()) // volume
    ohlc = [price(int(t)) for t in (ticks[0], ticks.max(), low, ticks[-1])]
    return [open_time_s, *ohlc, price(vwap), fixed(volume, item.lot_decimals, item.lot_decimals), stop - start]
