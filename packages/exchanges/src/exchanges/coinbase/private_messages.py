"""Answers of Coinbase's private REST calls: text in, values out; pure.

Fees are in quote currency. An amount of which there is none may be written as an empty text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from contracts.errors import BadInputError
from contracts.order import OrderSide
from contracts.units import US_PER_MS
from exchanges import exact_json, fields
from exchanges.coinbase.products import pair_of, read_product
from exchanges.coinbase.refusals import refusal_of
from exchanges.private.execution import Balances, VenueExecution, VenueLiquidity
from exchanges.private.order import VenueOrder, VenueOrderStatus
from exchanges.private.refusal import Refusal, RefusedError

T = TypeVar("T")
#: What a page of accounts, orders and fills holds at most, as it is asked for.
PRIVATE_PAGE_ROWS = 250
#: By Coinbase's word; one that it may add one day is refused by name, as nothing could be done about such an order.
STATUSES: Mapping[str, VenueOrderStatus] = {
    "PENDING": "pending",
    "QUEUED": "pending",
    "OPEN": "open",
    "CANCEL_QUEUED": "open",
    "EDIT_QUEUED": "open",
    "FILLED": "closed",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
    "FAILED": "cancelled",
}
SIDES: Mapping[str, OrderSide] = {"BUY": "buy", "SELL": "sell"}
_LIQUIDITY: Mapping[str, VenueLiquidity] = {
    "MAKER": "maker",
    "TAKER": "taker",
    "UNKNOWN_LIQUIDITY_INDICATOR": "taker",
}
#: Of a fill that stands. Others take one back or put another in its place, which our books have no words for.
_STANDS = {"FILL": True}
_BPS = 10_000


@dataclass(frozen=True, slots=True)
class RowsPage(Generic[T]):
    """Some rows, and where the next ones begin.

    Parameters
    ----------
    rows
        In the order of the answer.
    cursor
        What the next page is asked for with; None on the last one.
    """

    rows: tuple[T, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class FeeTier:
    """What an account pays.

    Parameters
    ----------
    maker_bps, taker_bps
        Of an order that rested and of one that did not, basis points.
    """

    maker_bps: Decimal
    taker_bps: Decimal


def refused(text: str | bytes) -> RefusedError:
    """Read an answer that is no success.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    RefusedError
        With what `error` and `message` say.

    Raises
    ------
    BadInputError
        If it is none of Coinbase's own, such as a proxy's page.
    """
    answer = exact_json.loads(text)
    if not isinstance(answer, dict) or not isinstance(answer.get("error"), str):
        raise BadInputError("answer", "a JSON object with an error", text)
    return RefusedError("Coinbase", _refusal(answer, "answer", ("error",), ("message", "error_details")))


def parse_new_order(text: str | bytes) -> str:
    """Read an answer to a new order; of one whose name is taken it is that of the first order.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    str
        What the order is called at Coinbase.

    Raises
    ------
    RefusedError
        If Coinbase did not take it, which it says with HTTP 200.
    BadInputError
        If it names none.
    """
    answer = fields.json_object(exact_json.loads(text), "answer")
    if fields.flag(answer.get("success"), "success"):
        taken = fields.json_object(answer.get("success_response"), "success_response")
        return fields.word(taken.get("order_id"), "success_response.order_id")
    said = fields.json_object(answer.get("error_response"), "error_response")
    words = ("error", "preview_failure_reason", "new_order_failure_reason")
    raise RefusedError("Coinbase", _refusal(said, "error_response", words, ("message", "error_details")))


def parse_cancelled(text: str | bytes, order_id: str) -> None:
    """Read an answer of ``batch_cancel`` of one order.

    Parameters
    ----------
    text
        The body of the answer.
    order_id
        Which was to be cancelled.

    Raises
    ------
    RefusedError
        If it is not cancelled.
    BadInputError
        If it says nothing of that order.
    """
    rows = _rows(fields.json_object(exact_json.loads(text), "answer"), "results")
    if len(rows) != 1:
        raise BadInputError("results", "a list of one result", rows)
    result = fields.json_object(rows[0], "results[0]")
    if (named := fields.word(result.get("order_id"), "results[0].order_id")) != order_id:
        raise BadInputError("results[0].order_id", order_id, named)
    if not fields.flag(result.get("success"), "results[0].success"):
        raise RefusedError("Coinbase", _refusal(result, "results[0]", ("failure_reason",), ()))


def parse_order(text: str | bytes) -> VenueOrder:
    """Read an answer of ``orders/historical/{order_id}``.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    VenueOrder
        As it is now.

    Raises
    ------
    BadInputError
        Naming the first field that is not as expected.
    """
    return _order(fields.json_object(exact_json.loads(text), "answer").get("order"), "order")


def parse_orders(text: str | bytes) -> RowsPage[VenueOrder]:
    """Read an answer of ``orders/historical/batch``.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    RowsPage of VenueOrder
        In the order of the answer.

    Raises
    ------
    BadInputError
        As `parse_order`.
    """
    answer = fields.json_object(exact_json.loads(text), "answer")
    orders = tuple(_order(row, f"orders[{index}]") for index, row in enumerate(_rows(answer, "orders")))
    return RowsPage(orders, _next(answer))


def parse_fills(text: str | bytes) -> RowsPage[VenueExecution]:
    """Read an answer of ``orders/historical/fills``.

    A fill whose size is in quote currency is left out: it is of an order for an amount of money, and we send none.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    RowsPage of VenueExecution
        In the order of the answer.

    Raises
    ------
    BadInputError
        As `parse_order`; also for a fill that takes back another one, or stands in its place.
    """
    answer = fields.json_object(exact_json.loads(text), "answer")
    found = (_execution(row, f"fills[{index}]") for index, row in enumerate(_rows(answer, "fills")))
    cursor = fields.optional_word(answer.get("cursor"), "cursor")
    return RowsPage(tuple(each for each in found if each is not None), cursor)


def parse_accounts(text: str | bytes) -> RowsPage[tuple[str, Decimal]]:
    """Read an answer of ``accounts``.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    RowsPage of tuple
        Currency and what there is of it, with what open orders hold. A currency may have several.

    Raises
    ------
    BadInputError
        As `parse_order`.
    """
    answer = fields.json_object(exact_json.loads(text), "answer")
    rows = tuple(_balance(row, f"accounts[{index}]") for index, row in enumerate(_rows(answer, "accounts")))
    return RowsPage(rows, _next(answer))


def summed(rows: tuple[tuple[str, Decimal], ...]) -> Balances:
    """Return what there is of each currency.

    Parameters
    ----------
    rows
        Of all pages.

    Returns
    -------
    Balances
        By currency.
    """
    found: dict[str, Decimal] = {}
    for currency, amount in rows:
        found[currency] = found.get(currency, Decimal(0)) + amount
    return found


def parse_fee_tier(text: str | bytes) -> FeeTier:
    """Read an answer of ``transaction_summary``.

    Parameters
    ----------
    text
        The body of the answer.

    Returns
    -------
    FeeTier
        What the account pays now.

    Raises
    ------
    BadInputError
        As `parse_order`.
    """
    tier = fields.json_object(fields.json_object(exact_json.loads(text), "answer").get("fee_tier"), "fee_tier")
    rates = [
        fields.decimal_number(tier.get(name), f"fee_tier.{name}") for name in ("maker_fee_rate", "taker_fee_rate")
    ]
    return FeeTier(*(rate * _BPS for rate in rates))


def order_change_fields(row: Mapping[str, Any], place: str) -> tuple[str, str | None, VenueOrderStatus, str | None]:
    """Read what REST and the stream say of an order in the same words.

    Parameters
    ----------
    row, place
        What came, and where, for errors.

    Returns
    -------
    tuple
        Coinbase's name, ours, what it has become, and why it ended.

    Raises
    ------
    BadInputError
        As `parse_order`.
    """
    words = ("cancel_reason", "reject_reason", "cancel_message", "reject_message")
    reasons = (fields.optional_word(row.get(name), f"{place}.{name}") for name in words)
    return (
        fields.word(row.get("order_id"), f"{place}.order_id"),
        fields.optional_word(row.get("client_order_id"), f"{place}.client_order_id"),
        fields.one_of(row.get("status"), f"{place}.status", STATUSES),
        next((reason for reason in reasons if reason is not None and reason not in _NO_REASONS), None),
    )


_NO_REASONS = frozenset({"REJECT_REASON_UNSPECIFIED", "UNKNOWN_CANCEL_REASON"})


def amount(value: Any, field: str) -> Decimal:
    """Read an amount of which there may be none.

    Parameters
    ----------
    value, field
        What came, and where, for errors.

    Returns
    -------
    Decimal
        0 for an empty text.

    Raises
    ------
    BadInputError
        As `parse_order`.
    """
    return Decimal(0) if value == "" else fields.decimal_number(value, field)


def _order(row: Any, place: str) -> VenueOrder:
    entry = fields.json_object(row, place)
    order_id, client_order_id, status, reason = order_change_fields(entry, place)
    product = fields.word(entry.get("product_id"), f"{place}.product_id")
    filled = amount(entry.get("filled_size"), f"{place}.filled_size")
    return VenueOrder(
        client_order_id=client_order_id,
        venue_order_id=order_id,
        pair=pair_of(product) or product,
        side=fields.one_of(entry.get("side"), f"{place}.side", SIDES),
        status=status,
        quantity=_quantity(entry.get("order_configuration"), f"{place}.order_configuration", filled),
        filled=filled,
        reason=reason,
        opened_at_ms=fields.rfc3339_us(entry.get("created_time"), f"{place}.created_time") // US_PER_MS,
    )


def _quantity(configuration: Any, place: str, filled: Decimal) -> Decimal:
    """Return what was ordered; of an order for an amount of money, which is none of ours, what it has got."""
    kinds = fields.json_object(configuration, place)
    for kind, about in kinds.items():
        entry = fields.json_object(about, f"{place}.{kind}")
        if entry.get("base_size") not in (None, ""):
            return Decimal(fields.positive_number(entry.get("base_size"), f"{place}.{kind}.base_size"))
        if entry.get("quote_size") not in (None, ""):
            fields.positive_number(entry.get("quote_size"), f"{place}.{kind}.quote_size")
            return filled
    raise BadInputError(place, "one with a base_size or a quote_size", configuration)


def _execution(row: Any, place: str) -> VenueExecution | None:
    entry = fields.json_object(row, place)
    fields.one_of(entry.get("trade_type"), f"{place}.trade_type", _STANDS)
    if fields.flag(entry.get("size_in_quote"), f"{place}.size_in_quote"):
        return None
    product = fields.word(entry.get("product_id"), f"{place}.product_id")
    return VenueExecution(
        execution_id=fields.word(entry.get("entry_id"), f"{place}.entry_id"),
        venue_order_id=fields.word(entry.get("order_id"), f"{place}.order_id"),
        client_order_id=None,
        pair=read_product(product, f"{place}.product_id"),
        side=fields.one_of(entry.get("side"), f"{place}.side", SIDES),
        quantity=Decimal(fields.positive_number(entry.get("size"), f"{place}.size")),
        price=Decimal(fields.positive_number(entry.get("price"), f"{place}.price")),
        fee=fields.decimal_number(entry.get("commission"), f"{place}.commission"),
        fee_in="quote",
        liquidity=fields.one_of(entry.get("liquidity_indicator"), f"{place}.liquidity_indicator", _LIQUIDITY),
        at_ms=fields.rfc3339_us(entry.get("trade_time"), f"{place}.trade_time") // US_PER_MS,
    )


def _balance(row: Any, place: str) -> tuple[str, Decimal]:
    entry = fields.json_object(row, place)
    currency = fields.word(entry.get("currency"), f"{place}.currency")
    total = Decimal(0)
    for name in ("available_balance", "hold"):
        about = fields.json_object(entry.get(name), f"{place}.{name}")
        said = fields.word(about.get("currency"), f"{place}.{name}.currency")
        if said != currency:
            raise BadInputError(f"{place}.{name}.currency", currency, said)
        total += fields.decimal_number(about.get("value"), f"{place}.{name}.value")
    return currency, total


def _rows(answer: Mapping[str, Any], name: str) -> list[Any]:
    rows = answer.get(name)
    if not isinstance(rows, list):
        raise BadInputError(name, "a list", rows)
    return rows


def _next(answer: Mapping[str, Any]) -> str | None:
    more = fields.flag(answer.get("has_next"), "has_next")
    return fields.word(answer.get("cursor"), "cursor") if more else None


def _refusal(said: Mapping[str, Any], place: str, words: tuple[str, ...], texts: tuple[str, ...]) -> Refusal:
    reasons = [fields.optional_word(said.get(name), f"{place}.{name}") for name in words]
    messages = [fields.optional_word(said.get(name), f"{place}.{name}") for name in texts]
    return refusal_of([each for each in reasons if each], next((each for each in messages if each), ""))
