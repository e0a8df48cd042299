"""Kraken's private answers: read exactly, and what is not as expected is named."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from contracts.errors import BadInputError, BadSettingError
from exchanges.frames import Ignored
from exchanges.kraken.executions_channel import (
    ExecutionsAnswer,
    ExecutionsFrame,
    executions_request,
    parse_executions,
)
from exchanges.kraken.pairs import PairNames, asset_names, other_names
from exchanges.kraken.private_messages import (
    parse_add_order,
    parse_balance,
    parse_cancel_order,
    parse_closed_orders,
    parse_open_orders,
    parse_trades_history,
    parse_websockets_token,
)
from exchanges.kraken.refusals import REFUSALS, refusal_of
from exchanges.kraken.signing import signature
from exchanges.private.execution import VenueExecution
from exchanges.private.order import OrderChange, VenueOrder
from exchanges.private.refusal import RefusedError

LISTED = {"BTC/USD": PairNames("BTC/USD", "XBTUSD", "XXBTZUSD", "XBT/USD", "XXBT", "ZUSD")}
NAMES, ASSETS = other_names(LISTED), asset_names(LISTED)
#: An example that Kraken prints, no key of anybody's.
PUBLISHED_SECRET = (
    "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz"  # pragma: allowlist secret
    "84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="  # pragma: allowlist secret
)
PUBLISHED_SIGNATURE = (
    "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8"  # pragma: allowlist secret
    "+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="  # pragma: allowlist secret
)
ORDER = {
    "refid": None,
    "userref": 0,
    "cl_ord_id": "ts-0001",
    "status": "open",
    "opentm": 1772445600.1234,
    "starttm": 0,
    "expiretm": 0,
    "descr": {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "97000.0"},
    "vol": "0.01000000",
    "vol_exec": "0.00400000",
    "cost": "388.0",
    "fee": "0.97000",
    "price": "97000.0",
    "misc": "",
    "oflags": "fciq",
}
TRADE = {
    "ordertxid": "OABCDE-12345-FGHIJK",
    "pair": "XXBTZUSD",
    "time": 1772445609.2201,
    "type": "sell",
    "ordertype": "market",
    "price": "97000.10000",
    "cost": "388.00040",
    "fee": "1.55200",
    "vol": "0.00400000",
    "misc": "",
    "trade_id": 81236777,
    "maker": False,
}
RECORD = {
    "order_id": "OABCDE-12345-FGHIJK",
    "cl_ord_id": "ts-0001",
    "exec_id": "TABCDE-12345-FGHIJK",
    "exec_type": "trade",
    "order_status": "partially_filled",
    "trade_id": 81236777,
    "symbol": "BTC/USD",
    "side": "buy",
    "order_type": "limit",
    "last_qty": 0.004,
    "last_price": 97000.0,
    "liquidity_ind": "m",
    "cost": 388.0,
    "cum_qty": 0.004,
    "fees": [{"asset": "USD", "qty": 0.97}],
    "timestamp": "2026-03-02T10:00:09.220118Z",
}


def answer(result: Any) -> str:
    return json.dumps({"error": [], "result": result})


def frame(*records: Any, kind: str = "update", sequence: Any = 12) -> str:
    return json.dumps({"channel": "executions", "type": kind, "data": list(records), "sequence": sequence})


def test_published_vector_of_the_signature() -> None:
    body = "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
    assert signature("/0/private/AddOrder", "1616492376594", body, PUBLISHED_SECRET) == PUBLISHED_SIGNATURE


def test_a_secret_that_is_none_is_not_shown() -> None:
    with pytest.raises(BadSettingError) as caught:
        signature("/0/private/Balance", "1", "nonce=1", "canary!")
    assert "canary" not in str(caught.value)


def test_an_order_of_open_orders() -> None:
    read = parse_open_orders(answer({"open": {"OABCDE-12345-FGHIJK": ORDER}}), NAMES)
    assert read == (
        VenueOrder(
            client_order_id="ts-0001",
            venue_order_id="OABCDE-12345-FGHIJK",
            pair="BTC/USD",
            side="buy",
            status="open",
            quantity=Decimal("0.01"),
            filled=Decimal("0.004"),
            reason=None,
            opened_at_ms=1_772_445_600_123,
        ),
    )
    assert not read[0].has_ended


def test_a_page_of_closed_orders() -> None:
    ended = {**ORDER, "status": "canceled", "reason": "User requested"}
    foreign = {key: value for key, value in ORDER.items() if key != "cl_ord_id"} | {"status": "closed"}
    page = parse_closed_orders(answer({"closed": {"OA": ended, "OB": foreign}, "count": 71}), NAMES)
    assert [(o.status, o.reason, o.client_order_id, o.has_ended) for o in page.orders] == [
        ("cancelled", "User requested", "ts-0001", True),
        ("closed", None, None, True),
    ]
    assert page.count == 71


def test_a_page_of_trades_history() -> None:
    page = parse_trades_history(answer({"trades": {"TA": TRADE}, "count": 1}), NAMES)
    assert page.executions == (
        VenueExecution(
            execution_id="TA",
            venue_order_id="OABCDE-12345-FGHIJK",
            client_order_id=None,
            pair="BTC/USD",
            side="sell",
            quantity=Decimal("0.004"),
            price=Decimal("97000.1"),
            fee=Decimal("1.552"),
            fee_in="quote",
            liquidity="taker",
            at_ms=1_772_445_609_220,
        ),
    )


def test_small_answers() -> None:
    assert parse_add_order(answer({"descr": {"order": "buy"}, "txid": ["OA"]})) == "OA"
    assert parse_cancel_order(answer({"count": 2})) == 2
    assert parse_websockets_token(answer({"token": "abc", "expires": 900})) == "abc"
    balances = parse_balance(answer({"ZUSD": "1000.0000", "XXBT": "0.1000000000", "ETH.F": "2"}), ASSETS)
    assert balances == {"USD": Decimal(1000), "BTC": Decimal("0.1"), "ETH.F": Decimal(2)}


def test_an_execution_and_an_end_on_the_websocket() -> None:
    end = {"order_id": "OA", "exec_type": "canceled", "order_status": "canceled", "reason": "User requested"}
    read = parse_executions(frame(RECORD, {**end, "timestamp": "2026-03-02T10:00:10.000000Z"}))
    assert isinstance(read, ExecutionsFrame)
    assert (read.snapshot, read.sequence) == (False, 12)
    assert read.executions == (
        VenueExecution(
            execution_id="TABCDE-12345-FGHIJK",
            venue_order_id="OABCDE-12345-FGHIJK",
            client_order_id="ts-0001",
            pair="BTC/USD",
            side="buy",
            quantity=Decimal("0.004"),
            price=Decimal(97000),
            fee=Decimal("0.97"),
            fee_in="quote",
            liquidity="maker",
            at_ms=1_772_445_609_220,
        ),
    )
    assert read.changes[0].filled == Decimal("0.004")
    assert read.changes[1] == OrderChange("OA", None, "cancelled", None, "User requested", 1_772_445_610_000)


def test_a_fee_in_base_currency_is_said_so() -> None:
    read = parse_executions(frame({**RECORD, "fees": [{"asset": "BTC", "qty": 1e-05}]}))
    assert isinstance(read, ExecutionsFrame)
    assert (read.executions[0].fee, read.executions[0].fee_in) == (Decimal("0.00001"), "base")


def test_a_subscription_and_other_messages() -> None:
    assert executions_request("t", 3)["params"]["channel"] == "executions"
    assert parse_executions('{"method":"subscribe","success":true,"result":{}}') == ExecutionsAnswer(None)
    refused = '{"method":"subscribe","success":false,"error":"EAPI:Invalid token"}'
    assert parse_executions(refused) == ExecutionsAnswer("EAPI:Invalid token")
    assert isinstance(parse_executions('{"channel":"heartbeat"}'), Ignored)


READERS: dict[str, tuple[Callable[[str], Any], Any]] = {
    "open": (lambda text: parse_open_orders(text, NAMES), {"open": {"OA": ORDER}}),
    "closed": (
        lambda text: parse_closed_orders(text, NAMES),
        {"closed": {"OA": ORDER}, "count": 1},
    ),
    "trades": (lambda text: parse_trades_history(text, NAMES), {"trades": {"TA": TRADE}, "count": 1}),
    "balance": (lambda text: parse_balance(text, ASSETS), {"ZUSD": "1000.0000"}),
    "add": (parse_add_order, {"txid": ["OA"]}),
    "cancel": (parse_cancel_order, {"count": 1}),
    "token": (parse_websockets_token, {"token": "abc"}),
}
#: What Kraken says besides, which nobody here reads.
UNREAD = {
    *("refid", "userref", "starttm", "expiretm", "cost", "misc", "oflags", "ordertype", "trade_id", "order_type"),
    *("error", "exec_type"),
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return where every value below `value` stands."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def spoilt(value: Any, path: tuple[Any, ...]) -> Any:
    """Return `value` with an absurd thing at `path`."""
    whole = copy.deepcopy(value)
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = [["absurd"]]
    return whole


@pytest.mark.parametrize("name", READERS)
def test_every_field_that_is_read_is_named_when_it_is_absurd(name: str) -> None:
    read, result = READERS[name]
    checked = 0
    for path in places(result):
        skipped = path[-1] in UNREAD or (
            name != "trades" and path[-2:-1] != ("descr",) and path[-1] in ("price", "fee")
        )
        if skipped or path[-2:] == ("descr", "price"):
            continue
        with pytest.raises(BadInputError) as caught:
            read(answer(spoilt(result, path)))
        assert str(path[-1]) in caught.value.field, path
        checked += 1
    assert checked


def test_every_field_of_an_execution_is_named_when_it_is_absurd() -> None:
    for key in RECORD.keys() - UNREAD:
        with pytest.raises(BadInputError) as caught:
            parse_executions(frame({**RECORD, key: [["absurd"]]}))
        assert key in caught.value.field
    for text, field in ((frame(sequence="1"), "sequence"), (frame(kind="news"), "type"), ("[]", "frame")):
        with pytest.raises(BadInputError) as caught:
            parse_executions(text)
        assert caught.value.field == field


@pytest.mark.parametrize("text", ["<html>", "[]", '{"error":"no"}', '{"error":[]}'])
def test_what_is_no_answer_is_bad_input(text: str) -> None:
    with pytest.raises(BadInputError):
        parse_add_order(text)


def test_a_refusal_carries_what_it_settles() -> None:
    with pytest.raises(RefusedError) as caught:
        parse_add_order('{"error":["EService:Deadline elapsed"]}')
    assert (caught.value.refusal.kind, caught.value.refusal.definite) == ("deadline", True)
    assert str(caught.value) == "Kraken answered EService:Deadline elapsed"
    assert parse_cancel_order('{"error":["WGeneral:Be careful"],"result":{"count":0}}') == 0


def test_only_what_is_said_before_an_order_exists_is_definite() -> None:
    unsure = {text for text, (definite, _) in REFUSALS.items() if not definite}
    assert unsure == {
        *("EService:Throttled", "EService:Unavailable", "EService:Busy", "EService:Timeout"),
        "EGeneral:Internal error",
    }
    assert refusal_of(["EOrder:Insufficient funds", "EService:Busy"]).kind == "unavailable"
    assert not refusal_of(["EOrder:Insufficient funds", "EService:Busy"]).definite
    assert refusal_of(["EOrder:Brand new"]).kind == "unknown"


def test_no_text_hides_another() -> None:
    """The first that fits counts, so none may begin with one that stands before it."""
    texts = list(REFUSALS)
    assert not [(a, b) for i, a in enumerate(texts) for b in texts[i + 1 :] if b.startswith(a)]
