"""Where orders can be sent to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exchanges.binance.private_rest import BinancePrivate
from exchanges.binance.user_stream_messages import ADDRESS as BINANCE_STREAM
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
    """

    open: Callable[..., PrivateVenue]
    stream_url: str
    has_switch: bool


#: By name; of the others of `exchanges.venues` there is market data only so far.
PRIVATE_VENUES: Mapping[str, OrderVenue] = {
    "kraken": OrderVenue(KrakenPrivate, KRAKEN_STREAM, has_switch=True),
    "binance": OrderVenue(BinancePrivate, BINANCE_STREAM, has_switch=False),
}
