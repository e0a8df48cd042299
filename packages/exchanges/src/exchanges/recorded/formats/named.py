"""Columns that say what they are: the project's own tables, and the dumps of most venues and tools.

Among them are Coinbase, Bitstamp, Bybit, OKX and Tardis files and what CCXT or cryptofeed recorded; `side` is the
taker's.
"""

from exchanges.recorded.column_format import ColumnFormat

TIMES = (
    "timestamp_us",
    "trade_time_ms",
    "timestamp",
    "time",
    "ts",
    "transact_time",
    "trade_time",
    "tradetime",
    "created_time",
    "createdtime",
    "created_at",
    "exec_time",
    "timestamp_ms",
    "timestamp_ns",
    "timestamp_s",
    "time_ms",
    "time_us",
    "mts",
    "unix",
    "datetime",
    "date",
)
PRICES = ("price", "trade_price", "px", "rate", "p")
#: What is in base currency goes before what may count contracts.
_QUANTITIES = ("quantity", "qty", "amount", "size", "volume", "trade_volume", "vol", "sz", "q")
QUANTITIES = ("base_qty", "homenotional", *_QUANTITIES)
IDS = ("trade_id", "id", "tradeid", "tid", "trade_no", "sequential_id", "agg_trade_id")
SYMBOLS = ("pair", "symbol", "product_id", "instrument_name", "instrument_id", "instid", "instrument", "market")
EXCHANGES = ("exchange", "venue")

NAMED = ColumnFormat(
    name="named columns",
    usual=("trade_id", "timestamp", "price", "quantity", "side"),
    time=TIMES,
    price=PRICES,
    quantity=QUANTITIES,
    trade_id=IDS,
    side=("side", "taker_side", "takerside", "direction", "type"),
    symbol=SYMBOLS,
    exchange=EXCHANGES,
)
