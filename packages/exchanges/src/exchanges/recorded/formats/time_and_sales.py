"""Epoch seconds, price, volume and no header: Kraken's downloadable history, Bitstamp's as bitcoincharts has it."""

from exchanges.recorded.cells import seconds
from exchanges.recorded.column_format import ColumnFormat

TIME_AND_SALES = ColumnFormat(
    name="time_and_sales",
    time="epoch_s",
    read_time=seconds,
    price="price",
    quantity="volume",
    headerless=("epoch_s", "price", "volume"),
)
