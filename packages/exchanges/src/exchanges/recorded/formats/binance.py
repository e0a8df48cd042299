"""Binance trades: as recorders of its `trade` stream write them, and the public files of data.binance.vision.

The public files of the spot market have no header, those of futures one since about 2022; times are milliseconds,
microseconds in spot files since 2025.
"""

from exchanges.recorded.column_format import BUYER_IS_MAKER, ColumnFormat
from exchanges.recorded.formats.named import EXCHANGES, IDS, PRICES, QUANTITIES, SYMBOLS, TIMES

# Trade time (T), not event time (E): E is when Binance reported it.
BINANCE = ColumnFormat(
    name="binance",
    time=TIMES,
    price=PRICES,
    quantity=QUANTITIES,
    trade_id=IDS,
    usual=("trade_id", "trade_time_ms", "price", "qty", "buyer_is_maker"),
    side=("buyer_is_maker", "is_buyer_maker", "isbuyermaker", "buyer_maker", "m"),
    sides=BUYER_IS_MAKER,
    symbol=SYMBOLS,
    exchange=EXCHANGES,
    needs_side=True,
    venue="binance",
    consecutive_ids=True,
)


def _public(name: str, *columns: str) -> ColumnFormat:
    return ColumnFormat(
        name=name,
        time=("time",),
        price=("price",),
        quantity=("base_qty", "qty"),
        trade_id=("id",),
        side=("is_buyer_maker",),
        # Without a header words are asked for: a 0 or 1 stands in many a table.
        sides={text: side for text, side in BUYER_IS_MAKER.items() if text.isalpha()},
        needs_side=True,
        venue="binance",
        consecutive_ids=True,
        headerless=columns,
    )


_TRADE, _AGGREGATED = ("id", "price", "qty", "quote_qty"), ("id", "price", "qty", "first_id", "last_id")
BINANCE_PUBLIC = (
    _public("binance spot trades", *_TRADE, "time", "is_buyer_maker", "is_best_match"),
    _public("binance futures trades", *_TRADE, "time", "is_buyer_maker"),
    _public("binance spot aggregated trades", *_AGGREGATED, "time", "is_buyer_maker", "is_best_match"),
    _public("binance futures aggregated trades", *_AGGREGATED, "time", "is_buyer_maker"),
)
