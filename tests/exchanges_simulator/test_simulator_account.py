"""Kraken's private REST and `executions` of the simulator: read by our own parsers, and each fault seen to happen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import pytest
import websockets
from tests.exchanges_simulator.conftest import HOUR_MS, LIVE_FROM_MS, TIMEOUT_SECONDS
from tests.support.in_loop import in_loop
from tests.support.kraken_account import KrakenAccount, keys
from tests.support.waiting import let_pass_async

from contracts.units import US_PER_MS
from exchanges.kraken.executions_channel import ExecutionsFrame, executions_request, parse_executions
from exchanges.kraken.pairs import asset_names, other_names
from exchanges.kraken.private_messages import (
    parse_add_order,
    parse_balance,
    parse_cancel_order,
    parse_closed_orders,
    parse_open_orders,
    parse_trades_history,
    parse_websockets_token,
)
from exchanges.kraken.rest_messages import parse_asset_pairs
from exchanges.simulator import SimulatorSettings, SimulatorUrls, simulator
from exchanges.simulator.text import rfc3339

BUY = {"pair": "XBTUSD", "type": "buy", "ordertype": "market", "volume": "0.01", "oflags": "fciq"}
REST = {**BUY, "ordertype": "limit", "price": "1000.0"}
MONEY = {"USD": "100000", "BTC": "1"}


@dataclass
class Stage:
    """A running venue, its account, and the names that its answers are read with."""

    urls: SimulatorUrls
    http: httpx.AsyncClient
    account: KrakenAccount
    names: dict[str, str]
    assets: dict[str, str]

    async def fault(self, **fault: Any) -> None:
        answer = await self.http.post(f"{self.urls.control_url}/sim/faults", json=fault)
        assert answer.status_code == 200, answer.text

    async def hits(self) -> dict[str, int]:
        return (await self.http.get(f"{self.urls.control_url}/sim/orders")).json()["hits"]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[websockets.ClientConnection]:
        """Subscribe to executions."""
        token = parse_websockets_token(await self.account.text("GetWebSocketsToken"))
        async with websockets.connect(self.urls.private_websocket_urls["kraken"]) as socket:
            await socket.send(json.dumps(executions_request(token, 1)))
            frames = [await socket.recv() for _ in range(3)]  # status, answer, snapshot
            assert json.loads(frames[1])["success"] is True
            yield socket


@asynccontextmanager
async def stage(**settings: Any) -> AsyncIterator[Stage]:
    settings = {"pairs": ("BTC/USD",), "live_from_ms": LIVE_FROM_MS, "keys": keys(**MONEY), **settings}
    settings = {"history_from_ms": LIVE_FROM_MS - HOUR_MS, **settings}
    async with simulator(SimulatorSettings(**settings)) as urls, httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as http:
        listed = parse_asset_pairs((await http.get(f"{urls.rest_url}/0/public/AssetPairs")).text)
        account = KrakenAccount(http, urls.rest_url)
        yield Stage(urls, http, account, other_names(listed), asset_names(listed))


async def executions(socket: websockets.ClientConnection, count: int) -> list[str]:
    """Return the ids of the next `count` executions that are told, as often as they are."""
    found: list[str] = []
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while len(found) < count:
            frame = parse_executions(await socket.recv())
            if isinstance(frame, ExecutionsFrame):
                found += [execution.execution_id for execution in frame.executions]
    return found


@in_loop
async def test_an_orders_life_as_our_parsers_read_it() -> None:
    async with stage() as at:
        name = parse_add_order(await at.account.text("AddOrder", **BUY, cl_ord_id="ts-0001"))
        truth = await at.account.truth()
        (closed,) = parse_closed_orders(await at.account.text("ClosedOrders", cl_ord_id="ts-0001"), at.names).orders
        assert (closed.venue_order_id, closed.client_order_id, closed.status) == (name, "ts-0001", "closed")
        assert (closed.quantity, closed.filled, closed.opened_at_ms) == (
            Decimal("0.01"),
            Decimal("0.01"),
            LIVE_FROM_MS,
        )
        history = parse_trades_history(await at.account.text("TradesHistory"), at.names)
        assert history.count == len(truth["executions"]) == len(history.executions)
        for read, true in zip(history.executions, reversed(truth["executions"]), strict=True):
            assert (read.execution_id, read.venue_order_id) == (true["execution_id"], name)
            exact = (str(read.price.normalize()), read.fee, read.quantity)
            assert exact == (true["price"], Decimal(true["fee"]), Decimal(true["quantity"]))
        balances = parse_balance(await at.account.text("Balance"), at.assets)
        assert balances == {currency: Decimal(amount) for currency, amount in truth["balances"].items()}
        spent = sum(e.quantity * e.price + e.fee for e in history.executions)
        assert balances["USD"] == 100_000 - spent


@in_loop
async def test_a_resting_order_holds_money_until_it_is_cancelled() -> None:
    async with stage() as at:
        await at.account.call("AddOrder", **REST, cl_ord_id="ts-1")
        (found,) = parse_open_orders(await at.account.text("OpenOrders", cl_ord_id="ts-1"), at.names)
        assert (found.status, found.filled, found.side) == ("open", Decimal(0), "buy")
        held = (await at.account.call("BalanceEx"))["ZUSD"]["hold_trade"]
        assert Decimal(held) == Decimal("10.04")  # 0.01 at 1000 and a fee of 0.4 %
        assert parse_cancel_order(await at.account.text("CancelOrder", cl_ord_id="ts-1")) == 1
        assert parse_open_orders(await at.account.text("OpenOrders"), at.names) == ()
        (ended,) = parse_closed_orders(await at.account.text("ClosedOrders"), at.names).orders
        assert (ended.status, ended.reason) == ("cancelled", "User requested")
        assert await at.account.refusal("CancelOrder", cl_ord_id="ts-1") == "EOrder:Unknown order"


@in_loop
async def test_pages_of_fifty_hold_every_order_once() -> None:
    async with stage(tier="unlimited") as at:
        for number in range(53):
            await at.account.call("AddOrder", **REST, cl_ord_id=f"ts-{number}")
        await at.account.call("CancelAll")
        pages = [await at.account.text("ClosedOrders", ofs=str(offset)) for offset in (0, 50)]
        read = [parse_closed_orders(page, at.names) for page in pages]
        assert [len(page.orders) for page in read] == [50, 3]
        assert {page.count for page in read} == {53}
        assert len({o.client_order_id for page in read for o in page.orders}) == 53


@in_loop
async def test_key_signature_and_nonce_are_asked_for_in_this_order() -> None:
    async with stage() as at:
        stranger = KrakenAccount(at.http, at.account.base_url, key="nobody's")
        assert await stranger.refusal("Balance") == "EAPI:Invalid key"
        liar = KrakenAccount(at.http, at.account.base_url, secret="bGllcg==")  # pragma: allowlist secret
        assert await liar.refusal("Balance") == "EAPI:Invalid signature"
        assert (await at.account.response("Balance", nonce=10)).json()["error"] == []
        for nonce in (10, 9):
            assert (await at.account.response("Balance", nonce=nonce)).json()["error"] == ["EAPI:Invalid nonce"]
        assert (await at.account.response("Balance", nonce=11)).json()["error"] == []
        assert (await at.account.response("Nothing", nonce=12)).json()["error"] == ["EGeneral:Unknown method"]


@in_loop
async def test_counters_refuse_what_is_too_much() -> None:
    async with stage(tier="starter") as at:
        answers = [(await at.account.response("Balance")).json()["error"] for _ in range(16)]
        assert answers == [[]] * 15 + [["EAPI:Rate limit exceeded"]]
        placed = [(await at.account.response("AddOrder", REST)).json()["error"] for _ in range(61)]
        assert placed == [[]] * 60 + [["EOrder:Rate limit exceeded"]]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"pair": "FOO"}, "EQuery:Unknown asset pair"),
        ({"type": "hold"}, "EGeneral:Invalid arguments:type"),
        ({"volume": "much"}, "EGeneral:Invalid arguments:volume"),
        ({"ordertype": "iceberg"}, "EGeneral:Invalid arguments:ordertype"),
        ({"ordertype": "limit"}, "EGeneral:Invalid arguments:price"),
        ({"timeinforce": "GTD"}, "EGeneral:Invalid arguments:expiretm"),
        ({"oflags": "fciq,fcib"}, "EGeneral:Invalid arguments:oflags"),
        ({"cl_ord_id": "longer than eighteen"}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"cl_ord_id": "ts-1", "userref": "3"}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"deadline": "soon"}, "EGeneral:Invalid arguments:deadline"),
        ({"deadline": rfc3339(LIVE_FROM_MS * 1_000 - 1)}, "EService:Deadline elapsed"),
        ({"reduce_only": "true"}, "EOrder:Reduce only:No position exists"),
        ({"volume": "1000000"}, "EOrder:Insufficient funds"),
    ],
)
@in_loop
async def test_a_bad_order_is_refused_by_name(changed: dict[str, str], words: str) -> None:
    async with stage() as at:
        assert await at.account.refusal("AddOrder", **{**BUY, **changed}) == words
        assert (await at.account.truth())["orders"] == []


@in_loop
async def test_what_is_only_checked_is_not_placed() -> None:
    async with stage() as at:
        assert "txid" not in await at.account.call("AddOrder", **BUY, validate="true")
        assert (await at.account.truth())["orders"] == []


@in_loop
async def test_the_dead_mans_switch_cancels_at_the_venues_time() -> None:
    async with stage(speed=1_000) as at:
        await at.account.call("AddOrder", **REST)
        await at.account.call("CancelAllOrdersAfter", timeout="60")
        assert (await at.account.truth())["orders"][0]["status"] == "open"
        await at.http.post(f"{at.urls.control_url}/sim/clock/start")
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while (await at.account.truth())["orders"][0]["status"] == "open":
                await let_pass_async(0.01)
        (there,) = (await at.account.truth())["orders"]
        assert there["reason"] == "Cancel all orders after"
        assert there["closed_us"] == (LIVE_FROM_MS + 60_000) * US_PER_MS, "whenever somebody looks"


@in_loop
async def test_an_order_that_does_not_arrive() -> None:
    async with stage() as at:
        await at.fault(kind="timeout_before", delay_ms=1)
        with pytest.raises(httpx.TransportError):
            await at.account.call("AddOrder", **BUY)
        assert (await at.account.truth())["orders"] == []
        assert await at.hits() == {"timeout_before": 1}
        await at.account.call("AddOrder", **BUY)


@pytest.mark.parametrize(("deadline", "taken"), [(False, 1), (True, 0)])
@in_loop
async def test_an_order_that_arrives_late_is_stopped_by_its_deadline_alone(deadline: bool, taken: int) -> None:
    """The order was given up, asked for, and not found; then it arrives all the same."""
    async with stage(speed=1_000, auto_start=True) as at:
        await at.fault(kind="request_late", delay_ms=100_000)
        now_us = (await at.http.get(f"{at.urls.control_url}/sim/status")).json()["now_us"]
        limits = {"deadline": rfc3339(now_us + 50_000_000)} if deadline else {}
        with pytest.raises(httpx.TransportError):
            await at.account.call("AddOrder", **BUY, **limits)
        assert (await at.account.truth())["orders"] == []
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while True:
                said = (await at.http.get(f"{at.urls.control_url}/sim/orders")).json()
                if said["accounts"]["main"]["orders"] or said["refused_unheard"]:
                    break
                await let_pass_async(0.01)
        assert len(said["accounts"]["main"]["orders"]) == taken
        assert said["refused_unheard"] == (["EService:Deadline elapsed"] if deadline else [])


@in_loop
async def test_an_order_that_is_taken_without_an_answer() -> None:
    async with stage() as at:
        await at.fault(kind="timeout_after", delay_ms=1)
        with pytest.raises(httpx.TransportError):
            await at.account.call("AddOrder", **BUY, cl_ord_id="ts-1")
        assert [o["client_order_id"] for o in (await at.account.truth())["orders"]] == ["ts-1"]
        await at.fault(kind="error_after")
        assert (await at.account.response("AddOrder", BUY)).status_code == 502
        assert len((await at.account.truth())["orders"]) == 2


@in_loop
async def test_refusals_on_request() -> None:
    async with stage(speed=1_000) as at:
        await at.fault(kind="reject", error="EOrder:Orders limit exceeded")
        assert await at.account.refusal("AddOrder", **BUY) == "EOrder:Orders limit exceeded"
        await at.fault(kind="cancel_only", delay_ms=1_000)
        assert await at.account.refusal("AddOrder", **BUY) == "EService:Market in cancel_only mode"
        assert await at.account.refusal("AddOrder", **BUY) == "EService:Market in cancel_only mode"
        await at.http.post(f"{at.urls.control_url}/sim/clock/start")
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while (await at.account.response("AddOrder", BUY)).json()["error"]:
                await let_pass_async(0.01)
        assert len((await at.account.truth())["orders"]) == 1


@in_loop
async def test_a_fresh_order_may_be_missing_for_a_while() -> None:
    async with stage(speed=1_000) as at:
        await at.fault(kind="invisible", delay_ms=60_000, count=2)
        await at.account.call("AddOrder", **REST)
        await at.account.call("AddOrder", **BUY)
        for method in ("OpenOrders", "ClosedOrders", "TradesHistory"):
            assert not any(value for value in (await at.account.call(method)).values()), method
        assert len((await at.account.truth())["orders"]) == 2
        await at.http.post(f"{at.urls.control_url}/sim/clock/start")
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while not (await at.account.call("OpenOrders"))["open"]:
                await let_pass_async(0.1)


@in_loop
async def test_a_cancellation_that_comes_too_late() -> None:
    async with stage() as at:
        await at.account.call("AddOrder", **REST, cl_ord_id="ts-1")
        await at.fault(kind="cancel_race")
        assert await at.account.refusal("CancelOrder", cl_ord_id="ts-1") == "EOrder:Unknown order"
        (placed,) = (await at.account.truth())["orders"]
        assert (placed["status"], placed["filled"]) == ("closed", "0.01")


@in_loop
async def test_an_order_that_nobody_here_sent() -> None:
    async with stage() as at:
        await at.fault(kind="foreign_order", count=2)
        found = parse_open_orders(await at.account.text("OpenOrders"), at.names)
        assert [order.client_order_id for order in found] == [None, None]
        assert await at.hits() == {"foreign_order": 2}


@in_loop
async def test_executions_are_told_once_and_in_order() -> None:
    async with stage() as at, at.listening() as socket:
        for _ in range(4):
            await at.account.call("AddOrder", **BUY)
        true = [e["execution_id"] for e in (await at.account.truth())["executions"]]
        assert await executions(socket, len(true)) == true


@in_loop
async def test_executions_are_lost_tripled_late_and_out_of_order_on_request() -> None:
    async with stage(speed=1_000) as at, at.listening() as socket:
        await at.fault(kind="fill_lost")
        await at.account.call("AddOrder", **BUY)
        true = [e["execution_id"] for e in (await at.account.truth())["executions"]]
        lost, rest = true[0], true[1:]
        await at.fault(kind="fill_tripled")
        await at.account.call("AddOrder", **BUY)
        true = [e["execution_id"] for e in (await at.account.truth())["executions"]]
        tripled, after = true[1 + len(rest)], true[2 + len(rest) :]
        expected = [*rest, tripled, tripled, tripled, *after]
        assert await executions(socket, len(expected)) == expected
        assert lost not in expected
        await at.fault(kind="fill_late", delay_ms=60_000)
        await at.account.call("AddOrder", **BUY)
        late = (await at.account.truth())["executions"][len(true) :]
        await at.account.call("AddOrder", **BUY)
        later = (await at.account.truth())["executions"][len(true) + len(late) :]
        on_time = [e["execution_id"] for e in [*late[1:], *later]]
        listed = parse_trades_history(await at.account.text("TradesHistory"), at.names).executions
        hidden = late[0]["execution_id"]
        assert (hidden in {e.execution_id for e in listed}, len(listed)) == (
            False,
            len(true) + len(late) + len(later) - 1,
        )
        assert await executions(socket, len(on_time)) == on_time
        await at.http.post(f"{at.urls.control_url}/sim/clock/start")
        assert await executions(socket, 1) == [late[0]["execution_id"]]


@in_loop
async def test_an_execution_is_told_after_its_orders_end() -> None:
    async with stage() as at, at.listening() as socket:
        await at.fault(kind="fill_reordered", count=3)
        await at.account.call("AddOrder", **BUY)
        frames = []
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while not any(change.status == "closed" for frame in frames for change in frame.changes):
                read = parse_executions(await socket.recv())
                frames += [read] if isinstance(read, ExecutionsFrame) else []
        assert not any(frame.executions for frame in frames)
        count = len((await at.account.truth())["executions"])
        assert len(await executions(socket, count)) == count


@in_loop
async def test_a_socket_needs_a_token_and_says_what_is_open() -> None:
    async with stage() as at:
        await at.account.call("AddOrder", **REST, cl_ord_id="ts-1")
        token = (await at.account.call("GetWebSocketsToken"))["token"]
        async with websockets.connect(at.urls.private_websocket_urls["kraken"]) as socket:
            await socket.send(json.dumps(executions_request("stolen", 1)))
            await socket.recv()
            assert json.loads(await socket.recv())["error"] == "EAPI:Invalid token"
            await socket.send(json.dumps(executions_request(token, 2)))
            await socket.recv()
            snapshot = parse_executions(await socket.recv())
            assert isinstance(snapshot, ExecutionsFrame) and snapshot.snapshot
            assert [change.client_order_id for change in snapshot.changes] == ["ts-1"]
