"""The known formats, in the order in which they are tried: a new one is a file here and a line below."""

from exchanges.recorded.column_format import ColumnFormat
from exchanges.recorded.formats.binance import BINANCE
from exchanges.recorded.formats.coinbase import COINBASE
from exchanges.recorded.formats.time_and_sales import TIME_AND_SALES
from exchanges.recorded.formats.tradestream import PLAIN, TRADESTREAM

FORMATS: tuple[ColumnFormat, ...] = (BINANCE, COINBASE, TRADESTREAM, PLAIN, TIME_AND_SALES)
