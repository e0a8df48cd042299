"""How each venue speaks: its REST paths and frames, over the same market."""

from exchanges.simulator.dialects.binance import BinanceRest, BinanceSocket
from exchanges.simulator.dialects.binance_private import BinancePrivate
from exchanges.simulator.dialects.binance_private_socket import BinancePrivateSocket
from exchanges.simulator.dialects.coinbase import CoinbaseRest, CoinbaseSocket
from exchanges.simulator.dialects.coinbase_private import CoinbasePrivate
from exchanges.simulator.dialects.coinbase_private_socket import CoinbasePrivateSocket
from exchanges.simulator.dialects.dialect import Dialect
from exchanges.simulator.dialects.kraken import KrakenSocket
from exchanges.simulator.dialects.kraken_private import KrakenPrivate
from exchanges.simulator.dialects.kraken_private_socket import KrakenPrivateSocket
from exchanges.simulator.dialects.kraken_rest import KrakenRest

#: By venue, as `exchanges.venues` names them.
SOCKETS: dict[str, type[Dialect]] = {"kraken": KrakenSocket, "coinbase": CoinbaseSocket, "binance": BinanceSocket}
#: Those that tell an account its orders.
PRIVATE_SOCKETS: dict[str, type[Dialect]] = {
    "kraken": KrakenPrivateSocket,
    "coinbase": CoinbasePrivateSocket,
    "binance": BinancePrivateSocket,
}
RESTS = (KrakenRest, CoinbaseRest, BinanceRest, KrakenPrivate, CoinbasePrivate, BinancePrivate)
