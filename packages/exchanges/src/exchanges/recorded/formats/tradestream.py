"""The project's own columns, as `trades.parquet` and CSV exports have them, and close relatives."""

from dataclasses import replace

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
    optional=frozenset({"trade_id", "side", "pair", "exchange"}),
    aliases={
        "qty": "quantity",
        "amount": "quantity",
        "size": "quantity",
        "id": "trade_id",
        "symbol": "pair",
        "product_id": "pair",
        "taker_side": "side",
        "venue": "exchange",
    },
)

#: The same with a time column that names no unit; its values tell.
PLAIN = replace(
    TRADESTREAM,
    name="plain",
    time="timestamp",
    read_time=any_time,
    aliases={
        **TRADESTREAM.aliases,
        "time": "timestamp",
        "ts": "timestamp",
        "timestamp_ms": "timestamp",
        "timestamp_ns": "timestamp",
        "trade_time_ms": "timestamp",
    },
)
