"""The known formats, in the order in which they are tried: a new one is a file here and a line below."""

from exchanges.recorded.column_format import ColumnFormat
from exchanges.recorded.formats.binance import BINANCE, BINANCE_PUBLIC
from exchanges.recorded.formats.kraken import KRAKEN_PAGES
from exchanges.recorded.formats.named import NAMED
from exchanges.recorded.formats.time_and_sales import TIME_AND_SALES

FORMATS: tuple[ColumnFormat, ...] = (BINANCE, NAMED, *BINANCE_PUBLIC, KRAKEN_PAGES, TIME_AND_SALES)
