"""Binance's private calls and user data stream of the simulator, by our own client: as there, and over one engine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr
from tests.exchanges_simulator.conftest import HOUR_MS, LIVE_FROM_MS
from tests.gateway.world import order
from tests.support.in_loop import in_loop
from tests.support.waiting import let_pass_async

from contracts.order import Order
from contracts.units import MS_PER_DAY
from exchanges.binance.private_rest import BinancePrivate
from exchanges.binance.signing import signature
from exchanges.private.execution import VenueExecution
from exchanges.private.order import OrderChange, OrderName
from exchanges.private.refusal import RefusedError
from exchanges.private.stream import PrivateStream, StreamLost, StreamNews, StreamOpened
from exchanges.private.venue import NotAnsweredError
from exchanges.simulator import SimulatorSettings, SimulatorUrls, simulator

KEY, SECRET = "a-key-of-tests", "a secret of tests"  # pragma: allowlist secret
MONEY = {"USD": "100000", "BTC": "1"}
PAIR, SYMBOL = "BTC/USD", "BTCUSD"
#: Ahead of the venue's time, as of the gateway's orders.
PATIENCE_MS = 5_000
R = TypeVar("R")


@dataclass
class Stage:
    """A running venue whose clock stands still unless told, and our client of it."""

    urls: SimulatorUrls
    http: httpx.AsyncClient
    client: BinancePrivate

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

    async def raw(self, method: str, call: str, key: str = KEY, secret: str = SECRET, **form: Any) -> httpx.Response:
        """Make a call as somebody might who has read the documentation loosely."""
        times = {"timestamp": await self.do(self.client.venue_time_ms)}
        payload = urlencode({**times, **form})
        url = f"{self.urls.rest_url}/api/v3/{call}?{payload}&signature={signature(payload, secret)}"
        return await self.http.request(method, url, headers={"X-MBX-APIKEY": key})


def placed(number: int, **changes: Any) -> Order:
    return order(number, **{"exchange": "binance", "pair": PAIR, "quantity": "0.01", **changes})


@asynccontextmanager
async def stage(**settings: Any) -> AsyncIterator[Stage]:
    keys = [
        {"key": KEY, "secret": SECRET, "venue": "binance", "balances": MONEY},
        {"key": "krakens", "secret": "c2VjcmV0", "account": "other", "balances": MONEY},  # pragma: allowlist secret
    ]
    told = {"live_from_ms": LIVE_FROM_MS, "live_until_ms": LIVE_FROM_MS + HOUR_MS, "tier": "unlimited", **settings}
    async with (
        simulator(SimulatorSettings(pairs=("BTC/USD", "ETH/USD"), keys=keys, **told)) as urls,
        httpx.AsyncClient() as http,
    ):
        client = BinancePrivate(SecretStr(KEY), SecretStr(SECRET), urls.rest_url)
        try:
            await asyncio.to_thread(client.find_pairs, ["BTC/USD", "ETH/USD"])
            yield Stage(urls, http, client)
        finally:
            client.close()


def compared(execution: VenueExecution) -> tuple[str, ...]:
    names = ("execution_id", "venue_order_id", "pair", "side", "quantity", "price", "fee", "fee_in")
    return tuple(
        str(value.normalize()) if isinstance(value, Decimal) else str(value)
        for value in (getattr(execution, name) for name in names)
    )


def of_truth(execution: dict[str, Any]) -> tuple[str, ...]:
    names = ("execution_id", "order_id", "pair", "side", "quantity", "price", "fee", "fee_in")
    numbers = {"quantity", "price", "fee"}
    return tuple(str(Decimal(execution[n]).normalize()) if n in numbers else execution[n] for n in names)


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
        assert names == ["BTCUSD:1", "BTCUSD:2", "ETHUSD:1", "BTCUSD:3", "BTCUSD:4", "BTCUSD:5"]
        truth = await at.truth()
        found = await at.do(at.client.executions, LIVE_FROM_MS - 1_000)
        assert sorted(map(compared, found)) == sorted(map(of_truth, truth["executions"]))
        assert {each.fee_in for each in found} == {"base", "quote"} and len(found) >= 3
        assert await at.do(at.client.balances) == {
            currency: Decimal(amount) for currency, amount in truth["balances"].items() if Decimal(amount)
        }
        ended = await at.do(at.client.ended_orders, LIVE_FROM_MS - 1_000)
        assert [(each.venue_order_id, each.status) for each in ended] == [
            *((name, "closed") for name in names[:2]),
            ("BTCUSD:4", "expired"),
            ("ETHUSD:1", "closed"),
        ]
        there = await at.do(at.client.open_orders)
        assert [each.venue_order_id for each in there] == ["BTCUSD:3", "BTCUSD:5"]
        only = await at.do(at.client.executions, LIVE_FROM_MS - 1_000, ["ETH/USD"])
        assert {each.pair for each in only} == {"ETH/USD"}


@in_loop
async def test_an_order_is_found_by_its_name_after_a_cancellation_too() -> None:
    async with stage() as at:
        resting = placed(4, order_type="limit", limit_price="1000")
        await at.add(4, order_type="limit", limit_price="1000")
        names = [
            OrderName(PAIR, resting.order_id),
            OrderName(PAIR, "never-sent"),
            OrderName("ETH/USD", resting.order_id),
        ]
        ended = await at.do(at.client.ended_orders, LIVE_FROM_MS, [PAIR], names)
        assert [(each.client_order_id, each.status) for each in ended] == [(resting.order_id, "open")]
        await at.do(at.client.cancel_order, resting.order_id, PAIR)
        ended = await at.do(at.client.ended_orders, LIVE_FROM_MS + HOUR_MS, [PAIR], names)
        assert [(each.client_order_id, each.status) for each in ended] == [(resting.order_id, "cancelled")]
        with pytest.raises(RefusedError, match="-2011 Unknown order sent"):
            await at.do(at.client.cancel_order, resting.order_id, PAIR)


REFUSED: list[tuple[dict[str, Any], str, bool]] = [
    ({"quantity": "0.00001"}, "-1013 Filter failure: LOT_SIZE", True),
    ({"quantity": "0.0100000001"}, "-1013 Filter failure: LOT_SIZE", True),
    ({"order_type": "limit", "limit_price": "1", "quantity": "0.0001"}, "-1013 Filter failure: NOTIONAL", True),
    ({"quantity": "100"}, "-2010 Account has insufficient balance", True),
    (
        {"order_type": "limit", "limit_price": "90000", "instruction": "post_only"},
        "-2010 Order would immediately match",
        True,
    ),
    ({"late_ms": PATIENCE_MS + 1_000}, "-1021 Timestamp for this request is outside", True),
    ({"late_ms": -PATIENCE_MS - 1_000}, "-1021 Timestamp for this request was 1000ms ahead", True),
]


@pytest.mark.parametrize(("changes", "text", "definite"), REFUSED)
@in_loop
async def test_refusals(changes: dict[str, Any], text: str, definite: bool) -> None:
    async with stage() as at:
        with pytest.raises(RefusedError, match=text) as caught:
            await at.add(1, **changes)
        assert caught.value.refusal.definite is definite
        assert (await at.truth())["orders"] == []


@in_loop
async def test_a_name_that_is_that_of_an_open_order_settles_nothing() -> None:
    async with stage() as at:
        limit: dict[str, Any] = {"order_type": "limit", "limit_price": "1000"}
        await at.add(1, **limit)
        with pytest.raises(RefusedError, match="Duplicate order sent") as caught:
            await at.add(1, **limit)
        assert not caught.value.refusal.definite


@in_loop
async def test_a_stop_that_is_reached_already_is_sold_at_once_and_once() -> None:
    async with stage() as at:
        await at.add(1, side="sell", order_type="stop", stop_price="90000")
        truth = await at.truth()
        (only,) = truth["orders"]
        assert (only["order_type"], only["status"], only["filled"]) == ("market", "closed", "0.01")
        assert only["client_order_id"] == placed(1).order_id
        raw = {"symbol": SYMBOL, "side": "SELL", "type": "STOP_LOSS", "quantity": "0.01", "stopPrice": "90000"}
        answer = await at.raw("POST", "order", **raw)
        assert answer.json() == {"code": -2010, "msg": "Order would trigger immediately."}


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"secret": "another"}, -1022),  # pragma: allowlist secret
        ({"key": "nobody's"}, -2015),
        ({"key": "krakens", "secret": "c2VjcmV0"}, -2015),  # pragma: allowlist secret
        ({"key": ""}, -2014),
        ({"recvWindow": 60_001}, -1131),
        ({"timestamp": "soon"}, -1102),
        ({"symbol": "BTC/USD"}, -1121),
        ({"type": "ICEBERG"}, -1116),
        ({"side": "HOLD"}, -1117),
        ({"quantity": ""}, -1102),
        ({"price": "5"}, -1106),
        ({"type": "LIMIT", "price": "5"}, -1102),
        ({"type": "LIMIT", "price": "5", "timeInForce": "FOREVER"}, -1115),
        ({"quantity": "1e-2x"}, -1100),
        ({"newClientOrderId": "no spaces"}, -1100),
        ({"newClientOrderId": "x" * 37}, -1100),
    ],
)
@in_loop
async def test_calls_that_are_wrong_are_refused_in_binances_codes(form: dict[str, Any], code: int) -> None:
    async with stage() as at:
        good = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.01", "newClientOrderId": "a.B:/_-9"}
        answer = await at.raw("POST", "order", **{**good, **form})
        assert (answer.is_client_error, answer.json()["code"]) == (True, code)
        assert (await at.truth())["orders"] == []
        assert (await at.raw("POST", "order", **good)).status_code == 200


@in_loop
async def test_what_was_executed_is_listed_oldest_first_of_a_day_at_most() -> None:
    async with stage() as at:
        for number in range(5):
            await at.add(number)
        rows = (await at.raw("GET", "myTrades", symbol=SYMBOL, startTime=LIVE_FROM_MS, limit=2)).json()
        assert [row["id"] for row in rows] == [1, 2]
        newest = (await at.raw("GET", "myTrades", symbol=SYMBOL, limit=2)).json()
        assert newest[-1]["id"] == len((await at.truth())["executions"]) > 4
        times: dict[str, Any] = {"startTime": LIVE_FROM_MS, "endTime": LIVE_FROM_MS + MS_PER_DAY + 1}
        assert (await at.raw("GET", "myTrades", symbol=SYMBOL, **times)).json()["code"] == -1127


@in_loop
async def test_faults_of_orders_are_as_at_kraken() -> None:
    """Lost before, lost after, answered by something in between, late past its deadline, hidden, refused."""
    async with stage(auto_start=True) as at:
        await at.fault(kind="timeout_before", delay_ms=20)
        with pytest.raises(NotAnsweredError):
            await at.add(1)
        await at.fault(kind="timeout_after", delay_ms=20)
        with pytest.raises(NotAnsweredError):
            await at.add(2)
        await at.fault(kind="error_after")
        with pytest.raises(NotAnsweredError, match="HTTP 502"):
            await at.add(3)
        await at.fault(kind="request_late", delay_ms=600)
        with pytest.raises(NotAnsweredError):
            await at.add(4, late_ms=PATIENCE_MS - 200)
        await at.fault(kind="invisible", delay_ms=60_000)
        await at.add(5)
        await at.fault(kind="reject", error="EOrder:Orders limit exceeded")
        with pytest.raises(RefusedError, match="-1015 Too many new orders"):
            await at.add(6)
        await let_pass_async(0.7)
        said = await at.said()
        taken = [each["client_order_id"] for each in said["accounts"]["main"]["orders"]]
        assert taken == [placed(number).order_id for number in (2, 3, 5)]
        assert said["refused_unheard"] == ["EService:Deadline elapsed"]
        ended = await at.do(at.client.ended_orders, LIVE_FROM_MS, [PAIR], [OrderName(PAIR, placed(5).order_id)])
        assert [each.client_order_id for each in ended] == taken[:2]


@in_loop
async def test_the_stream_tells_what_rest_says() -> None:
    async with stage(auto_start=True) as at:
        stream = at.client.open_stream(at.urls.private_websocket_urls["binance"], lambda: None)
        try:
            stream.begin(await at.do(at.client.stream_token))
            assert isinstance((await heard(stream, 1))[0], StreamOpened)
            await at.add(1)
            await at.add(2, side="sell", quantity="0.02")
            await at.add(3, order_type="limit", limit_price="1000")
            await at.do(at.client.cancel_order, placed(3).order_id, PAIR)
            await at.add(4, order_type="limit", limit_price="1000", time_in_force="IOC")
            count = len((await at.truth())["executions"])
            told = [each for each in await heard(stream, count + 6) if isinstance(each, StreamNews)]
        finally:
            stream.close()
        executions = {execution for each in told for execution in each.executions}
        assert executions == set(await at.do(at.client.executions, LIVE_FROM_MS))
        last: dict[str | None, OrderChange] = {c.client_order_id: c for each in told for c in each.changes}
        assert {placed(n).order_id: last[placed(n).order_id].status for n in (1, 2, 3, 4)} == {
            placed(1).order_id: "closed",
            placed(2).order_id: "closed",
            placed(3).order_id: "cancelled",
            placed(4).order_id: "expired",
        }
        assert last[placed(2).order_id].filled == Decimal("0.02")


async def heard(stream: PrivateStream, count: int) -> list[Any]:
    """Return so many events."""
    found: list[Any] = []
    for _ in range(200):
        found += stream.read()
        if len(found) >= count:
            return found
        await let_pass_async(0.02)
    raise AssertionError(f"{count} events, heard {found}")


@in_loop
async def test_a_stream_is_told_to_nobody_else() -> None:
    async with stage() as at:
        stream = at.client.open_stream(at.urls.private_websocket_urls["binance"], lambda: None)
        try:
            token = json.loads(await at.do(at.client.stream_token))
            stream.begin(json.dumps({**token, "signature": "0" * 64}))
            (lost,) = await heard(stream, 1)
        finally:
            stream.close()
        assert isinstance(lost, StreamLost) and "-1022" in lost.reason


@in_loop
async def test_weights_add_up_and_who_is_over_is_told_to_stay_away() -> None:
    async with stage(tier="pro") as at:
        answers = [(await at.raw("GET", "openOrders")) for _ in range(80)]
        over = [each for each in answers if each.status_code == 429]
        assert over and over[0].json()["code"] == -1003 and over[0].headers["Retry-After"] == "1"
        assert sum(each.status_code == 200 for each in answers) in (73, 74, 75)
