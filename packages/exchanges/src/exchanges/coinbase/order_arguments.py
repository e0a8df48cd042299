"""An order as ``POST /api/v3/brokerage/orders`` takes it; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from contracts.instrument import Instrument
from contracts.order import Order, OrderType
from contracts.units import MS_PER_SECOND, decimal_string
from exchanges.coinbase.products import product_of
from exchanges.private.prices import price_in_ticks

_Arguments = dict[str, Any]
#: A stop is a limit order that waits for its price, so it needs a limit: this share below it, which is also what
#: Coinbase gives the stop of its own brackets. A market that falls through both leaves the order resting there.
STOP_SLACK = Decimal("0.05")


def order_arguments(order: Order, client_order_id: str, instrument: Instrument) -> _Arguments:
    """Return the arguments of a new order.

    A market order with a collar is a limit at the collar that is done at once or not: that is what the venue can hold
    it to. Of a bracket the stop rests. They bear no deadline: the token that is shown with them does.

    Parameters
    ----------
    order
        What is to be bought or sold.
    client_order_id
        What the venue is to call it for us: with the same one again it answers with the first order.
    instrument
        What prices are rounded to: never to the worse of what was allowed.

    Returns
    -------
    dict
        To be sent as JSON.
    """
    return {
        "client_order_id": client_order_id,
        "product_id": product_of(order.pair),
        "side": order.side.upper(),
        "order_configuration": _KINDS[order.order_type](order, instrument),
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
        With the same name.
    """
    (about,) = stop["order_configuration"].values()
    return {**stop, "order_configuration": {"market_market_ioc": {"base_size": about["base_size"]}}}


def _market(order: Order, instrument: Instrument) -> _Arguments:
    if order.collar_price is None:
        return {"market_market_ioc": {"base_size": order.quantity}}
    price = price_in_ticks(order.collar_price, order.side, instrument)
    return {"sor_limit_ioc": {"base_size": order.quantity, "limit_price": price}}


def _limit(order: Order, instrument: Instrument) -> _Arguments:
    about = {"base_size": order.quantity, "limit_price": price_in_ticks(order.limit_price, order.side, instrument)}
    if order.time_in_force == "IOC":
        return {"sor_limit_ioc": about}
    if order.expires_at_ms is not None:
        end = {"end_time": _rfc3339(order.expires_at_ms), "post_only": order.instruction == "post_only"}
        return {"limit_limit_gtd": {**about, **end}}
    return {"limit_limit_gtc": {**about, "post_only": order.instruction == "post_only"}}


def _stop(order: Order, instrument: Instrument) -> _Arguments:
    stop = price_in_ticks(order.stop_price, order.side, instrument)
    sells = order.side == "sell"
    worst = Decimal(stop) * (1 - STOP_SLACK if sells else 1 + STOP_SLACK)
    return {
        "stop_limit_stop_limit_gtc": {
            "base_size": order.quantity,
            "limit_price": decimal_string(instrument.to_tick(worst, ROUND_DOWN)),
            "stop_price": stop,
            "stop_direction": "STOP_DIRECTION_STOP_DOWN" if sells else "STOP_DIRECTION_STOP_UP",
        }
    }


_KINDS: Mapping[OrderType, Callable[[Order, Instrument], _Arguments]] = {
    "market": _market,
    "limit": _limit,
    "target": _limit,
    "stop": _stop,
    "bracket": _stop,
}


def _rfc3339(time_ms: int) -> str:
    """Return the whole second before a time: the order is over at the latest when it is to be."""
    return f"{datetime.fromtimestamp(time_ms // MS_PER_SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"
