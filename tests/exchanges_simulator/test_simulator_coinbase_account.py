"""Coinbase's private calls and channel of the simulator, by our own client: as there, and over one engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from tests.exchanges_simulator.conftest import HOUR_MS, LIVE_FROM_MS
from tests.exchanges_simulator.test_simulator_binance_account import compared, heard, of_truth
from tests.gateway.world import order
from tests.support.in_loop import in_loop
from tests.support.venue_keys import PUBLISHED_NUMBER, SECRETS, pem
from tests.support.waiting import let_pass_async

from contracts.order import Order
from contracts.units import MS_PER_SECOND
from exchanges.coinbase import private_rest
from exchanges.coinbase.private_rest import CoinbasePrivate
from exchanges.coinbase.signing import json_web_token
from exchanges.private.order import OrderChange, OrderName
from exchanges.private.refusal import RefusedError
from exchanges.private.stream import StreamLost, StreamNews, StreamOpened
from exchanges.private.venue import NotAnsweredError
from exchanges.simulator import SimulatorSettings, SimulatorUrls, simulator

KEY, SECRET = "organizations/o/apiKeys/tests", SECRETS["coinbase"]  # pragma: allowlist secret
MONEY = {"USD": "100000", "BTC": "1"}
PAIR = "BTC/USD"
ROOT = "/api/v3/brokerage"
#: Ahead of the venue's time, as of the gateway's orders.
PATIENCE_MS = 5_000
R = TypeVar("R")


@dataclass
class Stage:
    """A running venue whose clock stands still unless told, and our client of it."""

    urls: SimulatorUrls
    http: httpx.AsyncClient
    client: CoinbasePrivate

    async def do(self, call: Callable[..., R], *arguments: Any) -> R:
        return await asyncio.to_thread(call, *arguments)

    async def fault(self, **fault: Any) -> None:
        (await self.http.post(f"{self.urls.control_url}/sim/faults", json=fault)).raise_for_status()

    async def said(self) -> dict[str, Any]:
        return dict((await self.http.get(f"{self.urls.control_url}/sim/orders")).json())

    async def truth(self) -> dict[str, Any]:
        return dict((await self.said())["accounts"]["main"])

    async def add(self, number: int, late_ms: int = 0, **changes: Any) -> str:
        sent = placed(number, **changes)
        now_ms = await self.do(self.client.venue_time_ms)
        return await self.do(self.client.add_order, sent, sent.order_id, now_ms + PATIENCE_MS - late_ms)

    async def raw(self, method: str, call: str, body: Any = None, query: str = "", **told: Any) -> httpx.Response:
        """Make a call as somebody might who has read the documentation loosely."""
        base = httpx.URL(self.urls.rest_url)
        uri = f"{method} {base.netloc.decode()}{ROOT}/{call}"
        about = {
            "key": KEY,
            "until_s": LIVE_FROM_MS // 1_000 + 60,
            "nonce": "n",
            "uri": uri,
            "secret": SECRET,
            **told,
        }
        token = json_web_token(*about.values())
        headers = {"Authorization": f"Bearer {token}"}
        return await self.http.request(method, f"{base}{ROOT}/{call}{query}", json=body, headers=headers)


def placed(number: int, **changes: Any) -> Order:
    return order(number, **{"exchange": "coinbase", "pair": PAIR, "quantity": "0.01", **changes})


@asynccontextmanager
async def stage(**settings: Any) -> AsyncIterator[Stage]:
    keys = [
        {"key": KEY, "secret": SECRET, "venue": "coinbase", "balances": MONEY},
        {"key": "krakens", "secret": SECRETS["kraken"], "account": "other", "balances": MONEY},
    ]
    told = {
        "live_from_ms": LIVE_FROM_MS,
        "live_until_ms": LIVE_FROM_MS + HOUR_MS,
        "tier": "unlimited",
        "requests_per_second": 0,  # of public calls: a fast machine asks for the time more often
        **settings,
    }
    async with (
        simulator(SimulatorSettings(pairs=("BTC/USD", "ETH/USD"), keys=keys, **told)) as urls,
        httpx.AsyncClient() as http,
    ):
        client = CoinbasePrivate(SecretStr(KEY), SecretStr(SECRET), urls.rest_url)
        try:
            await asyncio.to_thread(client.venue_time_ms)
            await asyncio.to_thread(client.find_pairs, ["BTC/USD", "ETH/USD"])
            yield Stage(urls, http, client)
        finally:
            client.close()


@in_loop
async def test_orders_executions_and_balances_are_those_of_the_truth() -> None:
    async with stage() as at:
        names = [
            await at.add(1),
            await at.add(2, side="sell", quantity="0.02"),
            await at.add(3, pair="ETH/USD", quantity="0.5"),
            await at.add(4, order_type="limit", limit_price="1000"),
            await at.add(5, order_type="limit", limit_price="1000", time_in_force="IOC"),
            await at.add(6, side="sell", order_type="stop", stop_price="1000"),
        ]
        assert len(set(names)) == 6 and all(len(name) == 36 for name in names)
        truth = await at.truth()
        found = await at.do(at.client.executions, LIVE_FROM_MS - 1_000)
        assert sorted(map(compared, found)) == sorted(map(of_truth, truth["executions"])) and len(found) >= 3
        assert {each.fee_in for each in found} == {"quote"}
        assert await at.do(at.client.balances) == {
            currency: Decimal(amount) for currency, amount in truth["balances"].items()
        }
        ended = await at.do(at.client.ended_orders, LIVE_FROM_MS - 1_000)
        assert {each.venue_order_id: each.status for each in ended} == {
            **dict.fromkeys(names[:3], "closed"),
            names[4]: "cancelled",
        }
        there = await at.do(at.client.open_orders)
        assert {each.venue_order_id for each in there} == {names[3], names[5]}


@in_loop
async def test_a_name_gives_the_first_order_open_or_over() -> None:
    async with stage() as at:
        first, resting = await at.add(1), await at.add(2, order_type="limit", limit_price="1000")
        assert await at.add(1) == first and await at.add(2, order_type="limit", limit_price="1000") == resting
        await at.do(at.client.cancel_order, placed(2).order_id, PAIR)
        assert await at.add(2) == resting
        assert len((await at.truth())["orders"]) == 2


@in_loop
async def test_an_order_is_found_by_its_name_after_a_cancellation_too() -> None:
    async with stage() as at:
        await at.add(4, order_type="limit", limit_price="1000")
        names = [OrderName(PAIR, placed(4).order_id), OrderName(PAIR, "never-sent")]
        ended = await at.do(at.client.ended_orders, LIVE_FROM_MS + HOUR_MS, [PAIR], names)
        assert [(each.client_order_id, each.status) for each in ended] == [(placed(4).order_id, "open")]
        await at.do(at.client.cancel_order, placed(4).order_id, PAIR)
        ended = await at.do(at.client.ended_orders, LIVE_FROM_MS + HOUR_MS, [PAIR], names)
        assert [(each.client_order_id, each.status) for each in ended] == [(placed(4).order_id, "cancelled")]
        with pytest.raises(RefusedError, match="UNKNOWN_CANCEL_ORDER"):
            await at.do(at.client.cancel_order, placed(4).order_id, PAIR)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"quantity": "0.00001"}, "INVALID_BASE_SIZE_TOO_SMALL"),
    ({"quantity": "0.0100000001"}, "INVALID_SIZE_PRECISION"),
    ({"order_type": "limit", "limit_price": "1", "quantity": "0.0001"}, "INVALID_QUOTE_SIZE_TOO_SMALL"),
    ({"quantity": "100"}, "INSUFFICIENT_FUND"),
    ({"order_type": "limit", "limit_price": "90000", "instruction": "post_only"}, "INVALID_LIMIT_PRICE_POST_ONLY"),
    ({"late_ms": PATIENCE_MS + 1_000}, "401 Unauthorized"),
    ({"late_ms": -125_000}, "401 Unauthorized"),
]


@pytest.mark.parametrize(("changes", "text"), REFUSED)
@in_loop
async def test_refusals(changes: dict[str, Any], text: str) -> None:
    async with stage() as at:
        with pytest.raises(RefusedError, match=text) as caught:
            await at.add(1, **changes)
        assert caught.value.refusal.definite
        assert (await at.truth())["orders"] == []


@in_loop
async def test_a_stop_that_is_reached_already_is_sold_at_once_and_once() -> None:
    async with stage() as at:
        await at.add(1, side="sell", order_type="stop", stop_price="90000")
        (only,) = (await at.truth())["orders"]
        assert (only["order_type"], only["status"], only["filled"]) == ("market", "closed", "0.01")
        assert only["client_order_id"] == placed(1).order_id


BAD_TOKENS: list[dict[str, Any]] = [
    {"secret": pem(PUBLISHED_NUMBER + 1)},
    {"key": "krakens"},
    {"key": ""},
    {"uri": None},
    {"uri": "GET api.coinbase.com/api/v3/brokerage/accounts"},
    {"until_s": LIVE_FROM_MS // 1_000},
    {"until_s": LIVE_FROM_MS // 1_000 + 121},
]


@pytest.mark.parametrize("told", BAD_TOKENS, ids=str)
@in_loop
async def test_a_token_that_is_not_for_this_is_refused(told: dict[str, Any]) -> None:
    async with stage() as at:
        assert (await at.raw("GET", "accounts", **told)).status_code == 401
        assert (await at.raw("GET", "accounts")).status_code == 200
        assert (await at.raw("GET", "accounts")).status_code == 401  # good once
        assert (await at.raw("GET", "accounts", nonce="another")).status_code == 200


GOOD = {
    "client_order_id": "a name",
    "product_id": "BTC-USD",
    "side": "BUY",
    "order_configuration": {"market_market_ioc": {"base_size": "0.01"}},
}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {**GOOD, "client_order_id": ""},
        {**GOOD, "client_order_id": "x" * 129},
        {**GOOD, "product_id": "BTC/USD"},
        {**GOOD, "side": "buy"},
        {**GOOD, "unheard_of": 1},
        {**GOOD, "order_configuration": {}},
        {**GOOD, "order_configuration": {"iceberg": {"base_size": "1"}}},
        {**GOOD, "order_configuration": {"market_market_ioc": {"base_size": 0.01}}},
        {**GOOD, "order_configuration": {"market_market_ioc": {"base_size": "0.01", "limit_price": "1"}}},
        {**GOOD, "order_configuration": {"sor_limit_ioc": {"base_size": "0.01"}}},
    ],
    ids=str,
)
@in_loop
async def test_an_order_that_is_wrong_is_refused(body: Any) -> None:
    async with stage() as at:
        answer = await at.raw("POST", "orders", body)
        assert (answer.status_code, answer.json()["error"]) == (400, "INVALID_ARGUMENT")
        assert (await at.truth())["orders"] == []
        assert (await at.raw("POST", "orders", GOOD, nonce="m")).json()["success"] is True


@in_loop
async def test_lists_go_on_by_cursor_the_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage() as at:
        names = [await at.add(number) for number in range(5)]
        first = (await at.raw("GET", "orders/historical/batch", query="?limit=2")).json()
        assert [row["order_id"] for row in first["orders"]] == names[:2:-1] and first["has_next"] is True
        monkeypatch.setattr(private_rest, "PRIVATE_PAGE_ROWS", 2)
        ended = await at.do(at.client.ended_orders, LIVE_FROM_MS)
        assert [each.venue_order_id for each in ended] == names[::-1]
        truth = await at.truth()
        found = await at.do(at.client.executions, LIVE_FROM_MS)
        assert sorted(map(compared, found)) == sorted(map(of_truth, truth["executions"])) and len(found) > 4


@in_loop
async def test_faults_of_orders_are_as_at_kraken() -> None:
    """Lost before, lost after, answered by something in between, late past its deadline, hidden, refused."""
    async with stage(auto_start=True) as at:
        for number, kind in enumerate(("timeout_before", "timeout_after", "error_after"), 1):
            await at.fault(kind=kind, delay_ms=20)
            await at.add(number)  # sent again by its name
            await at.fault(kind=kind, delay_ms=20, count=2)
            with pytest.raises(NotAnsweredError):
                await at.add(10 + number)
        await at.fault(kind="request_late", delay_ms=2_600, count=2)
        with pytest.raises(NotAnsweredError):
            await at.add(4, late_ms=PATIENCE_MS - 2_000)
        await at.fault(kind="invisible", delay_ms=60_000)
        await at.add(5)
        await at.fault(kind="reject", error="EOrder:Orders limit exceeded")
        with pytest.raises(RefusedError, match="OPEN_ORDERS_LIMIT_EXCEEDED"):
            await at.add(6)
        await let_pass_async(2.8)
        said = await at.said()
        taken = [each["client_order_id"] for each in said["accounts"]["main"]["orders"]]
        assert taken == [placed(number).order_id for number in (1, 2, 12, 3, 13, 5)]
        assert said["refused_unheard"] == ["EService:Deadline elapsed"] * 2
        ended = await at.do(at.client.ended_orders, LIVE_FROM_MS, [PAIR], [OrderName(PAIR, placed(5).order_id)])
        assert {each.client_order_id for each in ended} == set(taken[:-1])


@in_loop
async def test_the_stream_tells_of_orders_and_how_much_was_executed() -> None:
    async with stage(auto_start=True) as at:
        await at.add(9, order_type="limit", limit_price="1000")
        stream = at.client.open_stream(at.urls.private_websocket_urls["coinbase"], lambda: None)
        try:
            stream.begin(await at.do(at.client.stream_token))
            begun = await heard(stream, 2)
            assert isinstance(begun[1], StreamOpened)
            assert isinstance(begun[0], StreamNews) and begun[0].changes[0].client_order_id == placed(9).order_id
            await at.add(1)
            await at.add(2, side="sell", quantity="0.02")
            await at.add(3, order_type="limit", limit_price="1000")
            await at.do(at.client.cancel_order, placed(3).order_id, PAIR)
            count = len((await at.truth())["executions"])
            told = [each for each in await heard(stream, count + 4) if isinstance(each, StreamNews)]
        finally:
            stream.close()
        assert not any(each.executions or each.missed for each in told)
        last: dict[str | None, OrderChange] = {c.client_order_id: c for each in told for c in each.changes}
        assert {
            number: (last[name].status, last[name].filled)
            for number in (1, 2, 3)
            if (name := placed(number).order_id)
        } == {
            1: ("closed", Decimal("0.01")),
            2: ("closed", Decimal("0.02")),
            3: ("cancelled", Decimal(0)),
        }


@in_loop
async def test_nobody_listens_without_a_token() -> None:
    async with stage() as at:
        stream = at.client.open_stream(at.urls.private_websocket_urls["coinbase"], lambda: None)
        try:
            now_s = LIVE_FROM_MS // MS_PER_SECOND
            stream.begin(json_web_token(KEY, now_s + 60, "n", "GET x", SECRET))
            (lost,) = await heard(stream, 1)
        finally:
            stream.close()
        assert isinstance(lost, StreamLost) and "authentication failure" in lost.reason


def test_a_key_that_is_none_of_coinbases_is_refused() -> None:
    with pytest.raises(ValidationError, match="an EC private key of P-256"):
        SimulatorSettings(keys=({"key": KEY, "secret": "c2VjcmV0", "venue": "coinbase"},))  # pragma: allowlist secret
