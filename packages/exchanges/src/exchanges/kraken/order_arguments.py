"""An order as ``AddOrder`` takes it; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from contracts.instrument import Instrument
from contracts.order import Order, OrderType
from contracts.units import MS_PER_SECOND
from exchanges.private.prices import price_in_ticks

_Arguments = dict[str, str]


def order_arguments(
    order: Order, altname: str, client_order_id: str, deadline_ms: int, instrument: Instrument
) -> _Arguments:
    """Return the arguments of ``AddOrder``.

    A market order with a collar is a limit at the collar that is done at once or not: that is what the venue can hold
    it to. Of a bracket the stop rests, as Kraken has no pair of orders of which one ends the other. The fee is asked
    for in quote currency, in which ``TradesHistory`` tells it.

    Parameters
    ----------
    order
        What is to be bought or sold.
    altname
        What Kraken calls the pair.
    client_order_id
        At most 18 characters.
    deadline_ms
        The venue's time from which on it must not take the order.
    instrument
        What prices are rounded to: never to the worse of what was allowed.

    Returns
    -------
    dict
        Without the nonce.
    """
    flags = ["fciq", *(["post"] if order.instruction == "post_only" else [])]
    return {
        "pair": altname,
        "type": order.side,
        "volume": order.quantity,
        "cl_ord_id": client_order_id,
        "oflags": ",".join(flags),
        "deadline": _rfc3339(deadline_ms),
        **_KINDS[order.order_type](order, instrument),
    }


def _market(order: Order, instrument: Instrument) -> _Arguments:
    if order.collar_price is None:
        return {"ordertype": "market"}
    price = price_in_ticks(order.collar_price, order.side, instrument)
    return {"ordertype": "limit", "price": price, "timeinforce": "IOC"}


def _limit(order: Order, instrument: Instrument) -> _Arguments:
    price = price_in_ticks(order.limit_price, order.side, instrument)
    return {"ordertype": "limit", "price": price, "timeinforce": order.time_in_force}


def _stop(order: Order, instrument: Instrument) -> _Arguments:
    return {"ordertype": "stop-loss", "price": price_in_ticks(order.stop_price, order.side, instrument)}


_KINDS: Mapping[OrderType, Callable[[Order, Instrument], _Arguments]] = {
    "market": _market,
    "limit": _limit,
    "target": _limit,
    "stop": _stop,
    "bracket": _stop,
}


def _rfc3339(time_ms: int) -> str:
    seconds, left_ms = divmod(time_ms, MS_PER_SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{left_ms:03d}Z"
