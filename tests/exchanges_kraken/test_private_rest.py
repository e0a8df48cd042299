"""Kraken's private calls as they are sent: signed, once, page after page; and what is made of no answer."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from pydantic import SecretStr
from tests.gateway.world import order

from contracts.clock import FixedClock
from exchanges.kraken.private_rest import KrakenPrivate
from exchanges.kraken.signing import signature
from exchanges.private.refusal import RefusedError
from exchanges.private.venue import NotAnsweredError
from exchanges.venue import UnknownPairError

KEY, SECRET = "the-key", "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
PAIRS = {
    "XXBTZUSD": {
        "altname": "XBTUSD",
        "wsname": "XBT/USD",
        "base": "XXBT",
        "quote": "ZUSD",
        "tick_size": "0.1",
        "lot_decimals": 8,
        "ordermin": "0.0001",
        "costmin": "0.5",
        "fees": [[0, 0.4]],
        "fees_maker": [[0, 0.25]],
    }
}
Answers = dict[str, Callable[[dict[str, str]], object]]


class Venue:
    """Answers by the last part of the path, and remembers what was asked."""

    def __init__(self, **answers: Callable[[dict[str, str]], object]) -> None:
        self.asked: list[tuple[str, dict[str, str], httpx.Request]] = []
        self._answers: Answers = {"AssetPairs": lambda _: PAIRS, **answers}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        method = request.url.path.rpartition("/")[2]
        self.asked.append((method, form, request))
        answer = self._answers[method](form)
        if isinstance(answer, httpx.Response):
            return answer
        if isinstance(answer, list):
            return httpx.Response(200, json={"error": answer})
        return httpx.Response(200, text=json.dumps({"error": [], "result": answer}))


def client(venue: Venue) -> KrakenPrivate:
    found = KrakenPrivate(
        SecretStr(KEY),
        SecretStr(SECRET),
        "https://kraken.example",
        clock=FixedClock(1_000_000),
        transport=httpx.MockTransport(venue),
    )
    found.find_pairs(["BTC/USD"])
    return found


def test_an_order_is_sent_as_it_stands_and_signed() -> None:
    venue = Venue(AddOrder=lambda _: {"txid": ["OABC"], "descr": {}})
    placed = order(1, order_type="limit", limit_price="97000.16", quantity="0.5", instruction="post_only")
    assert client(venue).add_order(placed, "o-1", 1_616_492_376_594) == "OABC"
    _, form, request = venue.asked[-1]
    assert form == {
        "nonce": "1000000",
        "pair": "XBTUSD",
        "type": "buy",
        "volume": "0.5",
        "cl_ord_id": "o-1",
        "oflags": "fciq,post",
        "deadline": "2021-03-23T09:39:36.594Z",
        "ordertype": "limit",
        "price": "97000.1",
        "timeinforce": "GTC",
    }
    assert request.headers["API-Key"] == KEY
    path, body = "/0/private/AddOrder", request.content.decode()
    assert request.headers["API-Sign"] == signature(path, "1000000", body, SECRET)


@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        ({}, {"ordertype": "market"}),
        ({"collar_price": "105.27"}, {"ordertype": "limit", "price": "105.2", "timeinforce": "IOC"}),
        (
            {"side": "sell", "collar_price": "95.21"},
            {"ordertype": "limit", "price": "95.3", "timeinforce": "IOC"},
        ),
        ({"side": "sell", "order_type": "stop", "stop_price": "90"}, {"ordertype": "stop-loss", "price": "90"}),
        (
            {"side": "sell", "order_type": "target", "limit_price": "110"},
            {"ordertype": "limit", "price": "110", "timeinforce": "GTC"},
        ),
    ],
)
def test_kinds_of_orders(changes: dict[str, Any], sent: dict[str, str]) -> None:
    venue = Venue(AddOrder=lambda _: {"txid": ["OABC"]})
    client(venue).add_order(order(1, **changes), "o-1", 0)
    form = venue.asked[-1][1]
    always = {"nonce", "pair", "type", "volume", "cl_ord_id", "oflags", "deadline"}
    assert {name: value for name, value in form.items() if name not in always} == sent


def test_nonces_grow_though_the_clock_stands_still() -> None:
    venue = Venue(Balance=lambda _: {"ZUSD": "1.5", "XXBT": "2"})
    kraken = client(venue)
    assert [kraken.balances() for _ in range(3)][-1] == {"USD": Decimal("1.5"), "BTC": Decimal(2)}
    assert [form["nonce"] for _, form, _ in venue.asked[1:]] == ["1000000", "1000001", "1000002"]


def test_pages_are_read_to_the_end() -> None:
    trade = {
        "ordertxid": "O1",
        "pair": "XXBTZUSD",
        "time": 1_616_492_376.5,
        "type": "buy",
        "price": "100",
        "fee": "0.4",
        "vol": "1",
        "maker": False,
    }

    def page(form: dict[str, str]) -> object:
        offset = int(form["ofs"])
        return {"trades": {f"T{n}": trade for n in range(offset, min(offset + 50, 120))}, "count": 120}

    venue = Venue(TradesHistory=page)
    found = client(venue).executions(1_616_492_376_000)
    assert [each.execution_id for each in found] == [f"T{n}" for n in range(120)]
    assert [form["ofs"] for _, form, _ in venue.asked[1:]] == ["0", "50", "100"]
    assert {form["start"] for _, form, _ in venue.asked[1:]} == {"1616492375"}


def timeout(_: dict[str, str]) -> object:
    raise httpx.ReadTimeout("timed out")


NO_ANSWERS: list[Callable[[dict[str, str]], object]] = [
    timeout,
    lambda _: httpx.Response(502, text="Bad Gateway"),
    lambda _: httpx.Response(200, text="<html>"),
    lambda _: {"txid": []},
]


@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_what_cannot_be_understood_is_no_answer_and_asked_once(answer: Callable[[dict[str, str]], object]) -> None:
    venue = Venue(AddOrder=answer)
    with pytest.raises(NotAnsweredError):
        client(venue).add_order(order(1), "o-1", 0)
    assert len(venue.asked) == 2


def test_a_refusal_says_whether_it_is_definite() -> None:
    for text, definite in (("EOrder:Insufficient funds", True), ("EService:Unavailable", False)):
        venue = Venue(AddOrder=lambda _, text=text: [text])
        with pytest.raises(RefusedError) as caught:
            client(venue).add_order(order(1), "o-1", 0)
        assert caught.value.refusal.definite is definite


def test_an_unknown_pair_is_named() -> None:
    with pytest.raises(UnknownPairError, match="ETH/USD"):
        client(Venue()).find_pairs(["ETH/USD"])


@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_no_traceback_shows_the_secret(answer: Callable[[dict[str, str]], object]) -> None:
    kraken = client(Venue(AddOrder=answer))
    try:
        kraken.add_order(order(1), "o-1", 0)
    except NotAnsweredError as error:
        text = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        assert SECRET not in text and KEY not in text
