"""Binance's private calls as they are sent: signed, once, page after page; and what is made of no answer."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from tests.gateway.world import order

from contracts.clock import FixedClock
from contracts.errors import BadSettingError
from contracts.units import MS_PER_DAY, US_PER_MS
from exchanges.binance.order_arguments import WINDOW_MS
from exchanges.binance.private_messages import PRIVATE_PAGE_ROWS
from exchanges.binance.private_rest import BinancePrivate
from exchanges.binance.signing import signature
from exchanges.private.order import OrderName, VenueOrder
from exchanges.private.refusal import RefusedError
from exchanges.private.venue import NotAnsweredError
from exchanges.venue import UnknownPairError

#: Those of the published example.
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"  # pragma: allowlist secret
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"  # pragma: allowlist secret
NOW_MS = 1_790_000_000_000
LISTED = {
    "symbols": [
        {
            "symbol": "BTCUSDT",
            "status": "TRADING",
            "baseAsset": "BTC",
            "quoteAsset": "USDT",
            "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS"],
            "filters": [
                {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"},
                {"filterType": "LOT_SIZE", "minQty": "0.00001000", "stepSize": "0.00001000"},
                {"filterType": "NOTIONAL", "minNotional": "5.00000000"},
            ],
        }
    ]
}
COMMISSION = {"discount": {"enabledForAccount": False, "enabledForSymbol": True, "discountAsset": "BNB"}}
Answer = Callable[[dict[str, str]], object]


class Venue:
    """Answers by method and path, and remembers what was asked."""

    def __init__(self, **answers: Answer) -> None:
        self.asked: list[tuple[str, dict[str, str], httpx.Request]] = []
        self._answers: dict[str, Answer] = {
            "GET exchangeInfo": lambda _: LISTED,
            "GET time": lambda _: {"serverTime": NOW_MS},
            "GET commission": lambda _: COMMISSION,
            **{name.replace("_", " ", 1): answer for name, answer in answers.items()},
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode() or request.url.query.decode()))
        call = f"{request.method} {request.url.path.rpartition('/')[2]}"
        self.asked.append((call, form, request))
        answer = self._answers[call](form)
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, text=json.dumps(answer))

    def calls(self, name: str) -> list[dict[str, str]]:
        """Return what was asked of one call."""
        return [form for call, form, _ in self.asked if call == name]


def client(venue: Venue, **more: Any) -> BinancePrivate:
    found = BinancePrivate(
        SecretStr(KEY),
        SecretStr(SECRET),
        "https://binance.example",
        clock=FixedClock((NOW_MS - 7_000) * US_PER_MS),  # this machine's is late
        transport=httpx.MockTransport(venue),
        **more,
    )
    found.find_pairs(["BTC/USDT"])
    return found


def refusal(code: int, message: str, status: int = 400, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "msg": message}, headers=headers)


def bought(number: int, **changes: Any):
    return order(number, pair="BTC/USDT", exchange="binance", **changes)


def test_the_published_example_is_signed_as_published() -> None:
    payload = (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
        "&timestamp=1499827319559"
    )
    published = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"  # pragma: allowlist secret
    assert signature(payload, SECRET) == published


def test_an_order_is_sent_as_it_stands_signed_and_until_its_deadline() -> None:
    venue = Venue(POST_order=lambda _: {"symbol": "BTCUSDT", "orderId": 28})
    placed = bought(1, order_type="limit", limit_price="97000.167", quantity="0.5")
    assert client(venue).add_order(placed, "o-1", NOW_MS + 5_000) == "BTCUSDT:28"
    _, form, request = venue.asked[-1]
    signed = form.pop("signature")
    assert form == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "quantity": "0.5",
        "newClientOrderId": "o-1",
        "newOrderRespType": "ACK",
        "type": "LIMIT",
        "price": "97000.16",
        "timeInForce": "GTC",
        "recvWindow": "10000",
        "timestamp": str(NOW_MS - 5_000),
    }
    body = request.content.decode()
    assert signed == signature(body.rpartition("&signature=")[0], SECRET)
    assert request.headers["X-MBX-APIKEY"] == KEY and request.url.query == b""


@given(st.integers(NOW_MS, NOW_MS + WINDOW_MS), st.integers(0, 30_000))
def test_no_order_is_taken_after_its_deadline_and_none_is_from_the_future(deadline_ms: int, late_ms: int) -> None:
    """By Binance's own rule, whatever this machine's clock says, for any deadline that the gateway may set."""
    venue = Venue(POST_order=lambda _: {"symbol": "BTCUSDT", "orderId": 1})
    client(venue).add_order(bought(1), "o-1", deadline_ms)
    form = venue.asked[-1][1]
    timestamp, window = int(form["timestamp"]), int(form["recvWindow"])
    server_ms = NOW_MS + late_ms
    taken = timestamp < server_ms + 1_000 and server_ms - timestamp <= window
    assert taken == (server_ms <= deadline_ms) and 0 < window <= 60_000


@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        ({}, {"type": "MARKET"}),
        ({"collar_price": "105.277"}, {"type": "LIMIT", "price": "105.27", "timeInForce": "IOC"}),
        ({"side": "sell", "collar_price": "95.211"}, {"type": "LIMIT", "price": "95.22", "timeInForce": "IOC"}),
        ({"side": "sell", "order_type": "stop", "stop_price": "90"}, {"type": "STOP_LOSS", "stopPrice": "90"}),
        (
            {"side": "sell", "order_type": "bracket", "stop_price": "90", "limit_price": "120"},
            {"type": "STOP_LOSS", "stopPrice": "90"},
        ),
        (
            {"order_type": "limit", "limit_price": "90", "instruction": "post_only"},
            {"type": "LIMIT_MAKER", "price": "90"},
        ),
        (
            {"side": "sell", "order_type": "target", "limit_price": "110", "time_in_force": "IOC"},
            {"type": "LIMIT", "price": "110", "timeInForce": "IOC"},
        ),
    ],
)
def test_kinds_of_orders(changes: dict[str, Any], sent: dict[str, str]) -> None:
    venue = Venue(POST_order=lambda _: {"symbol": "BTCUSDT", "orderId": 1})
    client(venue).add_order(bought(1, **changes), "o-1", NOW_MS)
    always = {"symbol", "side", "quantity", "newClientOrderId", "newOrderRespType", "recvWindow", "timestamp"}
    form = venue.asked[-1][1]
    assert {name: value for name, value in form.items() if name not in {*always, "signature"}} == sent


def test_a_cancellation_names_the_symbol_and_is_signed_in_its_query() -> None:
    venue = Venue(DELETE_order=lambda _: {"status": "CANCELED"})
    client(venue).cancel_order("o-1", "BTC/USDT")
    _, form, request = venue.asked[-1]
    assert (form["symbol"], form["origClientOrderId"]) == ("BTCUSDT", "o-1")
    query = request.url.query.decode()
    assert form["signature"] == signature(query.rpartition("&signature=")[0], SECRET)
    assert form["timestamp"] == str(NOW_MS), "the venue's time, not this machine's"


def trade(number: int, at_ms: int) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "id": number,
        "orderId": 1,
        "price": "100",
        "qty": "1",
        "commission": "0.001",
        "commissionAsset": "BTC",
        "time": at_ms,
        "isBuyer": True,
        "isMaker": False,
    }


#: Rows of a page, where it is cut short for a test.
PAGE = 5


def listing(trades: list[dict[str, Any]]) -> Answer:
    """Answer as Binance does: of a day at most the oldest rows, or of one order from a number on."""

    def page(form: dict[str, str]) -> object:
        assert form["limit"] == str(PRIVATE_PAGE_ROWS)
        if "orderId" in form:
            of_order = [each for each in trades if str(each["orderId"]) == form["orderId"]]
            return [each for each in of_order if each["id"] >= int(form.get("fromId", "0"))][:PAGE]
        start, end = int(form["startTime"]), int(form["endTime"])
        assert end - start < MS_PER_DAY
        return [each for each in trades if start <= each["time"] <= end][:PAGE]

    return page


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchanges.binance.private_rest.PRIVATE_PAGE_ROWS", PAGE)
    monkeypatch.setattr(f"{__name__}.PRIVATE_PAGE_ROWS", PAGE)


@pytest.mark.usefixtures("short_pages")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-30_000, 50_000), max_size=40))
def test_pages_are_read_to_the_end(ages_ms: list[int]) -> None:
    """Whatever stands where, also of what happens meanwhile, each trade since then comes back once."""
    times = sorted(NOW_MS - age for age in ages_ms)
    if any(times.count(each) >= PAGE for each in times):
        return
    venue = Venue(GET_myTrades=listing([trade(number, at_ms) for number, at_ms in enumerate(times)]))
    since_ms = NOW_MS - 40_000
    found = client(venue).executions(since_ms, ["BTC/USDT"])
    expected = [f"BTCUSDT:{number}" for number, at_ms in enumerate(times) if at_ms >= since_ms]
    assert [each.execution_id for each in found] == expected


@pytest.mark.usefixtures("short_pages")
@pytest.mark.parametrize("days", [1, 2, 400])
def test_executions_of_an_order_from_long_ago_are_asked_for_by_its_number(days: int) -> None:
    """As after a gateway was away: no question is about more than a day, however long that was."""
    made_ms = NOW_MS - days * MS_PER_DAY
    trades = [{**trade(number, made_ms + number), "orderId": 7} for number in range(12)]
    venue = Venue(GET_myTrades=listing([*trades, {**trade(12, NOW_MS - 5), "orderId": 8}]))
    about: tuple[Any, ...] = ("BTC/USDT", "buy", "closed", Decimal(12), Decimal(12), None, made_ms)
    orders = [VenueOrder("o-7", "BTCUSDT:7", *about), VenueOrder("o-7", "BTCUSDT:7", *about)]
    unfilled = VenueOrder("o-9", "BTCUSDT:9", "BTC/USDT", "buy", "open", Decimal(1), Decimal(0), None, made_ms)
    elsewhere = VenueOrder("o-5", "ETHUSDT:5", "ETH/USDT", "buy", "open", Decimal(1), Decimal(1), None, made_ms)
    found = client(venue).executions(made_ms, ["BTC/USDT"], [*orders, unfilled, elsewhere])
    assert sorted(int(each.execution_id[8:]) for each in found) == list(range(13))
    assert len(venue.calls("GET myTrades")) == 1 + 3


def test_more_rows_of_a_moment_than_a_page_holds_are_no_answer() -> None:
    venue = Venue(GET_myTrades=lambda form: [trade(n, int(form["startTime"])) for n in range(PRIVATE_PAGE_ROWS)])
    with pytest.raises(NotAnsweredError, match="myTrades of BTCUSDT"):
        client(venue).executions(NOW_MS)


def row(number: int, status: str, name: str = "o-1", **more: Any) -> dict[str, Any]:
    about = {"symbol": "BTCUSDT", "orderId": number, "clientOrderId": name, "side": "SELL", "status": status}
    return {**about, "origQty": "1", "executedQty": "0", "time": NOW_MS, **more}


def test_orders_that_the_list_does_not_show_as_over_are_asked_for_by_name() -> None:
    """The list is behind, is of orders made lately, and names a cancelled one by its cancellation."""
    gone = {"code": -2013, "msg": "Order does not exist."}

    def named(form: dict[str, str]) -> object:
        found = {"o-stop": row(1, "FILLED", "o-stop", executedQty="1"), "o-late": row(2, "CANCELED", "cancel-7")}
        return found.get(form["origClientOrderId"], httpx.Response(400, json=gone))

    venue = Venue(GET_allOrders=lambda _: [row(2, "NEW", "o-late"), row(3, "CANCELED", "o-3")], GET_order=named)
    names = [OrderName("BTC/USDT", name) for name in ("o-stop", "o-late", "o-3", "o-lost")]
    found = client(venue).ended_orders(NOW_MS - 1_000, ["BTC/USDT"], names)
    assert [(each.client_order_id, each.status) for each in found] == [
        ("o-3", "cancelled"),
        ("o-stop", "closed"),
        ("o-late", "cancelled"),
    ]
    assert [form["origClientOrderId"] for form in venue.calls("GET order")] == ["o-stop", "o-late", "o-lost"]


def test_another_refusal_of_a_name_is_not_taken_for_its_absence() -> None:
    venue = Venue(GET_allOrders=lambda _: [], GET_order=lambda _: refusal(-1003, "Too many requests"))
    with pytest.raises(RefusedError):
        client(venue).ended_orders(NOW_MS, ["BTC/USDT"], [OrderName("BTC/USDT", "o-1")])


def test_pairs_that_nobody_asks_about_are_not_asked_for() -> None:
    venue = Venue()
    assert client(venue).executions(NOW_MS, []) == () and client(venue).ended_orders(NOW_MS, []) == ()
    assert not venue.calls("GET myTrades") and not venue.calls("GET allOrders")


def test_what_orders_hold_is_the_accounts_too() -> None:
    balances = [{"asset": "BTC", "free": "1.5", "locked": "0.5"}, {"asset": "BNB", "free": "0", "locked": "0"}]
    venue = Venue(GET_account=lambda _: {"balances": balances})
    assert client(venue).balances() == {"BTC": Decimal(2), "BNB": Decimal(0)}


def timeout(_: dict[str, str]) -> object:
    raise httpx.ReadTimeout("timed out")


NO_ANSWERS: list[Answer] = [
    timeout,
    lambda _: httpx.Response(502, text="Bad Gateway"),
    lambda _: refusal(-2010, "Account has insufficient balance for requested action.", status=503),
    lambda _: httpx.Response(200, text="<html>"),
    lambda _: httpx.Response(403, text="<html>"),
    lambda _: {"symbol": "BTCUSDT"},
]


@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_what_cannot_be_understood_is_no_answer_and_asked_once(answer: Answer) -> None:
    venue = Venue(POST_order=answer)
    with pytest.raises(NotAnsweredError):
        client(venue).add_order(bought(1), "o-1", NOW_MS)
    assert len(venue.calls("POST order")) == 1


@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_no_traceback_shows_a_key(answer: Answer) -> None:
    binance = client(Venue(POST_order=answer))
    with pytest.raises(NotAnsweredError) as caught:
        binance.add_order(bought(1), "o-1", NOW_MS)
    text = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert SECRET not in text and KEY not in text


def test_a_refusal_says_whether_it_is_definite() -> None:
    for code, definite in ((-2010, True), (-1021, True), (-1007, False), (-9_999, False)):
        venue = Venue(POST_order=lambda _, code=code: refusal(code, "words"))
        with pytest.raises(RefusedError) as caught:
            client(venue).add_order(bought(1), "o-1", NOW_MS)
        assert caught.value.refusal.definite is definite, code


def test_who_was_told_to_stay_away_stays_away() -> None:
    """Going on gets the address banned, for longer each time."""
    now = [0.0]
    headers = {"Retry-After": "30"}
    venue = Venue(GET_account=lambda _: refusal(-1003, "Too much request weight used.", 429, **headers))
    binance = client(venue, monotonic=lambda: now[0])
    with pytest.raises(RefusedError) as caught:
        binance.balances()
    assert (caught.value.refusal.kind, caught.value.refusal.definite) == ("rate_limit", True)
    now[0] = 29.0
    with pytest.raises(NotAnsweredError, match="left alone for 1 s more"):
        binance.add_order(bought(1), "o-1", NOW_MS)
    assert (len(venue.calls("GET account")), len(venue.calls("POST order"))) == (1, 0)
    now[0] = 30.0
    with pytest.raises(RefusedError):
        binance.balances()
    assert len(venue.calls("GET account")) == 2


def test_fees_in_a_third_currency_are_refused_at_the_start() -> None:
    discount = {"enabledForAccount": True, "enabledForSymbol": True, "discountAsset": "BNB"}
    with pytest.raises(BadSettingError, match="switch off paying them in BNB"):
        client(Venue(GET_commission=lambda _: {"discount": discount}))


def test_a_pair_without_stops_is_refused_by_name() -> None:
    listed = {"symbols": [{**LISTED["symbols"][0], "orderTypes": ["LIMIT", "MARKET"]}]}
    with pytest.raises(BadSettingError, match="STOP_LOSS, was 'BTC/USDT'"):
        client(Venue(GET_exchangeInfo=lambda _: listed))


def test_more_accounts_than_a_pair_may_have_stops_are_refused_at_the_start() -> None:
    """The stop of one of them would be refused, and its position bare."""
    (symbol,) = LISTED["symbols"]
    limit = {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5}
    listed = {"symbols": [{**symbol, "filters": [*symbol["filters"], limit]}]}
    binance = client(Venue(GET_exchangeInfo=lambda _: listed))
    binance.find_pairs(["BTC/USDT"] * 5)
    with pytest.raises(BadSettingError, match="at most 5 accounts with BTC/USDT"):
        binance.find_pairs(["BTC/USDT"] * 6)


def test_an_unknown_pair_is_named() -> None:
    with pytest.raises(UnknownPairError, match="ETH/USDT"):
        client(Venue()).find_pairs(["ETH/USDT"])


def test_a_key_of_another_kind_is_refused_and_not_shown() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nsecret"  # pragma: allowlist secret
    with pytest.raises(BadSettingError, match="HMAC") as caught:
        BinancePrivate(SecretStr("key"), SecretStr(pem))
    assert "secret\n" not in str(caught.value) and pem not in str(caught.value)


def test_the_streams_token_is_a_signed_request() -> None:
    token = json.loads(client(Venue()).stream_token())
    signed = f"apiKey={KEY}&recvWindow=10000&timestamp={NOW_MS}"
    assert token == {
        "apiKey": KEY,
        "recvWindow": 10_000,
        "timestamp": NOW_MS,
        "signature": signature(signed, SECRET),
    }


def test_there_is_no_dead_mans_switch() -> None:
    with pytest.raises(RefusedError, match="no dead man's switch"):
        client(Venue()).cancel_all_after(60)
