"""Coinbase trades without ids, as cryptofeed-style recorders store them; `side` is the taker's."""

from exchanges.recorded.cells import iso_8601
from exchanges.recorded.column_format import ColumnFormat

COINBASE = ColumnFormat(
    name="coinbase",
    time="timestamp",
    read_time=iso_8601,
    price="price",
    quantity="amount",
    side="side",
    symbol="symbol",
)
