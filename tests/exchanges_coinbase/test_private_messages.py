"""Coinbase's private answers and messages: what is read of them, and what is refused by name."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from contracts.errors import BadInputError
from exchanges.coinbase.private_messages import (
    STATUSES,
    FeeTier,
    parse_accounts,
    parse_cancelled,
    parse_fee_tier,
    parse_fills,
    parse_new_order,
    parse_order,
    parse_orders,
    refused,
    summed,
)
from exchanges.coinbase.refusals import REFUSALS, is_of_a_stop_that_is_reached, refusal_of
from exchanges.coinbase.user_channel import UserError, UserFrame, parse_user, requests
from exchanges.private.execution import VenueExecution
from exchanges.private.order import OrderChange, VenueOrder
from exchanges.private.refusal import RefusedError

ORDER: dict[str, Any] = {
    "order_id": "0000-1",
    "client_order_id": "o-1",
    "product_id": "BTC-USD",
    "side": "SELL",
    "status": "OPEN",
    "order_configuration": {"limit_limit_gtc": {"base_size": "1.0", "limit_price": "97000.1", "post_only": False}},
    "filled_size": "0.25",
    "created_time": "2026-03-02T10:00:00.123456Z",
    "reject_reason": "REJECT_REASON_UNSPECIFIED",
    "cancel_message": "",
}
FILL: dict[str, Any] = {
    "entry_id": "e-28457",
    "trade_id": "t-1",
    "order_id": "0000-1",
    "trade_time": "2026-03-02T10:00:01.456Z",
    "trade_type": "FILL",
    "price": "97000.1",
    "size": "0.25",
    "commission": "145.50015",
    "product_id": "BTC-USD",
    "sequence_timestamp": "2026-03-02T10:00:01.500Z",
    "liquidity_indicator": "TAKER",
    "size_in_quote": False,
    "side": "SELL",
}
ACCOUNT: dict[str, Any] = {
    "uuid": "u",
    "currency": "BTC",
    "available_balance": {"value": "1.5", "currency": "BTC"},
    "hold": {"value": "0.5", "currency": "BTC"},
}
TOLD: dict[str, Any] = {
    "order_id": "0000-1",
    "client_order_id": "o-1",
    "cumulative_quantity": "0.25",
    "leaves_quantity": "0.75",
    "status": "OPEN",
    "product_id": "BTC-USD",
    "cancel_reason": "",
}
EXECUTION = VenueExecution(
    "e-28457",
    "0000-1",
    None,
    "BTC/USD",
    "sell",
    Decimal("0.25"),
    Decimal("97000.1"),
    Decimal("145.50015"),
    "quote",
    "taker",
    1_772_445_601_456,
)
CHANGE = OrderChange("0000-1", "o-1", "open", Decimal("0.25"), None, 1_772_445_602_000)


def orders(*rows: dict[str, Any], has_next: bool = False, cursor: str = "") -> str:
    return json.dumps({"orders": rows, "has_next": has_next, "cursor": cursor, "sequence": "0"})


def fills(*rows: dict[str, Any], cursor: str = "") -> str:
    return json.dumps({"fills": rows, "cursor": cursor})


def accounts(*rows: dict[str, Any]) -> str:
    return json.dumps({"accounts": rows, "has_next": False, "cursor": ""})


def user(*rows: dict[str, Any], kind: str = "update", sequence: int = 3) -> str:
    return json.dumps(
        {
            "channel": "user",
            "client_id": "",
            "timestamp": "2026-03-02T10:00:02Z",
            "sequence_num": sequence,
            "events": [{"type": kind, "orders": rows}],
        }
    )


def test_an_order_is_read() -> None:
    at_ms = 1_772_445_600_123
    read = VenueOrder("o-1", "0000-1", "BTC/USD", "sell", "open", Decimal("1.0"), Decimal("0.25"), None, at_ms)
    assert parse_order(json.dumps({"order": ORDER})) == read
    page = parse_orders(orders(ORDER, has_next=True, cursor="c"))
    assert page.rows == (read,) and page.cursor == "c"
    assert parse_orders(orders(ORDER, cursor="no next")).cursor is None


@pytest.mark.parametrize("word", sorted(STATUSES))
def test_every_status_that_coinbase_writes_is_known(word: str) -> None:
    row = {**ORDER, "status": word, "cancel_message": "because"}
    found = parse_order(json.dumps({"order": row}))
    assert found.status == STATUSES[word] and found.reason == "because"


@pytest.mark.parametrize(
    "configuration",
    [
        {"market_market_ioc": {"base_size": "1.0"}},
        {"sor_limit_ioc": {"base_size": "1.0", "limit_price": "1"}},
        {"stop_limit_stop_limit_gtc": {"base_size": "1.0", "limit_price": "1", "stop_price": "2"}},
        {"limit_limit_gtd": {"base_size": "1.0", "limit_price": "1", "end_time": "2026-03-02T10:00:00Z"}},
        {"a kind that comes one day": {"base_size": "1.0"}},
    ],
)
def test_how_much_was_ordered_stands_in_its_configuration(configuration: dict[str, Any]) -> None:
    found = parse_order(json.dumps({"order": {**ORDER, "order_configuration": configuration}}))
    assert found.quantity == Decimal("1.0")


def test_an_order_for_an_amount_of_money_is_anothers_and_stops_nothing() -> None:
    row = {**ORDER, "order_configuration": {"market_market_ioc": {"quote_size": "100"}}}
    assert parse_order(json.dumps({"order": row})).quantity == Decimal("0.25")
    page = parse_fills(fills({**FILL, "size": "100", "size_in_quote": True}, FILL))
    assert page.rows == (EXECUTION,)


def test_a_product_that_is_no_pair_is_still_an_order() -> None:
    """Of somebody else: it is to be said that it is there."""
    assert parse_order(json.dumps({"order": {**ORDER, "product_id": "BTC-PERP-INTX"}})).pair == "BTC-PERP-INTX"


def test_a_fill_is_read() -> None:
    assert parse_fills(fills(FILL)).rows == (EXECUTION,)
    assert parse_fills(fills(FILL)).cursor is None and parse_fills(fills(FILL, cursor="c")).cursor == "c"


@pytest.mark.parametrize("kind", ["REVERSAL", "CORRECTION", "SYNTHETIC", ""])
def test_a_fill_that_takes_another_back_is_refused_by_name(kind: str) -> None:
    with pytest.raises(BadInputError, match=r"fills\[0\].trade_type: expected one of FILL"):
        parse_fills(fills({**FILL, "trade_type": kind}))


def test_balances_are_whole_and_summed() -> None:
    page = parse_accounts(accounts(ACCOUNT, ACCOUNT))
    assert summed(page.rows) == {"BTC": Decimal("4.0")}
    with pytest.raises(BadInputError, match=r"accounts\[0\].hold.currency: expected BTC, was 'USD'"):
        parse_accounts(accounts({**ACCOUNT, "hold": {"value": "1", "currency": "USD"}}))


def test_fees_are_read_in_basis_points() -> None:
    text = '{"fee_tier":{"pricing_tier":"<$10k","maker_fee_rate":"0.0040","taker_fee_rate":"0.0060"}}'
    assert parse_fee_tier(text) == FeeTier(Decimal(40), Decimal(60))


def test_what_became_of_a_new_order() -> None:
    assert parse_new_order('{"success":true,"success_response":{"order_id":"0000-1"}}') == "0000-1"
    said = {
        "success": False,
        "failure_reason": "UNKNOWN_FAILURE_REASON",
        "error_response": {
            "error": "UNKNOWN_FAILURE_REASON",
            "message": "Insufficient balance in source account",
            "error_details": "",
            "preview_failure_reason": "PREVIEW_INSUFFICIENT_FUND",
        },
    }
    with pytest.raises(RefusedError, match="Coinbase answered PREVIEW_INSUFFICIENT_FUND Insufficient") as caught:
        parse_new_order(json.dumps(said))
    assert caught.value.refusal.definite and caught.value.refusal.kind == "insufficient_funds"


def test_what_became_of_a_cancellation() -> None:
    parse_cancelled('{"results":[{"success":true,"failure_reason":"x","order_id":"1"}]}', "1")
    with pytest.raises(RefusedError, match="UNKNOWN_CANCEL_ORDER"):
        parse_cancelled('{"results":[{"success":false,"failure_reason":"UNKNOWN_CANCEL_ORDER","order_id":"1"}]}', "1")
    with pytest.raises(BadInputError, match=r"results\[0\].order_id: expected 1, was '2'"):
        parse_cancelled('{"results":[{"success":true,"order_id":"2"}]}', "1")


@pytest.mark.parametrize("word", sorted(REFUSALS))
def test_a_word_means_the_same_before_and_after_the_order_is_taken(word: str) -> None:
    assert refusal_of([word], "").definite is REFUSALS[word][0] is refusal_of([f"PREVIEW_{word}"], "").definite


@pytest.mark.parametrize("words", [[], ["UNKNOWN_FAILURE_REASON"], ["A_NEW_ONE"], ["INSUFFICIENT_FUND", "A_NEW_ONE"]])
def test_what_is_not_known_settles_nothing(words: list[str]) -> None:
    assert not refusal_of(words, "something").definite


def test_a_stop_that_is_reached_is_known_by_its_word() -> None:
    assert is_of_a_stop_that_is_reached(refusal_of(["PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE"], ""))
    assert not is_of_a_stop_that_is_reached(refusal_of(["PREVIEW_STOP_PRICE_ABOVE_LIMIT_PRICE"], ""))
    assert not is_of_a_stop_that_is_reached(refusal_of(["STOP_PRICE_ABOVE_LAST_TRADE_PRICE", "A_NEW_ONE"], ""))


def test_an_error_of_http_is_read_and_a_proxys_page_is_none() -> None:
    found = refused('{"error":"INVALID_ARGUMENT","error_details":"no such product","message":""}').refusal
    assert (found.text, found.definite, found.kind) == ("INVALID_ARGUMENT no such product", True, "invalid")
    for text in ("<html>Bad Gateway</html>", "[]", '{"error":5}', '{"message":"x"}'):
        with pytest.raises(BadInputError):
            refused(text)


def test_the_user_channel_is_read() -> None:
    assert parse_user(user(TOLD)) == UserFrame(3, changes=(CHANGE,))
    assert parse_user(user(TOLD, kind="snapshot")) == UserFrame(3, changes=(CHANGE,))
    heartbeat = '{"channel":"heartbeats","sequence_num":4,"timestamp":"x","events":[]}'
    assert parse_user(heartbeat) == UserFrame(4)
    listed = '{"channel":"subscriptions","sequence_num":1,"events":[{"subscriptions":{"user":["u"]}}]}'
    assert parse_user(listed) == UserFrame(1, listens=True)
    assert parse_user(listed.replace('"user"', '"heartbeats"')) == UserFrame(1)
    assert parse_user('{"type":"error","message":"authentication failure"}') == UserError("authentication failure")
    assert [json.loads(each) for each in requests("T")] == [
        {"type": "subscribe", "channel": channel, "jwt": "T"} for channel in ("heartbeats", "user")
    ]


Parser = Callable[[str], Any]
BAD: list[tuple[Parser, Callable[..., str], dict[str, Any], str]] = [
    *((parse_orders, orders, {**ORDER, name: value}, rf"orders\[0\]\.{name}") for name, value in (
        ("order_id", ""), ("client_order_id", 5), ("product_id", None), ("side", "UNKNOWN"), ("status", "ON_ITS_WAY"),
        ("order_configuration", []), ("order_configuration", {}), ("order_configuration", {"x": {}}),
        ("order_configuration", {"x": {"base_size": "-1"}}), ("filled_size", None), ("filled_size", "-1"),
        ("created_time", "yesterday"), ("cancel_message", 5),
    )),
    *((parse_fills, fills, {**FILL, name: value}, rf"fills\[0\]\.{name}") for name, value in (
        ("entry_id", None), ("order_id", 5), ("trade_time", "yesterday"), ("price", "0"), ("size", "0"), ("size", ""),
        ("commission", "-1"), ("commission", ""), ("product_id", "BTC-PERP-INTX"), ("liquidity_indicator", "BOTH"),
        ("size_in_quote", None), ("side", "HOLD"),
    )),
    *((parse_accounts, accounts, {**ACCOUNT, name: value}, rf"accounts\[0\]\.{name}") for name, value in (
        ("currency", ""), ("available_balance", None), ("hold", {"value": "x", "currency": "BTC"}),
    )),
    *((parse_user, user, {**TOLD, name: value}, rf"events\[0\]\.orders\[0\]\.{name}") for name, value in (
        ("order_id", None), ("status", "new"), ("cumulative_quantity", None), ("cumulative_quantity", "much"),
    )),
]  # fmt: skip


@pytest.mark.parametrize(("parse", "written", "row", "field"), BAD)
def test_what_is_not_as_expected_is_named(
    parse: Parser, written: Callable[..., str], row: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadInputError, match=field):
        parse(written(copy.deepcopy(row)))


@pytest.mark.parametrize(
    ("parse", "text", "field"),
    [
        (parse_orders, '{"orders":{},"has_next":false}', "orders"),
        (parse_orders, '{"orders":[]}', "has_next"),
        (parse_orders, '{"orders":[],"has_next":true,"cursor":""}', "cursor"),
        (parse_fills, '{"fills":[],"cursor":5}', "cursor"),
        (parse_new_order, '{"success":"yes"}', "success"),
        (parse_new_order, '{"success":true,"success_response":{"order_id":""}}', "success_response.order_id"),
        (parse_new_order, '{"success":false}', "error_response"),
        (parse_fee_tier, "{}", "fee_tier"),
        (parse_user, '{"channel":"user"}', "sequence_num"),
        (parse_user, '{"channel":"user","sequence_num":1,"timestamp":"2026-03-02T10:00:02Z"}', "events"),
        (parse_user, "[]", "message"),
    ],
)
def test_what_is_no_answer_is_named(parse: Parser, text: str, field: str) -> None:
    with pytest.raises(BadInputError, match=f"^{field}: "):
        parse(text)
