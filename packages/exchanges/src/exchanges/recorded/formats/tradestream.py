"""This project's own columns, as `trades.parquet` and CSV exports have them, and close relatives."""

from exchanges.recorded.cells import any_time, microseconds
from exchanges.recorded.column_format import ColumnFormat

TRADESTREAM = ColumnFormat(
    name="tradestream",
    time="timestamp_us",
    read_time=microseconds,
    price="price",
    quantity="quantity",
    trade_id="trade_id",
    side="side",
    symbol="pair",
    exchange="exchange",
    consecutive_ids=None,
)

#: The same without a venue's id.
TRADESTREAM_WITHOUT_IDS = ColumnFormat(
    name="tradestream_without_ids",
    time="timestamp_us",
    read_time=microseconds,
    price="price",
    quantity="quantity",
    side="side",
)

#: `id, price, qty, time`-like tables, whose time column names no unit.
PLAIN = ColumnFormat(
    name="plain",
    time="timestamp",
    read_time=any_time,
    price="price",
    quantity="quantity",
    trade_id="trade_id",
    side="side",
    consecutive_ids=None,
)
