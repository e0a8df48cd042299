"""Faults: each does what it says, and REST tells the truth all the while."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import websockets

S = 1_772_445_600_000
UNTIL_MS = S + 20 * 60_000
FAULT_MS = S + 5 * 60_000
LIVE = {"live_until_ms": UNTIL_MS, "speed": 2_400, "requests_per_second": 0}


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


async def live_trades(
    client: Any, frames_of: Any, fault: dict[str, Any]
) -> tuple[list[Any], dict[int, int], list[int]]:
    """Plan `fault`, run to the end; return trades received, the truth, and the ids from the fault's time on."""
    truth = await client.truth("BTC/USD", UNTIL_MS)
    await client.control("faults", fault)
    await client.subscribe("BTC/USD", "ETH/USD")
    await client.start()
    frames = await client.to_the_end(UNTIL_MS * 1_000)
    received = [t for t in frames_of["trades"](frames) if t["symbol"] == "BTC/USD"]
    live = {i: us for i, us in truth.items() if us > S * 1_000}
    return received, live, [i for i, us in live.items() if us >= FAULT_MS * 1_000]


def test_gap(venue_client: Any, frames_of: Any) -> None:
    async def scenario() -> None:
        async with venue_client(**LIVE) as client:
            fault = {"kind": "gap", "at_ms": FAULT_MS, "pair": "BTC/USD", "count": 4}
            received, live, hit = await live_trades(client, frames_of, fault)
            ids = [trade["trade_id"] for trade in received]
            assert ids == [i for i in live if i not in hit[:4]]
            rows = (await client.rest("Trades", pair="XBTUSD"))["result"]["XXBTZUSD"]
            assert [row[6] for row in rows][-len(live) :] == list(live)
            assert (await client.control("status"))["faults_pending"] == 0

    run(scenario())


def test_late(venue_client: Any, frames_of: Any) -> None:
    async def scenario() -> None:
        async with venue_client(**LIVE) as client:
            fault = {"kind": "late", "at_ms": FAULT_MS, "pair": "BTC/USD", "count": 1, "delay_ms": 120_000}
            received, live, hit = await live_trades(client, frames_of, fault)
            ids = [trade["trade_id"] for trade in received]
            assert sorted(ids) == list(live)
            place = ids.index(hit[0])
            assert place > list(live).index(hit[0]), "it came after newer ones"
            assert max(live[i] for i in ids[:place]) >= live[hit[0]] + 60_000_000

    run(scenario())


def test_reorder(venue_client: Any, frames_of: Any) -> None:
    async def scenario() -> None:
        async with venue_client(**LIVE) as client:
            fault = {"kind": "reorder", "at_ms": FAULT_MS, "pair": "BTC/USD", "count": 3}
            received, live, hit = await live_trades(client, frames_of, fault)
            ids = [trade["trade_id"] for trade in received]
            assert sorted(ids) == list(live)
            assert [i for i in ids if i in hit[:3]] == hit[:3][::-1]

    run(scenario())


def test_duplicate(venue_client: Any, frames_of: Any) -> None:
    async def scenario() -> None:
        async with venue_client(**LIVE) as client:
            fault = {"kind": "duplicate", "at_ms": FAULT_MS, "count": 3}
            received, live, hit = await live_trades(client, frames_of, fault)
            ids = [trade["trade_id"] for trade in received]
            assert {i for i in ids if ids.count(i) == 2} == set(hit[:3])
            assert set(ids) == set(live)

    run(scenario())


def test_negative_price(venue_client: Any, frames_of: Any) -> None:
    async def scenario() -> None:
        async with venue_client(**LIVE) as client:
            fault = {"kind": "negative_price", "at_ms": FAULT_MS, "pair": "BTC/USD"}
            received, live, hit = await live_trades(client, frames_of, fault)
            assert [t["trade_id"] for t in received if t["price"] < 0] == hit[:1]
            assert [t["trade_id"] for t in received] == list(live)

    run(scenario())


