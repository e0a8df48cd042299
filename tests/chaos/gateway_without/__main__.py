"""The gateway without one of its protections, to see that a run without it goes wrong."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from contracts.order import ENDS, Order
from contracts.order_report import OrderReport
from exchanges.binance import private_rest as binance
from exchanges.coinbase import private_rest as coinbase
from exchanges.kraken import private_rest as kraken
from exchanges.private.execution import VenueExecution
from gateway import __main__ as gateway
from gateway.core import fold, settle, told
from gateway.core.events import NotAnswered, OrderSeen
from gateway.core.policy import Policy
from gateway.core.state import State

#: As much as is left of the two minutes of a token, where it may begin ten seconds ago.
_LONGER_SECONDS = 55
WITHOUT = "TESTED_GATEWAY_WITHOUT"


def _without_asking() -> None:
    """What was not answered is sent again at once, and so is what was on the log before the start."""
    handlers: Any = fold._HANDLERS
    seen = handlers[OrderSeen]

    def order_seen(state: State, event: OrderSeen, policy: Policy) -> Any:
        again = event.order.status not in ENDS and event.order.venue_order_id is None
        order = event.order.model_copy(update={"status": "PLACED"}) if again else event.order
        return seen(state, replace(event, order=order, old=event.old and not again), policy)

    def not_answered(state: State, event: NotAnswered, policy: Policy) -> Any:
        tracked = state.orders[event.order_id]
        return state.with_orders([replace(tracked, phase="WAITING")]), []

    handlers[OrderSeen], handlers[NotAnswered] = order_seen, not_answered
    # Coinbase takes no second order of a name: there the name is what is asked by, so each order has one of its own.
    named: Any = coinbase
    makes = named.order_arguments

    def order_arguments(*arguments: Any) -> dict[str, Any]:
        return {**makes(*arguments), "client_order_id": f"x-{secrets.token_hex(8)}"}

    named.order_arguments = order_arguments


def _without_deadline() -> None:
    """The venue takes an order however late it comes."""
    # Binance's is how long the order holds: the longest that there is comes as near to none as may be.
    never: tuple[tuple[Any, dict[str, str]], ...] = ((kraken, {"deadline": ""}), (binance, {"recvWindow": "60000"}))
    for rest, instead in never:
        rest.order_arguments = _with_others(rest.order_arguments, instead)
    # Coinbase's is that of the token, of which the longest that there is begins ten seconds before the order is sent.
    shown: Any = coinbase
    signs = shown.json_web_token

    def json_web_token(key_name: str, until_s: int, *more: Any) -> str:
        return str(signs(key_name, until_s + _LONGER_SECONDS, *more))

    shown.json_web_token = json_web_token


def _with_others(makes: Callable[..., dict[str, str]], others: dict[str, str]) -> Callable[..., dict[str, str]]:
    """Return `makes` with other values of some arguments, and without those that are empty."""

    def order_arguments(*arguments: Any) -> dict[str, str]:
        return {name: value for name, value in {**makes(*arguments), **others}.items() if value}

    return order_arguments


def _without_fill_ids() -> None:
    """An execution has another id whenever a process tells of it."""
    ways: tuple[Any, ...] = (settle, told)
    with_id: Callable[[Order, VenueExecution], OrderReport] = ways[0].fill

    def fill(order: Order, execution: VenueExecution) -> OrderReport:
        return with_id(order, replace(execution, execution_id=f"{execution.execution_id}:{os.getpid()}"))

    for way in ways:
        way.fill = fill


PROTECTIONS: Mapping[str, Callable[[], None]] = {
    "asking": _without_asking,
    "deadline": _without_deadline,
    "fill_ids": _without_fill_ids,
}


def main() -> int:
    """Take the protection away and be the gateway."""
    PROTECTIONS[os.environ[WITHOUT]]()
    return gateway.main()


if __name__ == "__main__":
    raise SystemExit(main())
