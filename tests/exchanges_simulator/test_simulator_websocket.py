"""The WebSocket side: acknowledgements, errors, heartbeats, and the law about pongs."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
import websockets

S = 1_772_445_600_000
MINUTE_MS = 60_000


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


def test_status_greets_with_an_id_beyond_63_bits(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client() as client:
            greeting = await client.receive()
            assert (greeting["channel"], greeting["data"][0]["system"]) == ("status", "online")
            assert greeting["data"][0]["connection_id"] > 2**63

    run(scenario())


def test_one_acknowledgement_per_symbol(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client() as client:
            frames = await client.subscribe("BTC/USD", "FOO/BAR", "ETH/USD")
            acks = [frame for frame in frames if frame.get("method") == "subscribe"]
            assert [ack["success"] for ack in acks] == [True, False, True]
            assert acks[0]["result"] == {"channel": "trade", "snapshot": False, "symbol": "BTC/USD"}
            assert acks[1]["error"] == "Currency pair not supported FOO/BAR"
            assert (acks[1]["symbol"], acks[1]["req_id"]) == ("FOO/BAR", 7)
            assert "result" not in acks[1]
            again = (await client.subscribe("BTC/USD"))[0]
            assert (again["success"], again["error"]) == (False, "Already subscribed")

    run(scenario())


def test_a_snapshot_is_the_last_fifty(venue_client: Any, frames_of: Any) -> None:
    async def scenario() -> None:
        async with venue_client() as client:
            frames = await client.subscribe("BTC/USD", snapshot=True)
            snapshot = next(frame for frame in frames if frame.get("type") == "snapshot")
            truth = await client.control("trades?pair=BTC/USD")
            trades = snapshot["data"]
            assert [trade["trade_id"] for trade in trades] == truth["trade_ids"][-50:]
            assert [frames_of["microseconds"](t["timestamp"]) for t in trades] == truth["timestamps_us"][-50:]
            fields = {"symbol", "side", "price", "qty", "ord_type", "trade_id", "timestamp"}
            assert all(set(trade) == fields for trade in trades)

    run(scenario())


def test_numbers_are_exact_json_numbers(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client(live_until_ms=S + 240 * MINUTE_MS, speed=20_000) as client:
            truth = await client.control(f"trades?pair=BTC/USD&until_ms={S + 240 * MINUTE_MS}")
            exact = {i: Decimal(q) for i, q in zip(truth["trade_ids"], truth["quantities"], strict=True)}
            await client.subscribe("BTC/USD")
            await client.start()
            exponents, seen = 0, 0
            while seen < truth["trade_ids"][-1]:
                text = await asyncio.wait_for(client.socket.recv(), 10)
                exponents += "e-05" in text
                for trade in json.loads(text, parse_float=Decimal).get("data", []):
                    assert trade["qty"] == exact[trade["trade_id"]]
                    seen = trade["trade_id"]
            assert exponents > 0

    run(scenario())


def test_every_trade_is_sent_before_the_pong_that_follows_it(venue_client: Any, frames_of: Any) -> None:
    async def scenario() -> None:
        until_ms = S + 30 * MINUTE_MS
        pairs = ("BTC/USD", "ETH/USD", "SOL/USD")
        async with venue_client(live_until_ms=until_ms, speed=900) as client:
            truth = {pair: await client.truth(pair, until_ms) for pair in pairs}
            await client.subscribe(*pairs)
            await client.start()
            frames = await client.to_the_end(until_ms * 1_000)
            seen: dict[str, list[int]] = {pair: [] for pair in pairs}
            pongs = 0
            for frame in frames:
                for trade in frame["data"] if frame.get("channel") == "trade" else ():
                    seen[trade["symbol"]].append(trade["trade_id"])
                if frame.get("method") == "pong":
                    pongs += 1
                    now_us = frames_of["microseconds"](frame["time_out"])
                    for pair in pairs:
                        due = [i for i, time_us in truth[pair].items() if S * 1_000 < time_us <= now_us]
                        assert seen[pair] == due
            assert pongs > 20
            assert frames_of["microseconds"](frames[-1]["time_out"]) == until_ms * 1_000
            assert (await client.ping())[-1]["time_out"] == frames[-1]["time_out"]

    run(scenario())


def test_pongs_say_the_pinned_instant_while_the_clock_stands(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client() as client:
            pongs = [(await client.ping(i))[-1] for i in range(3)]
            assert {pong["time_out"] for pong in pongs} == {"2026-03-02T10:00:00.000000Z"}
            assert [pong["req_id"] for pong in pongs] == [0, 1, 2]

    run(scenario())


def test_unsubscribing_stops_the_trades(venue_client: Any, frames_of: Any) -> None:
    async def scenario() -> None:
        until_ms = S + 20 * MINUTE_MS
        async with venue_client(live_until_ms=until_ms, speed=3_000) as client:
            await client.subscribe("BTC/USD", "ETH/USD")
            params = {"channel": "trade", "symbol": ["ETH/USD", "SOL/USD"]}
            await client.send(method="unsubscribe", params=params, req_id=3)
            acks = [f for f in await client.ping() if f.get("method") == "unsubscribe"]
            assert [ack["success"] for ack in acks] == [True, False]
            await client.start()
            frames = await client.to_the_end(until_ms * 1_000)
            assert {trade["symbol"] for trade in frames_of["trades"](frames)} == {"BTC/USD"}

    run(scenario())


def test_heartbeats_only_after_a_subscription(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client(heartbeat_seconds=0.05) as client:
            await client.receive()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.socket.recv(), 0.3)
            await client.subscribe("BTC/USD")
            assert await client.receive() == {"channel": "heartbeat"}

    run(scenario())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        '{"method":"dance"}',
        '{"method":["ping"]}',
        '{"method":"subscribe"}',
        '{"method":"subscribe","params":{"channel":"trade","symbol":"BTC/USD"}}',
        '{"method":"subscribe","params":{"channel":"trade","symbol":[]}}',
        '{"method":"subscribe","params":{"channel":"trade","symbol":[{"a":1}]}}',
        '{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"]}}',
    ],
)
def test_nonsense_is_refused_and_the_socket_lives(venue_client: Any, text: str) -> None:
    async def scenario() -> None:
        async with venue_client() as client:
            await client.receive()
            await client.socket.send(text)
            answer = await client.receive()
            assert answer["success"] is False and answer["error"]
            assert (await client.ping())[-1]["method"] == "pong"

    run(scenario())


def test_a_request_id_that_is_text_is_not_correlated(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client() as client:
            await client.receive()
            await client.send(method="ping", req_id="9")
            assert "req_id" not in await client.receive()

    run(scenario())


def test_too_many_messages(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client(messages_per_second=3) as client:
            for i in range(8):
                await client.send(method="ping", req_id=i)
            frames = await client.until(lambda frame: "Error" in frame)
            assert frames[-1] == {"Error": "Exceeded msg rate"}

    run(scenario())


def test_an_unused_socket_is_closed_and_a_used_one_is_not(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client(idle_timeout_seconds=0.3, heartbeat_seconds=0.1) as client:
            await client.subscribe("BTC/USD")
            async with websockets.connect(client.urls.websocket_url) as idle:
                with pytest.raises(websockets.ConnectionClosedOK):
                    while True:
                        await asyncio.wait_for(idle.recv(), 5)
            assert (await client.ping())[-1]["method"] == "pong"

    run(scenario())
