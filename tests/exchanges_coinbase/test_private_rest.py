"""Coinbase's private calls as they are sent: signed, page after page; and what is made of no answer."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import SecretStr
from tests.exchanges_coinbase.test_private_messages import ACCOUNT, FILL, ORDER
from tests.exchanges_coinbase.test_signing import LENIENT, SECRET
from tests.gateway.world import order
from tests.support.venue_keys import bodies

from contracts.clock import FixedClock
from contracts.errors import BadSettingError
from contracts.units import US_PER_MS
from exchanges.coinbase.private_rest import CoinbasePrivate
from exchanges.private.order import OrderName
from exchanges.private.refusal import RefusedError
from exchanges.private.venue import NotAnsweredError
from exchanges.venue import UnknownPairError

KEY = "organizations/o/apiKeys/k"
NOW_MS = 1_790_000_000_000
PRODUCT = {
    "product_id": "BTC-USD",
    "alias": "",
    "price_increment": "0.01",
    "base_increment": "0.00000001",
    "base_min_size": "0.00000001",
    "quote_min_size": "1",
}
SUMMARY = {"fee_tier": {"maker_fee_rate": "0.004", "taker_fee_rate": "0.006"}}
TAKEN = {"success": True, "success_response": {"order_id": "0000-1"}}
Answer = Callable[[dict[str, Any]], object]


class Venue:
    """Answers by method and last words of the path, and remembers what was asked."""

    def __init__(self, **answers: Answer) -> None:
        self.asked: list[tuple[str, dict[str, Any], httpx.Request]] = []
        self._answers: dict[str, Answer] = {
            "GET products": lambda _: {"products": [PRODUCT]},
            "GET time": lambda _: {"epochMillis": str(NOW_MS)},
            "GET transaction_summary": lambda _: SUMMARY,
            **{name.replace("_", " ", 1): answer for name, answer in answers.items()},
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = dict(parse_qsl(request.url.query.decode()))
        form = json.loads(request.content) if request.content else query
        call = f"{request.method} {request.url.path.rpartition('/')[2]}"
        self.asked.append((call, form, request))
        answer = self._answers[call](form)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, text=json.dumps(answer))

    def calls(self, name: str) -> list[dict[str, Any]]:
        """Return what was asked of one call."""
        return [form for call, form, _ in self.asked if call == name]


def client(venue: Venue, **more: Any) -> CoinbasePrivate:
    found = CoinbasePrivate(
        SecretStr(KEY),
        SecretStr(SECRET),
        "https://coinbase.example",
        clock=FixedClock((NOW_MS - 7_000) * US_PER_MS),  # this machine's is late
        transport=httpx.MockTransport(venue),
        **more,
    )
    found.find_pairs(["BTC/USD"])
    found.venue_time_ms()
    return found


def claims(request: httpx.Request) -> dict[str, Any]:
    """Return what a call shows, if its signature is good."""
    token = request.headers["Authorization"].removeprefix("Bearer ")
    return dict(jwt.decode(token, ECKey.import_key(SECRET), registry=LENIENT).claims)


def one_after_another(*answers: object) -> Answer:
    left = list(answers)
    return lambda _: left.pop(0)


def bought(number: int, **changes: Any):
    return order(number, exchange="coinbase", **changes)


def page(name: str, *rows: dict[str, Any], cursor: str | None = None) -> dict[str, Any]:
    return {name: rows, "has_next": cursor is not None, "cursor": cursor or ""}


def test_an_order_is_sent_as_it_stands_and_shows_a_token_for_it_alone() -> None:
    venue = Venue(POST_orders=lambda _: TAKEN)
    placed = bought(1, order_type="limit", limit_price="97000.167", quantity="0.5")
    assert client(venue).add_order(placed, "o-1", NOW_MS + 5_999) == "0000-1"
    _, form, request = venue.asked[-1]
    assert form == {
        "client_order_id": "o-1",
        "product_id": "BTC-USD",
        "side": "BUY",
        "order_configuration": {
            "limit_limit_gtc": {"base_size": "0.5", "limit_price": "97000.16", "post_only": False}
        },
    }
    said = claims(request)
    assert said["uri"] == "POST coinbase.example/api/v3/brokerage/orders" and said["sub"] == KEY
    assert said["exp"] == (NOW_MS + 5_000) // 1_000 and said["nbf"] == said["exp"] - 120


@settings(max_examples=40, deadline=None)
@given(st.integers(NOW_MS + 1_000, NOW_MS + 10_000), st.integers(0, 200_000))
def test_no_order_is_let_in_after_its_deadline_and_each_is_before(deadline_ms: int, late_ms: int) -> None:
    """By the token's own rule, whatever this machine's clock says, for any deadline that the gateway may set."""
    venue = Venue(POST_orders=lambda _: TAKEN)
    client(venue).add_order(bought(1), "o-1", deadline_ms)
    said, arrives_s = claims(venue.asked[-1][2]), (NOW_MS + late_ms) / 1_000
    let_in = said["nbf"] <= arrives_s < said["exp"]
    assert not let_in or arrives_s * 1_000 < deadline_ms
    assert let_in or arrives_s * 1_000 >= deadline_ms - 1_000


@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        ({}, {"market_market_ioc": {"base_size": "1"}}),
        ({"collar_price": "105.277"}, {"sor_limit_ioc": {"base_size": "1", "limit_price": "105.27"}}),
        (
            {"side": "sell", "collar_price": "105.271"},
            {"sor_limit_ioc": {"base_size": "1", "limit_price": "105.28"}},
        ),
        (
            {"order_type": "limit", "limit_price": "90", "instruction": "post_only"},
            {"limit_limit_gtc": {"base_size": "1", "limit_price": "90", "post_only": True}},
        ),
        (
            {"order_type": "limit", "limit_price": "90", "time_in_force": "IOC"},
            {"sor_limit_ioc": {"base_size": "1", "limit_price": "90"}},
        ),
        (
            {"order_type": "limit", "limit_price": "90", "expires_at_ms": NOW_MS + 60_999},
            {
                "limit_limit_gtd": {
                    "base_size": "1",
                    "limit_price": "90",
                    "post_only": False,
                    "end_time": "2026-09-21T14:14:20Z",
                }
            },
        ),
        (
            {"side": "sell", "order_type": "stop", "stop_price": "90.001"},
            {
                "stop_limit_stop_limit_gtc": {
                    "base_size": "1",
                    "limit_price": "85.5",
                    "stop_price": "90.01",
                    "stop_direction": "STOP_DIRECTION_STOP_DOWN",
                }
            },
        ),
    ],
)
def test_each_kind_of_order_has_its_configuration(changes: dict[str, Any], sent: dict[str, Any]) -> None:
    venue = Venue(POST_orders=lambda _: TAKEN)
    client(venue).add_order(bought(1, **changes), "o-1", NOW_MS + 5_000)
    assert venue.asked[-1][1]["order_configuration"] == sent


UNANSWERED = [
    httpx.ReadTimeout("no answer"),
    httpx.Response(502, text="<html>Bad Gateway</html>"),
    httpx.Response(200, text="not JSON"),
    httpx.Response(200, text='{"success":true}'),
]


@pytest.mark.parametrize("nothing", UNANSWERED, ids=["timeout", "502", "no JSON", "no name"])
def test_an_order_without_an_answer_is_sent_once_more_by_its_name_and_with_its_deadline(nothing: object) -> None:
    venue = Venue(POST_orders=one_after_another(nothing, TAKEN))
    assert client(venue).add_order(bought(1), "o-1", NOW_MS + 5_000) == "0000-1"
    first, second = venue.calls("POST orders")
    assert first == second and first["client_order_id"] == "o-1"
    untils = {claims(request)["exp"] for call, _, request in venue.asked if call == "POST orders"}
    assert untils == {(NOW_MS + 5_000) // 1_000}


@pytest.mark.parametrize(
    "second",
    [
        httpx.ReadTimeout("no answer"),
        httpx.Response(401, text="Unauthorized\n"),
        {"success": False, "error_response": {"error": "INSUFFICIENT_FUND"}},
        {"success": False, "error_response": {"error": "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE"}},
    ],
)
def test_what_is_answered_to_the_second_settles_nothing_of_the_first(second: object) -> None:
    venue = Venue(POST_orders=one_after_another(httpx.ReadTimeout("no answer"), second))
    stop = bought(1, side="sell", order_type="stop", stop_price="90")
    with pytest.raises(NotAnsweredError):
        client(venue).add_order(stop, "o-1", NOW_MS + 5_000)
    assert len(venue.calls("POST orders")) == 2


def test_a_refusal_is_no_reason_to_send_again() -> None:
    venue = Venue(POST_orders=lambda _: {"success": False, "error_response": {"error": "INSUFFICIENT_FUND"}})
    with pytest.raises(RefusedError, match="INSUFFICIENT_FUND"):
        client(venue).add_order(bought(1), "o-1", NOW_MS + 5_000)
    assert len(venue.calls("POST orders")) == 1


def test_a_stop_that_is_reached_is_sold_at_the_market_under_its_name() -> None:
    reached = {"success": False, "error_response": {"error": "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE"}}
    venue = Venue(POST_orders=one_after_another(reached, TAKEN))
    stop = bought(1, side="sell", order_type="stop", stop_price="90")
    assert client(venue).add_order(stop, "o-1", NOW_MS + 5_000) == "0000-1"
    first, second = venue.calls("POST orders")
    assert second == {**first, "order_configuration": {"market_market_ioc": {"base_size": "1"}}}


def test_pages_are_followed_by_their_cursor() -> None:
    rows = [{**ORDER, "order_id": f"0000-{n}", "client_order_id": f"o-{n}", "status": "FILLED"} for n in range(3)]
    pages = one_after_another(page("orders", *rows[:2], cursor="c"), page("orders", rows[2]))
    fills = one_after_another(
        {"fills": [FILL], "cursor": "f"}, {"fills": [{**FILL, "entry_id": "e-2"}], "cursor": ""}
    )
    accounts = one_after_another(page("accounts", ACCOUNT, cursor="a"), page("accounts", ACCOUNT))
    venue = Venue(GET_batch=pages, GET_fills=fills, GET_accounts=accounts)
    at = client(venue)
    assert [each.venue_order_id for each in at.ended_orders(NOW_MS)] == ["0000-0", "0000-1", "0000-2"]
    assert [each.execution_id for each in at.executions(NOW_MS + 999)] == ["e-28457", "e-2"]
    assert at.balances() == {"BTC": Decimal("4.0")}
    assert [each.get("cursor") for each in venue.calls("GET batch")] == [None, "c"]
    assert venue.calls("GET fills")[0] == {"start_sequence_timestamp": "2026-09-21T14:13:20Z", "limit": "250"}
    assert [each.get("cursor") for each in venue.calls("GET accounts")] == [None, "a"]


def test_pages_that_do_not_go_on_are_no_answer() -> None:
    venue = Venue(GET_accounts=lambda _: page("accounts", ACCOUNT, cursor="a"))
    with pytest.raises(NotAnsweredError, match="accounts does not go on after 2 rows"):
        client(venue).balances()


def test_an_order_that_the_list_does_not_show_as_over_is_asked_for_by_coinbases_name() -> None:
    old = {**ORDER, "order_id": "0000-9", "client_order_id": "o-9"}
    venue = Venue(
        GET_batch=one_after_another(page("orders", old), page("orders", ORDER), page("orders", ORDER)),
        **{
            "GET_0000-9": lambda _: {"order": {**old, "status": "FILLED"}},
            "GET_0000-1": lambda _: httpx.Response(404, json={"error": "NOT_FOUND", "message": "no such order"}),
        },
    )
    at = client(venue)
    assert [each.client_order_id for each in at.open_orders()] == ["o-9"]  # learnt
    names = [OrderName("BTC/USD", name) for name in ("o-1", "o-9", "never sent")]
    found = at.ended_orders(NOW_MS, ["BTC/USD"], names)
    assert [(each.client_order_id, each.status) for each in found] == [("o-1", "open"), ("o-9", "closed")]
    assert [call for call, _, _ in venue.asked[-3:]] == ["GET batch", "GET 0000-1", "GET 0000-9"]
    assert at.ended_orders(NOW_MS) == ()  # nothing of it is over, and nobody asks for more


def test_a_cancellation_is_by_coinbases_name() -> None:
    venue = Venue(
        POST_orders=lambda _: TAKEN,
        POST_batch_cancel=one_after_another(
            {"results": [{"success": True, "order_id": "0000-1"}]},
            {"results": [{"success": False, "order_id": "0000-1", "failure_reason": "UNKNOWN_CANCEL_ORDER"}]},
        ),
    )
    at = client(venue)
    with pytest.raises(RefusedError, match="no order called o-1 was seen"):
        at.cancel_order("o-1", "BTC/USD")
    at.add_order(bought(1), "o-1", NOW_MS + 5_000)
    at.cancel_order("o-1", "BTC/USD")
    assert venue.calls("POST batch_cancel") == [{"order_ids": ["0000-1"]}]
    with pytest.raises(RefusedError, match="UNKNOWN_CANCEL_ORDER"):
        at.cancel_order("o-1", "BTC/USD")


def test_after_too_many_calls_it_is_left_alone() -> None:
    seconds = [0.0]
    answers = one_after_another(
        httpx.Response(429, json={"error": "rate_limit_exceeded", "message": "x"}, headers={"Retry-After": "3"}),
        page("accounts", ACCOUNT),
    )
    venue = Venue(GET_accounts=answers)
    at = client(venue, monotonic=lambda: seconds[0])
    with pytest.raises(RefusedError) as caught:
        at.balances()
    assert caught.value.refusal.kind == "rate_limit"
    before = len(venue.asked)
    with pytest.raises(NotAnsweredError, match="left alone for 3 s more"):
        at.balances()
    assert len(venue.asked) == before
    seconds[0] = 3.1
    assert at.balances() == {"BTC": Decimal("2.0")}


def test_a_pair_that_is_not_listed_is_named() -> None:
    with pytest.raises(UnknownPairError, match="BTC/EUR"):
        client(Venue()).find_pairs(["BTC/EUR"])


def test_there_is_no_dead_mans_switch() -> None:
    client(Venue()).cancel_all_after(0)
    with pytest.raises(RefusedError, match="no dead man's switch"):
        client(Venue()).cancel_all_after(60)


def test_another_kind_of_secret_is_refused_before_the_first_call() -> None:
    with pytest.raises(BadSettingError, match="EC private key"):
        CoinbasePrivate(SecretStr(KEY), SecretStr("c2VjcmV0"))


@pytest.mark.parametrize("status", [401, 403, 500])
def test_no_error_tells_a_line_of_the_key(status: int) -> None:
    venue = Venue(GET_accounts=lambda _: httpx.Response(status, text="Unauthorized"))
    with pytest.raises((RefusedError, NotAnsweredError)) as caught:
        client(venue).balances()
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert not any(body in told for body in [*bodies(SECRET), "Bearer"])
