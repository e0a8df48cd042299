"""Binance trades as recorders of its `trade` stream write them."""

from exchanges.recorded.cells import milliseconds
from exchanges.recorded.column_format import ColumnFormat

# The buyer being the maker means the taker sold. Trade time (T), not event time (E): E is when Binance reported it.
BINANCE = ColumnFormat(
    name="binance",
    time="trade_time_ms",
    read_time=milliseconds,
    price="price",
    quantity="qty",
    trade_id="trade_id",
    side="buyer_is_maker",
    sides={"true": "sell", "false": "buy", "1": "sell", "0": "buy"},
    consecutive_ids=True,
)
