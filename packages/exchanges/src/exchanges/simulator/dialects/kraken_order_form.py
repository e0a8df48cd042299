"""What ``AddOrder`` is asked with, read as strictly as Kraken does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, TypeVar

from contracts.errors import BadInputError
from contracts.units import US_PER_SECOND
from exchanges import fields
from exchanges.simulator.accounts.order import OrderRequest, OrderType, Side, TimeInForce, VenueRefusalError
from exchanges.simulator.instruments import Instrument

T = TypeVar("T")
INVALID = "EGeneral:Invalid arguments"
_SIDES: Mapping[str, Side] = {"buy": "buy", "sell": "sell"}
_TYPES: Mapping[str, OrderType] = {"market": "market", "limit": "limit", "stop-loss": "stop-loss"}
_TIMES: Mapping[str, TimeInForce] = {"": "GTC", "GTC": "GTC", "IOC": "IOC", "GTD": "GTD"}
_FLAGS = {"post", "fciq", "fcib", "nompp"}
_UUID = re.compile(r"[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{12}", re.ASCII)
_FREE_TEXT = re.compile(r"[ -~]{1,18}", re.ASCII)


def read_order(form: Mapping[str, str], names: Mapping[str, Instrument], now_us: int) -> OrderRequest:
    """Return what is asked for.

    Raises
    ------
    VenueRefusalError
        In Kraken's words, with the argument that is wrong. Spot positions cannot be reduced, only sold.
    """
    if form.get("pair") not in names:
        raise VenueRefusalError("EQuery:Unknown asset pair")
    if form.get("reduce_only", "false").lower() == "true":
        raise VenueRefusalError("EOrder:Reduce only:No position exists")
    order_type, time_in_force = _word(form, "ordertype", _TYPES), _word(form, "timeinforce", _TIMES)
    side, flags = _word(form, "type", _SIDES), _flags(form)
    if (order_type == "stop-loss" and side == "buy") or ("post" in flags and order_type != "limit"):
        raise VenueRefusalError(f"{INVALID}:ordertype")
    if (time_in_force == "GTD") != ("expiretm" in form):
        raise VenueRefusalError(f"{INVALID}:expiretm")
    return OrderRequest(
        pair=names[form["pair"]].pair,
        side=side,
        order_type=order_type,
        quantity=_amount(form, "volume"),
        price=None if order_type == "market" else _amount(form, "price"),
        time_in_force=time_in_force,
        post_only="post" in flags,
        fee_in="base" if "fcib" in flags else "quote",
        client_order_id=_client_order_id(form),
        userref=int(_digits(form, "userref")),
        expires_us=_expiry(form, now_us) if "expiretm" in form else None,
        deadline_us=_deadline(form) if "deadline" in form else None,
    )


def _word(form: Mapping[str, str], name: str, words: Mapping[str, T]) -> T:
    if (word := form.get(name, "")) not in words:
        raise VenueRefusalError(f"{INVALID}:{name}")
    return words[word]


def _flags(form: Mapping[str, str]) -> set[str]:
    flags = {flag for flag in form.get("oflags", "").split(",") if flag}
    if not flags <= _FLAGS or {"fciq", "fcib"} <= flags:
        raise VenueRefusalError(f"{INVALID}:oflags")
    return flags


def _amount(form: Mapping[str, str], name: Literal["volume", "price"]) -> Decimal:
    try:
        return Decimal(fields.positive_number(form.get(name), name))
    except BadInputError as error:
        raise VenueRefusalError(f"{INVALID}:{name}") from error


def _digits(form: Mapping[str, str], name: str) -> str:
    text = form.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise VenueRefusalError(f"{INVALID}:{name}")
    return text


def _client_order_id(form: Mapping[str, str]) -> str | None:
    wanted = form.get("cl_ord_id")
    if wanted is not None and ("userref" in form or not (_UUID.fullmatch(wanted) or _FREE_TEXT.fullmatch(wanted))):
        raise VenueRefusalError(f"{INVALID}:cl_ord_id")
    return wanted


def _expiry(form: Mapping[str, str], now_us: int) -> int:
    """Return when an order expires: seconds since 1970, or ``+`` and seconds from now."""
    text = form["expiretm"]
    if text.startswith("+") and text[1:].isdigit():
        return now_us + int(text[1:]) * US_PER_SECOND
    return int(_digits(form, "expiretm")) * US_PER_SECOND


def _deadline(form: Mapping[str, str]) -> int:
    try:
        return fields.rfc3339_us(form["deadline"], "deadline")
    except BadInputError as error:
        raise VenueRefusalError(f"{INVALID}:deadline") from error
