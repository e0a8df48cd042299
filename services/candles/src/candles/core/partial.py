"""Partial candles: what some of a window's trades say; merging them in any grouping gives the whole.

A partial lives in JSON state. One without trades is ``{"count": 0}``: it says that time went on.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NotRequired, TypedDict

from candles.core.exact import add, add_known


class Partial(TypedDict):
    """What some of a window's trades say: all fields, or only a count of 0.

    `open_at` and `close_at` are ``[timestamp_us, trade_id]`` of the first and the last trade; `taker_buy_volume` is
    None where it is not known of every trade who took.
    """

    count: int
    open: NotRequired[str]
    open_at: NotRequired[list[int]]
    high: NotRequired[str]
    low: NotRequired[str]
    close: NotRequired[str]
    close_at: NotRequired[list[int]]
    volume: NotRequired[str]
    quote_volume: NotRequired[str]
    taker_buy_volume: NotRequired[str | None]
    first_trade_id: NotRequired[int]
    last_trade_id: NotRequired[int]


#: A heartbeat's: no trades. Never changed in place.
NO_TRADES: Partial = {"count": 0}


def merge(a: Partial, b: Partial) -> Partial:
    """Return the partial candle of the trades of both.

    Open and close go by (timestamp_us, trade id), so order of arrival and grouping do not matter; sums are exact.

    Examples
    --------
    >>> merge(NO_TRADES, {"count": 0})
    {'count': 0}
    """
    if not a["count"]:
        return b
    if not b["count"]:
        return a
    opens = a if a["open_at"] <= b["open_at"] else b
    closes = a if a["close_at"] >= b["close_at"] else b
    return {
        "count": a["count"] + b["count"],
        "open": opens["open"],
        "open_at": opens["open_at"],
        "high": a["high"] if a["high"] == b["high"] else max(a["high"], b["high"], key=Decimal),
        "low": a["low"] if a["low"] == b["low"] else min(a["low"], b["low"], key=Decimal),
        "close": closes["close"],
        "close_at": closes["close_at"],
        "volume": add(a["volume"], b["volume"]),
        "quote_volume": add(a["quote_volume"], b["quote_volume"]),
        "taker_buy_volume": add_known(a["taker_buy_volume"], b["taker_buy_volume"]),
        "first_trade_id": min(a["first_trade_id"], b["first_trade_id"]),
        "last_trade_id": max(a["last_trade_id"], b["last_trade_id"]),
    }
