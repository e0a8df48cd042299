"""Answers of Kraken's private REST calls: text in, values out; pure.

Pairs have other names there (XBTUSD in an order, XXBTZUSD in an execution), and currencies other codes (ZUSD, XXBT):
`AssetPairs` says which, so each reader takes what `kraken.pairs.other_names` and `asset_names` make of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from contracts.errors import BadInputError
from contracts.order import OrderSide
from contracts.units import US_PER_MS
from exchanges import exact_json, fields
from exchanges.kraken.refusals import refusal_of
from exchanges.private.execution import Balances, ExecutionsPage, VenueExecution
from exchanges.private.order import OrdersPage, VenueOrder, VenueOrderStatus
from exchanges.private.refusal import RefusedError

#: What a page of ClosedOrders and TradesHistory holds at most.
PRIVATE_PAGE_ROWS = 50
#: By Kraken's word; one that it may add one day is refused by name, as nothing could be done about such an order.
STATUSES: Mapping[str, VenueOrderStatus] = {
    "pending": "pending",
    "open": "open",
    "closed": "closed",
    "canceled": "cancelled",
    "expired": "expired",
}
SIDES: Mapping[str, OrderSide] = {"buy": "buy", "sell": "sell"}


def private_result(text: str | bytes) -> Any:
    """Return the `result` of an answer.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    Any
        What stands under ``result``.

    Raises
    ------
    RefusedError
        With the refusal, for what `error` says.
    BadInputError
        If it is not an answer of Kraken at all, such as a proxy's page.
    """
    answer = exact_json.loads(text)
    if not isinstance(answer, dict) or not isinstance(answer.get("error"), list):
        raise BadInputError("answer", 'a JSON object with a list "error"', text)
    errors = [str(error) for error in answer["error"] if not str(error).startswith("W")]
    if errors:
        raise RefusedError("Kraken", refusal_of(errors))
    if "result" not in answer:
        raise BadInputError("result", "a result or an error", text)
    return answer["result"]


def parse_add_order(text: str | bytes) -> str:
    """Read an answer of ``AddOrder``.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    str
        What Kraken calls the order.

    Raises
    ------
    RefusedError, BadInputError
        As `private_result`; the second also where there is not exactly one id, as of an order that was only checked.
    """
    ids = fields.json_object(private_result(text), "result").get("txid")
    if not isinstance(ids, list) or len(ids) != 1:
        raise BadInputError("result.txid", "a list of one order id", ids)
    return fields.word(ids[0], "result.txid[0]")


def parse_cancel_order(text: str | bytes) -> int:
    """Read an answer of ``CancelOrder``.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    int
        How many orders were cancelled or are about to be.

    Raises
    ------
    RefusedError, BadInputError
        As `private_result`.
    """
    return fields.whole_number(fields.json_object(private_result(text), "result").get("count"), "result.count")


def parse_cancel_all_after(text: str | bytes) -> str:
    """Read an answer of ``CancelAllOrdersAfter``.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    str
        When all open orders are cancelled, RFC 3339; ``0`` for never.

    Raises
    ------
    RefusedError, BadInputError
        As `private_result`.
    """
    return fields.word(fields.json_object(private_result(text), "result").get("triggerTime"), "result.triggerTime")


def parse_open_orders(text: str | bytes, names: Mapping[str, str]) -> tuple[VenueOrder, ...]:
    """Read an answer of ``OpenOrders``.

    Parameters
    ----------
    text
        The body of the answer.
    names
        Pairs by Kraken's other names.

    Returns
    -------
    tuple of VenueOrder
        Those that have not ended, in the order of the answer.

    Raises
    ------
    RefusedError, BadInputError
        As `private_result`; the second also names the first field that is not as expected.
    """
    rows = fields.json_object(fields.json_object(private_result(text), "result").get("open"), "result.open")
    return tuple(_order(key, row, f"result.open.{key}", names) for key, row in rows.items())


def parse_closed_orders(text: str | bytes, names: Mapping[str, str]) -> OrdersPage:
    """Read an answer of ``ClosedOrders``, which pages by ``ofs``.

    Parameters
    ----------
    text
        The body of the answer.
    names
        Pairs by Kraken's other names.

    Returns
    -------
    OrdersPage
        At most `PRIVATE_PAGE_ROWS`.

    Raises
    ------
    RefusedError, BadInputError
        As `parse_open_orders`.
    """
    result = fields.json_object(private_result(text), "result")
    rows = fields.json_object(result.get("closed"), "result.closed")
    orders = tuple(_order(key, row, f"result.closed.{key}", names) for key, row in rows.items())
    return OrdersPage(orders, fields.whole_number(result.get("count"), "result.count"))


def parse_trades_history(text: str | bytes, names: Mapping[str, str]) -> ExecutionsPage:
    """Read an answer of ``TradesHistory``, which pages by ``ofs``.

    It says fees in quote currency only, so orders must be sent with the flag ``fciq``.

    Parameters
    ----------
    text
        The body of the answer.
    names
        Pairs by Kraken's other names.

    Returns
    -------
    ExecutionsPage
        At most `PRIVATE_PAGE_ROWS`.

    Raises
    ------
    RefusedError, BadInputError
        As `parse_open_orders`.
    """
    result = fields.json_object(private_result(text), "result")
    rows = fields.json_object(result.get("trades"), "result.trades")
    executions = tuple(_execution(key, row, f"result.trades.{key}", names) for key, row in rows.items())
    return ExecutionsPage(executions, fields.whole_number(result.get("count"), "result.count"))


def parse_balance(text: str | bytes, assets: Mapping[str, str]) -> Balances:
    """Read an answer of ``Balance``.

    Parameters
    ----------
    text
        The body of the answer.
    assets
        Currencies by Kraken's codes; a code that is not there, such as one for staked money, stays as it is.

    Returns
    -------
    Balances
        What the account has, with what open orders hold.

    Raises
    ------
    RefusedError, BadInputError
        As `private_result`; the second also names the first field that is not as expected.
    """
    rows = fields.json_object(private_result(text), "result")
    return {assets.get(code, code): fields.decimal_number(value, f"result.{code}") for code, value in rows.items()}


def parse_websockets_token(text: str | bytes) -> str:
    """Read an answer of ``GetWebSocketsToken``.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    str
        What a subscription to ``executions`` has to show; good for 15 minutes, and then as long as the socket lives.

    Raises
    ------
    RefusedError, BadInputError
        As `private_result`.
    """
    return fields.word(fields.json_object(private_result(text), "result").get("token"), "result.token")


def _order(order_id: str, row: Any, place: str, names: Mapping[str, str]) -> VenueOrder:
    entry = fields.json_object(row, place)
    about = fields.json_object(entry.get("descr"), f"{place}.descr")
    return VenueOrder(
        client_order_id=fields.optional_word(entry.get("cl_ord_id"), f"{place}.cl_ord_id"),
        venue_order_id=fields.word(order_id, place),
        pair=_pair(about.get("pair"), f"{place}.descr.pair", names),
        side=fields.one_of(about.get("type"), f"{place}.descr.type", SIDES),
        status=fields.one_of(entry.get("status"), f"{place}.status", STATUSES),
        quantity=_positive(entry.get("vol"), f"{place}.vol"),
        filled=fields.decimal_number(entry.get("vol_exec"), f"{place}.vol_exec"),
        reason=fields.optional_word(entry.get("reason"), f"{place}.reason"),
        opened_at_ms=fields.seconds_us(entry.get("opentm"), f"{place}.opentm") // US_PER_MS,
    )


def _execution(execution_id: str, row: Any, place: str, names: Mapping[str, str]) -> VenueExecution:
    entry = fields.json_object(row, place)
    maker = fields.flag(entry.get("maker"), f"{place}.maker")
    return VenueExecution(
        execution_id=fields.word(execution_id, place),
        venue_order_id=fields.word(entry.get("ordertxid"), f"{place}.ordertxid"),
        client_order_id=fields.optional_word(entry.get("cl_ord_id"), f"{place}.cl_ord_id"),
        pair=_pair(entry.get("pair"), f"{place}.pair", names),
        side=fields.one_of(entry.get("type"), f"{place}.type", SIDES),
        quantity=_positive(entry.get("vol"), f"{place}.vol"),
        price=_positive(entry.get("price"), f"{place}.price"),
        fee=fields.decimal_number(entry.get("fee"), f"{place}.fee"),
        fee_in="quote",
        liquidity="maker" if maker else "taker",
        at_ms=fields.seconds_us(entry.get("time"), f"{place}.time") // US_PER_MS,
    )


def _positive(value: Any, field: str) -> Decimal:
    return Decimal(fields.positive_number(value, field))


def _pair(value: Any, field: str, names: Mapping[str, str]) -> str:
    name = fields.word(value, field)
    if name not in names:
        raise BadInputError(field, "a pair that the venue lists", name)
    return names[name]
