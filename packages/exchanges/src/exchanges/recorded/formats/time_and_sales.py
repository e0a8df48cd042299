"""Epoch time, price, volume and no header: Kraken's downloadable history, Bitstamp's as bitcoincharts has it."""

from exchanges.recorded.column_format import ColumnFormat

TIME_AND_SALES = ColumnFormat(
    name="time and sales",
    time=("epoch_s",),
    price=("price",),
    quantity=("volume",),
    consecutive_ids=False,
    headerless=("epoch_s", "price", "volume"),
)
