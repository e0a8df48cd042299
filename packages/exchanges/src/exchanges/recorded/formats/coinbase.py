"""Coinbase trades as cryptofeed-style recorders store them, usually without ids; `side` is the taker's."""

from exchanges.recorded.cells import iso_8601
from exchanges.recorded.column_format import ColumnFormat

COINBASE = ColumnFormat(
    name="coinbase",
    time="timestamp",
    read_time=iso_8601,
    price="price",
    quantity="amount",
    trade_id="trade_id",
    side="side",
    symbol="symbol",
    consecutive_ids=None,
    optional=frozenset({"trade_id"}),
)