def test_a_gap_is_there_for_a_second_connection_too(venue_client: Any, frames_of: Any) -> None:
    async def scenario() -> None:
        faults = [
            {"kind": "gap", "at_ms": FAULT_MS, "pair": "BTC/USD", "count": 2},
            {"kind": "disconnect", "at_ms": S + 60_000},
        ]
        async with venue_client(**LIVE, faults=json.dumps(faults)) as client:
            truth = await client.truth("BTC/USD", UNTIL_MS)
            hit = [i for i, us in truth.items() if us >= FAULT_MS * 1_000][:2]
            await client.subscribe("BTC/USD")
            await client.start()
            with pytest.raises(websockets.ConnectionClosedError):
                await client.to_the_end(UNTIL_MS * 1_000)
            async with websockets.connect(client.urls.websocket_url) as client.socket:
                await client.subscribe("BTC/USD")
                ids = {t["trade_id"] for t in frames_of["trades"](await client.to_the_end(UNTIL_MS * 1_000))}
            assert not ids & set(hit) and max(ids) == max(truth)

    run(scenario())


@pytest.mark.parametrize(("code", "seen"), [(None, 1006), (1012, 1012)])
def test_disconnect(venue_client: Any, code: int | None, seen: int) -> None:
    async def scenario() -> None:
        async with venue_client() as client:
            await client.subscribe("BTC/USD")
            fault = {"kind": "disconnect"} if code is None else {"kind": "disconnect", "close_code": code}
            await client.control("faults", fault)
            with pytest.raises(websockets.ConnectionClosed) as closed:
                while True:
                    await client.receive()
            assert (closed.value.rcvd.code if closed.value.rcvd else 1006) == seen
            assert (await client.control("status"))["connections"] == 0

    run(scenario())


def test_half_open(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client(heartbeat_seconds=0.05, auto_start=True, speed=600) as client:
            await client.subscribe("BTC/USD")
            await client.control("faults", {"kind": "half_open"})
            await client.send(method="ping", req_id=99)
            answered = await client.socket.ping()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.7):
                    while True:
                        assert (await client.receive()).get("req_id") != 99
            assert not answered.done()
            assert (await client.control("status"))["connections"] == 1
            async with websockets.connect(client.urls.websocket_url) as client.socket:
                assert (await client.subscribe("BTC/USD"))[-1]["method"] == "pong", "a new socket works"

    run(scenario())


def test_garbage(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client() as client:
            await client.subscribe("BTC/USD")
            await client.control("faults", {"kind": "garbage"})
            text = await asyncio.wait_for(client.socket.recv(), 5)
            with pytest.raises(json.JSONDecodeError):
                json.loads(text)
            assert (await client.ping())[-1]["method"] == "pong"

    run(scenario())


def test_rate_limit_and_refused_connections(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client() as client:
            faults = [{"kind": "rate_limit", "count": 2}, {"kind": "refuse_connections"}]
            assert (await client.control("faults", faults))["faults_pending"] == 3
            answers = [await client.rest("Time") for _ in range(3)]
            assert answers[:2] == [{"error": ["EGeneral:Too many requests"]}] * 2
            assert answers[2]["error"] == []
            with pytest.raises(websockets.InvalidStatus):
                await websockets.connect(client.urls.websocket_url)
            async with websockets.connect(client.urls.websocket_url):
                pass
            assert (await client.control("status"))["faults_pending"] == 0

    run(scenario())


@pytest.mark.parametrize(
    "fault", [{"kind": "meteor"}, {"kind": "gap", "pair": "FOO/BAR"}, {"kind": "gap", "x": 1}, 3]
)
def test_an_unknown_fault_is_refused(venue_client: Any, fault: Any) -> None:
    async def scenario() -> None:
        async with venue_client() as client:
            assert "error" in await client.control("faults", fault)
            assert (await client.control("status"))["faults_pending"] == 0

    run(scenario())
