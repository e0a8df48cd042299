"""Answers of Binance's private REST calls: text in, values out; pure.

Orders and trades are numbered for each symbol from 1, so that what they are called here begins with the symbol. A
symbol does not say where it parts into its currencies: `names` gives the pair of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from contracts.errors import BadInputError
from contracts.order import OrderSide
from contracts.units import US_PER_MS
from exchanges import exact_json, fields
from exchanges.binance.refusals import refusal_of
from exchanges.private.execution import Balances, FeeIn, VenueExecution
from exchanges.private.order import VenueOrder, VenueOrderStatus
from exchanges.private.refusal import RefusedError

#: What a page of allOrders and myTrades holds at most.
PRIVATE_PAGE_ROWS = 1_000
#: By Binance's word; one that it may add one day is refused by name, as nothing could be done about such an order.
STATUSES: Mapping[str, VenueOrderStatus] = {
    "NEW": "open",
    "PENDING_NEW": "pending",
    "PARTIALLY_FILLED": "open",
    "PENDING_CANCEL": "open",
    "FILLED": "closed",
    "CANCELED": "cancelled",
    "REJECTED": "cancelled",
    "EXPIRED": "expired",
    "EXPIRED_IN_MATCH": "expired",
}
SIDES: Mapping[str, OrderSide] = {"BUY": "buy", "SELL": "sell"}
#: Ends of which the word is the reason: the last is an order that would have met another one of ours.
_REASONS = frozenset({"REJECTED", "EXPIRED_IN_MATCH"})


def refused(text: str | bytes) -> RefusedError:
    """Read an answer that is no success.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    RefusedError
        With what `code` and `msg` say.

    Raises
    ------
    BadInputError
        If it is none of Binance's own, such as a proxy's page.
    """
    answer = exact_json.loads(text)
    code, message = (answer.get("code"), answer.get("msg")) if isinstance(answer, dict) else (None, None)
    if isinstance(code, bool) or not isinstance(code, int) or not isinstance(message, str):
        raise BadInputError("answer", "a JSON object with a code and a msg", text)
    return RefusedError("Binance", refusal_of(code, message))


def parse_new_order(text: str | bytes) -> str:
    """Read an answer to a new order.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    str
        What the order is called at Binance, with its symbol.

    Raises
    ------
    BadInputError
        If it names none.
    """
    answer = fields.json_object(exact_json.loads(text), "answer")
    return number_of(answer.get("symbol"), answer.get("orderId"), "answer.orderId")


def parse_order(text: str | bytes, names: Mapping[str, str]) -> VenueOrder:
    """Read an answer of ``GET /api/v3/order``.

    Parameters
    ----------
    text
        The body of the answer.
    names
        Pairs by symbol.

    Returns
    -------
    VenueOrder
        As it is now.

    Raises
    ------
    BadInputError
        Naming the first field that is not as expected.
    """
    return _order(exact_json.loads(text), "answer", names)


def parse_orders(text: str | bytes, names: Mapping[str, str]) -> tuple[VenueOrder, ...]:
    """Read an answer of ``openOrders`` or ``allOrders``.

    Parameters
    ----------
    text
        The body of the answer.
    names
        Pairs by symbol.

    Returns
    -------
    tuple of VenueOrder
        In the order of the answer.

    Raises
    ------
    BadInputError
        As `parse_order`.
    """
    rows = _rows(text)
    return tuple(_order(row, f"answer[{index}]", names) for index, row in enumerate(rows))


def parse_my_trades(text: str | bytes, names: Mapping[str, str]) -> tuple[VenueExecution, ...]:
    """Read an answer of ``myTrades``.

    Parameters
    ----------
    text
        The body of the answer.
    names
        Pairs by symbol.

    Returns
    -------
    tuple of VenueExecution
        In the order of the answer.

    Raises
    ------
    BadInputError
        As `parse_order`.
    """
    return tuple(_execution(row, f"answer[{index}]", names) for index, row in enumerate(_rows(text)))


def parse_balances(text: str | bytes) -> Balances:
    """Read an answer of ``account``.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    Balances
        What the account has, with what open orders hold.

    Raises
    ------
    BadInputError
        As `parse_order`.
    """
    rows = fields.json_object(exact_json.loads(text), "answer").get("balances")
    if not isinstance(rows, list):
        raise BadInputError("balances", "a list of balances", rows)
    found: dict[str, Decimal] = {}
    for index, row in enumerate(rows):
        entry, place = fields.json_object(row, f"balances[{index}]"), f"balances[{index}]"
        amounts = (fields.decimal_number(entry.get(name), f"{place}.{name}") for name in ("free", "locked"))
        found[fields.word(entry.get("asset"), f"{place}.asset")] = sum(amounts, Decimal(0))
    return found


def parse_pays_elsewhere(text: str | bytes) -> str | None:
    """Read an answer of ``account/commission``.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    str or None
        The third currency that fees are taken in, None where they are taken in the pair's own.

    Raises
    ------
    BadInputError
        As `parse_order`.
    """
    discount = fields.json_object(exact_json.loads(text), "answer").get("discount")
    if discount is None:
        return None
    about = fields.json_object(discount, "discount")
    enabled = [fields.flag(about.get(name), f"discount.{name}") for name in ("enabledForAccount", "enabledForSymbol")]
    return fields.word(about.get("discountAsset"), "discount.discountAsset") if all(enabled) else None


def execution_of(
    row: Mapping[str, Any], place: str, pair: str, words: Mapping[str, str], side: OrderSide, order_id: str
) -> VenueExecution:
    """Read an execution, which REST and the stream write with other words.

    Parameters
    ----------
    row, place
        What came, and where, for errors.
    pair, side, order_id
        What is known of its order.
    words
        What the fields ``id``, ``qty``, ``price``, ``commission``, ``commissionAsset``, ``isMaker`` and ``time`` are
        called.

    Returns
    -------
    VenueExecution
        Without the order's name.

    Raises
    ------
    BadInputError
        As `parse_order`.
    """

    def value(name: str) -> tuple[Any, str]:
        return row.get(words[name]), f"{place}.{words[name]}"

    symbol, _, _ = order_id.partition(":")
    fee, fee_in, elsewhere = _fee(value("commission"), value("commissionAsset"), pair)
    return VenueExecution(
        execution_id=number_of(symbol, *value("id")),
        venue_order_id=order_id,
        client_order_id=None,
        pair=pair,
        side=side,
        quantity=Decimal(fields.positive_number(*value("qty"))),
        price=Decimal(fields.positive_number(*value("price"))),
        fee=fee,
        fee_in=fee_in,
        liquidity="maker" if fields.flag(*value("isMaker")) else "taker",
        at_ms=fields.milliseconds_us(*value("time")) // US_PER_MS,
        fee_elsewhere=elsewhere,
    )


def number_of(symbol: Any, number: Any, field: str) -> str:
    """Return what an order or an execution is called here: its number alone is another symbol's too.

    Parameters
    ----------
    symbol, number
        As Binance says them.
    field
        Where the number stood, for errors.

    Returns
    -------
    str
        Such as ``BTCUSDT:28``.

    Raises
    ------
    BadInputError
        If one of them is missing.
    """
    counted = fields.whole_number(number, field)
    return f"{fields.word(symbol, 'symbol')}:{counted}"


def _order(row: Any, place: str, names: Mapping[str, str]) -> VenueOrder:
    entry = fields.json_object(row, place)
    symbol, status = fields.word(entry.get("symbol"), f"{place}.symbol"), entry.get("status")
    return VenueOrder(
        client_order_id=fields.word(entry.get("clientOrderId"), f"{place}.clientOrderId"),
        venue_order_id=number_of(symbol, entry.get("orderId"), f"{place}.orderId"),
        pair=names.get(symbol, symbol),
        side=fields.one_of(entry.get("side"), f"{place}.side", SIDES),
        status=fields.one_of(status, f"{place}.status", STATUSES),
        quantity=fields.decimal_number(entry.get("origQty"), f"{place}.origQty"),
        filled=fields.decimal_number(entry.get("executedQty"), f"{place}.executedQty"),
        reason=str(status) if status in _REASONS else None,
        opened_at_ms=fields.milliseconds_us(entry.get("time"), f"{place}.time") // US_PER_MS,
    )


_TRADE_WORDS = {name: name for name in ("id", "qty", "price", "commission", "commissionAsset", "isMaker", "time")}


def _execution(row: Any, place: str, names: Mapping[str, str]) -> VenueExecution:
    entry = fields.json_object(row, place)
    symbol = fields.word(entry.get("symbol"), f"{place}.symbol")
    pair = fields.one_of(symbol, f"{place}.symbol", names)
    side: OrderSide = "buy" if fields.flag(entry.get("isBuyer"), f"{place}.isBuyer") else "sell"
    order_id = number_of(symbol, entry.get("orderId"), f"{place}.orderId")
    return execution_of(entry, place, pair, _TRADE_WORDS, side, order_id)


def _fee(amount: tuple[Any, str], asset: tuple[Any, str], pair: str) -> tuple[Decimal, FeeIn, str | None]:
    """Return a fee, the currency of the pair that it is in, and what was taken in a third one instead."""
    fee = fields.decimal_number(*amount)
    base, quote = pair.split("/")
    taken_in = fields.word(*asset) if fee else quote
    if taken_in == base:
        return fee, "base", None
    return (fee, "quote", None) if taken_in == quote else (Decimal(0), "quote", f"{fee} {taken_in}")


def _rows(text: str | bytes) -> list[Any]:
    answer = exact_json.loads(text)
    if not isinstance(answer, list):
        raise BadInputError("answer", "a list", text)
    return answer
