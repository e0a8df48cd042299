"""Binance's private answers and events: what is read of them, and what is refused by name."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from contracts.errors import BadInputError
from exchanges.binance.private_messages import (
    STATUSES,
    parse_balances,
    parse_my_trades,
    parse_new_order,
    parse_order,
    parse_orders,
    parse_pays_elsewhere,
    refused,
)
from exchanges.binance.refusals import REFUSALS, WORDS, refusal_of
from exchanges.binance.user_stream_messages import OrderNews, StreamAnswer, StreamEnd, parse_user_event
from exchanges.frames import Ignored
from exchanges.private.execution import VenueExecution
from exchanges.private.order import OrderChange, VenueOrder

NAMES = {"BTCUSDT": "BTC/USDT"}
ORDER = {
    "symbol": "BTCUSDT",
    "orderId": 28,
    "clientOrderId": "o-1",
    "origQty": "1.00000000",
    "executedQty": "0.25000000",
    "status": "PARTIALLY_FILLED",
    "side": "SELL",
    "time": 1_790_000_000_123,
}
TRADE = {
    "symbol": "BTCUSDT",
    "id": 28457,
    "orderId": 28,
    "price": "97000.10000000",
    "qty": "0.25000000",
    "commission": "0.00025000",
    "commissionAsset": "BTC",
    "time": 1_790_000_000_456,
    "isBuyer": True,
    "isMaker": False,
}
REPORT = {
    "e": "executionReport",
    "E": 1_790_000_000_457,
    "s": "BTCUSDT",
    "c": "o-1",
    "S": "BUY",
    "q": "1.00000000",
    "C": "",
    "x": "TRADE",
    "X": "PARTIALLY_FILLED",
    "r": "NONE",
    "i": 28,
    "l": "0.25000000",
    "z": "0.25000000",
    "L": "97000.10000000",
    "n": "0.00025000",
    "N": "BTC",
    "T": 1_790_000_000_456,
    "t": 28457,
    "m": False,
}
EXECUTION = VenueExecution(
    "BTCUSDT:28457",
    "BTCUSDT:28",
    None,
    "BTC/USDT",
    "buy",
    Decimal("0.25"),
    Decimal("97000.1"),
    Decimal("0.00025"),
    "base",
    "taker",
    1_790_000_000_456,
)


def event(**changes: Any) -> str:
    return json.dumps({"subscriptionId": 0, "event": {**REPORT, **changes}})


def test_an_order_is_read() -> None:
    quantity, filled = Decimal(1), Decimal("0.25")
    expected = VenueOrder("o-1", "BTCUSDT:28", "BTC/USDT", "sell", "open", quantity, filled, None, 1_790_000_000_123)
    assert parse_order(json.dumps(ORDER), NAMES) == expected
    assert parse_orders(json.dumps([ORDER, ORDER]), NAMES) == (expected, expected)
    assert parse_order(json.dumps({**ORDER, "symbol": "XYZABC"}), NAMES).pair == "XYZABC", "somebody else's"


def test_an_order_that_met_another_of_ours_says_so() -> None:
    read = parse_order(json.dumps({**ORDER, "status": "EXPIRED_IN_MATCH"}), NAMES)
    assert (read.status, read.reason) == ("expired", "EXPIRED_IN_MATCH")


def test_an_execution_is_the_same_asked_for_and_told() -> None:
    assert parse_my_trades(json.dumps([TRADE]), NAMES) == (EXECUTION,)
    told = parse_user_event(event(), NAMES)
    assert isinstance(told, OrderNews) and told.execution == EXECUTION
    filled = Decimal("0.25")
    assert told.change == OrderChange("BTCUSDT:28", "o-1", "open", filled, None, 1_790_000_000_456)


@pytest.mark.parametrize(
    ("asset", "commission", "read"),
    [
        ("BTC", "0.001", (Decimal("0.001"), "base", None)),
        ("USDT", "0.5", (Decimal("0.5"), "quote", None)),
        ("BNB", "0.0001", (Decimal(0), "quote", "0.0001 BNB")),
        (None, "0", (Decimal(0), "quote", None)),
    ],
)
def test_fees_in_either_currency_or_a_third(asset: str | None, commission: str, read: tuple[Any, ...]) -> None:
    row = {**TRADE, "commission": commission, "commissionAsset": asset}
    (asked,) = parse_my_trades(json.dumps([row]), NAMES)
    assert (asked.fee, asked.fee_in, asked.fee_elsewhere) == read
    told = parse_user_event(event(n=commission, N=asset), NAMES)
    assert isinstance(told, OrderNews) and told.execution == asked


def test_a_cancellation_has_another_name_than_its_order() -> None:
    told = parse_user_event(event(x="CANCELED", X="CANCELED", c="cancel-7", C="o-1", t=-1, N=None), NAMES)
    assert isinstance(told, OrderNews) and told.execution is None
    assert (told.change.client_order_id, told.change.status) == ("o-1", "cancelled")


def test_an_end_says_why() -> None:
    told = parse_user_event(event(x="EXPIRED", X="EXPIRED", eR="UNFILLED_IOC_QUANTITY_EXPIRED"), NAMES)
    assert isinstance(told, OrderNews) and told.change.reason == "UNFILLED_IOC_QUANTITY_EXPIRED"


def test_other_messages() -> None:
    assert parse_user_event('{"id":"1","status":200,"result":{"subscriptionId":0}}', NAMES) == StreamAnswer(None)
    error = '{"id":"1","status":400,"error":{"code":-2015,"msg":"Invalid API-key"}}'
    assert parse_user_event(error, NAMES) == StreamAnswer("-2015 Invalid API-key")
    assert isinstance(parse_user_event('{"id":"2","status":200,"result":{}}', NAMES), Ignored)
    assert isinstance(parse_user_event(event(s="ETHUSDT"), NAMES), Ignored)
    assert isinstance(parse_user_event('{"subscriptionId":0,"event":{"e":"balanceUpdate"}}', NAMES), Ignored)
    for last in ("serverShutdown", "eventStreamTerminated"):
        assert parse_user_event(json.dumps({"event": {"e": last}}), NAMES) == StreamEnd(last)


READERS: dict[str, tuple[Callable[[str], Any], Any, set[str]]] = {
    "new order": (parse_new_order, {"symbol": "BTCUSDT", "orderId": 28}, set()),
    "order": (lambda text: parse_order(text, NAMES), ORDER, set()),
    "trade": (lambda text: parse_my_trades(f"[{text}]", NAMES), TRADE, set()),
    "event": (lambda text: parse_user_event(f'{{"event":{text}}}', NAMES), REPORT, {"e", "E", "q", "x", "r"}),
    "balances": (parse_balances, {"balances": [{"asset": "BTC", "free": "1", "locked": "0"}]}, set()),
    "commission": (
        parse_pays_elsewhere,
        {"discount": {"enabledForAccount": True, "enabledForSymbol": True, "discountAsset": "BNB"}},
        set(),
    ),
}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in leaves(item, (*path, key))] or [path]


@pytest.mark.parametrize("name", READERS)
def test_every_field_that_is_read_is_named_when_it_is_absurd(name: str) -> None:
    read, good, unread = READERS[name]
    read(json.dumps(good))
    for path in leaves(good):
        if path[-1] in unread:
            continue
        for absurd in ([["absurd"]], None):
            if absurd is None and path[-1] in ("C", "commissionAsset", "N"):
                continue
            bad = copy.deepcopy(good)
            inner = bad
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = absurd
            with pytest.raises(BadInputError) as caught:
                read(json.dumps(bad))
            wanted = "event.c" if path[-1] == "C" else str(path[-1])
            assert wanted in caught.value.field, (path, absurd)


@pytest.mark.parametrize("text", ["<html>", "[]", '{"code":"-1"}', '{"code":-1}', "null"])
def test_what_is_no_refusal_is_bad_input(text: str) -> None:
    with pytest.raises(BadInputError):
        refused(text)


def test_only_what_is_said_before_an_order_exists_is_definite() -> None:
    unsure = {code for code, (definite, _) in REFUSALS.items() if not definite}
    assert unsure == {-1000, -1001, -1006, -1007, -1008, -1016}
    assert not refusal_of(-1010, "Something new.").definite and not refusal_of(-5_000, "x").definite
    assert [words for words, (definite, _) in WORDS.items() if not definite] == ["Duplicate order sent"]


@pytest.mark.parametrize(
    ("code", "message", "kind", "definite"),
    [
        (-2010, "Account has insufficient balance for requested action.", "insufficient_funds", True),
        (-2010, "Duplicate order sent.", "unknown", False),
        (-2010, "Order would immediately match and take.", "post_only", True),
        (-2010, "Order would trigger immediately.", "invalid", True),
        (-1013, "Filter failure: NOTIONAL", "below_minimum", True),
        (-1013, "Filter failure: LOT_SIZE", "invalid", True),
        (-1015, "Too many new orders.", "limit", True),
        (-1021, "Timestamp for this request is outside of the recvWindow.", "deadline", True),
        (-1022, "Signature for this request is not valid.", "key", True),
        (-2011, "Unknown order sent.", "unknown_order", True),
        (-2015, "Invalid API-key, IP, or permissions for action.", "key", True),
    ],
)
def test_refusals(code: int, message: str, kind: str, definite: bool) -> None:
    read = refused(json.dumps({"code": code, "msg": message})).refusal
    assert (read.kind, read.definite, read.text) == (kind, definite, f"{code} {message}")


def test_no_words_hide_others() -> None:
    """The first that fit count, so none may begin with some that stand before them."""
    texts = list(WORDS)
    assert not [(a, b) for i, a in enumerate(texts) for b in texts[i + 1 :] if b.startswith(a)]


def test_every_status_ends_or_does_not() -> None:
    ends = {"FILLED", "CANCELED", "REJECTED", "EXPIRED", "EXPIRED_IN_MATCH"}
    for status in STATUSES:
        assert parse_order(json.dumps({**ORDER, "status": status}), NAMES).has_ended == (status in ends)
