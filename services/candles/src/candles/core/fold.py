"""A frame of trades to partial candles: one, or a thousand, in one pass over its columns."""

from __future__ import annotations

from bisect import bisect_left

from candles.core.exact import Sums, sums_of_parts
from candles.core.partial import Partial, merge
from candles.core.rows import Rows, is_sorted
from contracts.units import US_PER_MS

#: Window start (ms) and what the trades in that window say; ascending.
Windows = list[tuple[int, Partial]]


def fold(rows: Rows, interval_ms: int) -> Windows:
    """Return one partial candle for each window of `interval_ms` that `rows` have trades in.

    Parameters
    ----------
    rows
        Trades in the order of their ids; their times may go back and forth.
    interval_ms
        Length of a window, milliseconds; windows are aligned to the epoch.
    """
    in_order = is_sorted(rows.timestamps_us)
    in_time = rows if in_order else _by_time(rows)
    sums = sums_of_parts(in_time.prices, in_time.quantities, in_time.sides)
    interval_us = interval_ms * US_PER_MS
    times, windows, start = in_time.timestamps_us, Windows(), 0
    while start < len(times):
        window = times[start] // interval_us
        stop = bisect_left(times, (window + 1) * interval_us, start)
        ids = in_time.trade_ids[start:stop]
        # Ids increase; put in the order of time, they may not.
        ends = (ids[0], ids[-1]) if in_order else (min(ids), max(ids))
        windows.append((window * interval_ms, _partial(in_time, start, stop - 1, ends, sums(start, stop))))
        start = stop
    return windows


def roll_up(windows: Windows, interval_ms: int) -> Windows:
    """Return `windows` merged into longer ones; `interval_ms` is a multiple of theirs."""
    if len(windows) == 1:
        return [(windows[0][0] - windows[0][0] % interval_ms, windows[0][1])]
    rolled = Windows()
    for start_ms, partial in windows:
        longer_start_ms = start_ms - start_ms % interval_ms
        if rolled and rolled[-1][0] == longer_start_ms:
            rolled[-1] = (longer_start_ms, merge(rolled[-1][1], partial))
        else:
            rolled.append((longer_start_ms, partial))
    return rolled


def _by_time(rows: Rows) -> Rows:
    # Stable, and ids increase: trades of one microsecond stay in the order of their ids.
    return rows.take(sorted(range(len(rows.trade_ids)), key=rows.timestamps_us.__getitem__))


def _partial(rows: Rows, first: int, last: int, ids: tuple[int, int], sums: Sums) -> Partial:
    """Return the partial candle of the trades from index `first` to index `last`."""
    return {
        "count": last - first + 1,
        "open": rows.prices[first],
        "open_at": [rows.timestamps_us[first], rows.trade_ids[first]],
        "high": sums.high,
        "low": sums.low,
        "close": rows.prices[last],
        "close_at": [rows.timestamps_us[last], rows.trade_ids[last]],
        "volume": sums.volume,
        "quote_volume": sums.quote_volume,
        "taker_buy_volume": sums.taker_buy_volume,
        "first_trade_id": ids[0],
        "last_trade_id": ids[1],
    }
