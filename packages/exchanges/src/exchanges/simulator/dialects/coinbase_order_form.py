"""What ``POST /orders`` is asked with, read as strictly as Coinbase does."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from contracts.errors import BadInputError
from exchanges import fields
from exchanges.simulator.accounts.order import OrderRequest, OrderType, Side, TimeInForce
from exchanges.simulator.dialects.rest_answers import RestError

_SIDES: Mapping[str, Side] = {"BUY": "buy", "SELL": "sell"}
_STOP = "stop_limit_stop_limit_gtc"
_KINDS: Mapping[str, tuple[OrderType, TimeInForce]] = {
    "market_market_ioc": ("market", "IOC"),
    "sor_limit_ioc": ("limit", "IOC"),
    "limit_limit_gtc": ("limit", "GTC"),
    "limit_limit_gtd": ("limit", "GTD"),
    _STOP: ("stop-loss", "GTC"),
}
#: What each kind must be told, and what it may be beside that.
_TOLD: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "market_market_ioc": (frozenset({"base_size"}), frozenset()),
    "sor_limit_ioc": (frozenset({"base_size", "limit_price"}), frozenset()),
    "limit_limit_gtc": (frozenset({"base_size", "limit_price"}), frozenset({"post_only"})),
    "limit_limit_gtd": (frozenset({"base_size", "limit_price", "end_time"}), frozenset({"post_only"})),
    _STOP: (frozenset({"base_size", "limit_price", "stop_price", "stop_direction"}), frozenset()),
}
_ALWAYS = {"client_order_id", "product_id", "side", "order_configuration"}
_DOWN = "STOP_DIRECTION_STOP_DOWN"
_LONGEST_NAME = 128


def read_order(form: Any, pairs: Mapping[str, str], deadline_us: int) -> OrderRequest:
    """Return what is asked for; `pairs` are those that are listed, by product.

    Raises
    ------
    RestError
        In Coinbase's words, with the argument that is wrong.
    """
    try:
        asked = fields.json_object(form, "order")
        if unread := sorted(asked.keys() ^ _ALWAYS):
            raise BadInputError(unread[0], "one of the arguments of an order, each once", asked.get(unread[0]))
        name = fields.word(asked["client_order_id"], "client_order_id")
        if len(name) > _LONGEST_NAME:
            raise BadInputError("client_order_id", "a shorter one", name)
        kinds = fields.json_object(asked["order_configuration"], "order_configuration")
        if len(kinds) != 1 or next(iter(kinds)) not in _KINDS:
            raise BadInputError("order_configuration", f"one of {', '.join(_KINDS)}", kinds)
        ((kind, about),) = kinds.items()
        return _request(asked, kind, _checked(kind, about), pairs, name, deadline_us)
    except BadInputError as error:
        raise invalid(str(error)) from error


def invalid(details: str) -> RestError:
    """Return the refusal of arguments that cannot be read."""
    return RestError(400, {"error": "INVALID_ARGUMENT", "error_details": details, "message": details})


def _checked(kind: str, about: Any) -> dict[str, Any]:
    told = fields.json_object(about, kind)
    must, may = _TOLD[kind]
    if wrong := sorted((told.keys() - must - may) | (must - told.keys())):
        raise BadInputError(f"{kind}.{wrong[0]}", "what it must be told and nothing else", told.get(wrong[0]))
    return told


def _request(
    asked: dict[str, Any], kind: str, about: dict[str, Any], pairs: Mapping[str, str], name: str, deadline_us: int
) -> OrderRequest:
    side = fields.one_of(asked["side"], "side", _SIDES)
    if kind == _STOP and (side == "buy" or about["stop_direction"] != _DOWN):
        raise BadInputError(
            "stop_direction", f"{_DOWN} of a sale", about["stop_direction"]
        )  # the engine has no other
    price = {"market_market_ioc": None, _STOP: "stop_price"}.get(kind, "limit_price")
    order_type, time_in_force = _KINDS[kind]
    return OrderRequest(
        pair=fields.one_of(asked["product_id"], "product_id", pairs),
        side=side,
        order_type=order_type,
        quantity=_amount(about, "base_size"),
        price=None if price is None else _amount(about, price),
        stop_limit=_amount(about, "limit_price") if kind == _STOP else None,
        time_in_force=time_in_force,
        post_only=fields.flag(about.get("post_only", False), "post_only"),
        client_order_id=name,
        expires_us=fields.rfc3339_us(about["end_time"], "end_time") if kind == "limit_limit_gtd" else None,
        deadline_us=deadline_us,
    )


def _amount(about: dict[str, Any], name: str) -> Decimal:
    if not isinstance(about[name], str):  # a JSON number is refused there
        raise BadInputError(name, "a number as a text", about[name])
    return Decimal(fields.positive_number(about[name], name))
