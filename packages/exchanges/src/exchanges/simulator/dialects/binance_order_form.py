"""What ``POST /api/v3/order`` is asked with, read as strictly as Binance does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from contracts.errors import BadInputError
from exchanges import fields
from exchanges.simulator.accounts.order import OrderRequest, OrderType, Side, TimeInForce
from exchanges.simulator.dialects.binance_refusals import no
from exchanges.simulator.dialects.rest_answers import RestError

_SIDES: Mapping[str, Side] = {"BUY": "buy", "SELL": "sell"}
_TYPES: Mapping[str, OrderType] = {
    "MARKET": "market",
    "LIMIT": "limit",
    "LIMIT_MAKER": "limit",
    "STOP_LOSS": "stop-loss",
}
#: What each type must be told, and nothing else may be, beside what all are told.
_TOLD: Mapping[str, frozenset[str]] = {
    "MARKET": frozenset(),
    "LIMIT": frozenset({"price", "timeInForce"}),
    "LIMIT_MAKER": frozenset({"price"}),
    "STOP_LOSS": frozenset({"stopPrice"}),
}
_TIMES: Mapping[str, TimeInForce] = {"GTC": "GTC", "IOC": "IOC"}
_ALWAYS = frozenset({"symbol", "side", "type", "quantity", "timestamp", "signature"})
_MAY = frozenset({"newClientOrderId", "newOrderRespType", "recvWindow"})
CLIENT_ORDER_ID = re.compile(r"[\.A-Z\:/a-z0-9_-]{1,36}", re.ASCII)


def read_order(form: Mapping[str, str], pair: str, deadline_us: int, made_up_name: str) -> OrderRequest:
    """Return what is asked for; fees are in what is bought, as there.

    Raises
    ------
    RestError
        In Binance's words, with the argument that is wrong.
    """
    kind = form.get("type", "")
    if kind not in _TYPES:
        raise no(-1116, "Invalid orderType.")
    if form.get("side") not in _SIDES:
        raise no(-1117, "Invalid side.")
    for name in sorted(_ALWAYS | _TOLD[kind]):
        if not form.get(name):
            raise no(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    if unread := sorted(form.keys() - _ALWAYS - _TOLD[kind] - _MAY):
        raise no(-1106, f"Parameter '{unread[0]}' sent when not required.")
    side = _SIDES[form["side"]]
    if kind == "STOP_LOSS" and side == "buy":
        raise no(-1014, "Unsupported order combination.")  # of which the engine has none
    if form.get("timeInForce", "GTC") not in _TIMES:
        raise no(-1115, "Invalid timeInForce.")
    name = form.get("newClientOrderId", made_up_name)
    if not CLIENT_ORDER_ID.fullmatch(name):
        raise illegal("newClientOrderId", CLIENT_ORDER_ID.pattern)
    price = {"STOP_LOSS": "stopPrice", "MARKET": None}.get(kind, "price")
    return OrderRequest(
        pair=pair,
        side=side,
        order_type=_TYPES[kind],
        quantity=_amount(form, "quantity"),
        price=None if price is None else _amount(form, price),
        time_in_force=_TIMES[form.get("timeInForce", "GTC")],
        post_only=kind == "LIMIT_MAKER",
        fee_in="base" if side == "buy" else "quote",
        client_order_id=name,
        deadline_us=deadline_us,
    )


def illegal(name: str, legal: str) -> RestError:
    """Return the refusal of a parameter that cannot be read."""
    return no(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def _amount(form: Mapping[str, str], name: str) -> Decimal:
    try:
        return Decimal(fields.positive_number(form[name], name))
    except BadInputError as error:
        raise illegal(name, "^([0-9]{1,20})(\\.[0-9]{1,20})?$") from error
