"""Where orders can be sent to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exchanges.binance.private_rest import BinancePrivate
from exchanges.binance.user_stream_messages import ADDRESS as BINANCE_STREAM
from exchanges.coinbase.private_rest import CoinbasePrivate
from exchanges.coinbase.user_channel import ADDRESS as COINBASE_STREAM
from exchanges.kraken.executions_channel import ADDRESS as KRAKEN_STREAM
from exchanges.kraken.private_rest import KrakenPrivate
from exchanges.private.venue import PrivateVenue


@dataclass(frozen=True, slots=True)
class OrderVenue:
    """A venue that takes orders.

    Parameters
    ----------
    open
        Makes its client.
    stream_url
        Its own address of what tells of executions.
    has_switch
        Whether it has a dead man's switch: it cancels all orders of whoever has fallen silent.
    tells_fills
        Whether its stream tells of executions; one that tells of orders only is a reason to ask at once.
    lasting_names
        Whether our name for an order is good for one order for ever: an order without an answer is sent again by it.
    """

    open: Callable[..., PrivateVenue]
    stream_url: str
    has_switch: bool
    tells_fills: bool = True
    lasting_names: bool = False


#: By name; there is one of each of `exchanges.venues`.
PRIVATE_VENUES: Mapping[str, OrderVenue] = {
    "kraken": OrderVenue(KrakenPrivate, KRAKEN_STREAM, has_switch=True),
    "coinbase": OrderVenue(CoinbasePrivate, COINBASE_STREAM, has_switch=False, tells_fills=False, lasting_names=True),
    "binance": OrderVenue(BinancePrivate, BINANCE_STREAM, has_switch=False),
}
