"""An order as ``POST /api/v3/order`` takes it; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contracts.instrument import Instrument
from contracts.order import Order, OrderType
from exchanges.private.prices import price_in_ticks

_Arguments = dict[str, str]
#: How long before its deadline an order says that it was made. Binance takes it until ``timestamp + recvWindow``, and
#: refuses a time that is ahead of its own: so no clock but that of the deadline is needed, if none is farther ahead.
WINDOW_MS = 10_000


def order_arguments(
    order: Order, symbol: str, client_order_id: str, deadline_ms: int, instrument: Instrument
) -> _Arguments:
    """Return the arguments of a new order.

    A market order with a collar is a limit at the collar that is done at once or not: that is what the venue can hold
    it to. Of a bracket the stop rests: Binance's pair of orders of which one ends the other is two orders with two
    ids, of which the gateway would know one.

    Parameters
    ----------
    order
        What is to be bought or sold.
    symbol
        What Binance calls the pair.
    client_order_id
        At most 36 characters.
    deadline_ms
        The venue's time from which on it must not take the order.
    instrument
        What prices are rounded to: never to the worse of what was allowed.

    Returns
    -------
    dict
        With ``timestamp`` and ``recvWindow``, without the signature.
    """
    return {
        "symbol": symbol,
        "side": order.side.upper(),
        "quantity": order.quantity,
        "newClientOrderId": client_order_id,
        "newOrderRespType": "ACK",
        **_KINDS[order.order_type](order, instrument),
        "recvWindow": str(WINDOW_MS),
        "timestamp": str(deadline_ms - WINDOW_MS),
    }


def sold_at_once(stop: _Arguments) -> _Arguments:
    """Return the arguments of a market order in place of a stop: what it becomes when its price is reached.

    Parameters
    ----------
    stop
        Of `order_arguments`.

    Returns
    -------
    dict
        With the same name and deadline.
    """
    return {**{name: value for name, value in stop.items() if name != "stopPrice"}, "type": "MARKET"}


def _market(order: Order, instrument: Instrument) -> _Arguments:
    if order.collar_price is None:
        return {"type": "MARKET"}
    price = price_in_ticks(order.collar_price, order.side, instrument)
    return {"type": "LIMIT", "price": price, "timeInForce": "IOC"}


def _limit(order: Order, instrument: Instrument) -> _Arguments:
    price = price_in_ticks(order.limit_price, order.side, instrument)
    if order.instruction == "post_only":
        return {"type": "LIMIT_MAKER", "price": price}
    return {"type": "LIMIT", "price": price, "timeInForce": order.time_in_force}


def _stop(order: Order, instrument: Instrument) -> _Arguments:
    return {"type": "STOP_LOSS", "stopPrice": price_in_ticks(order.stop_price, order.side, instrument)}


_KINDS: Mapping[OrderType, Callable[[Order, Instrument], _Arguments]] = {
    "market": _market,
    "limit": _limit,
    "target": _limit,
    "stop": _stop,
    "bracket": _stop,
}
