"""Kraken's REST pages of trades as recorders append them: no header, the taker's side as one letter."""

from exchanges.recorded.column_format import ColumnFormat

KRAKEN_PAGES = ColumnFormat(
    name="kraken pages",
    time=("time",),
    price=("price",),
    quantity=("volume",),
    trade_id=("trade_id",),
    side=("side",),
    venue="kraken",
    headerless=("price", "volume", "time", "side", "order_type", "miscellaneous", "trade_id"),
)
