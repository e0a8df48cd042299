"""The REST side: Kraken's envelope, cursor, names, limits, and no look-ahead."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

S = 1_772_445_600_000
HOUR_MS = 3_600_000


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


async def all_pages(client: Any, pair: str, key: str, count: int) -> list[list[Any]]:
    rows: list[list[Any]] = []
    since = "0"
    while True:
        result = (await client.rest("Trades", pair=pair, since=since, count=count))["result"]
        rows += result[key]
        since = result["last"]
        if len(result[key]) < count:
            return rows


@pytest.mark.parametrize("count", [1_000, 333])
def test_paging_covers_everything_exactly_once(venue_client: Any, count: int) -> None:
    async def scenario() -> None:
        async with venue_client(requests_per_second=0) as client:
            rows = await all_pages(client, "XBTUSD", "XXBTZUSD", count)
            truth = await client.control("trades?pair=BTC/USD")
            assert [row[6] for row in rows] == truth["trade_ids"]
            assert [row[3] for row in rows] == [side[0] for side in truth["sides"]]
            for column, name in ((0, "prices"), (1, "quantities")):
                assert [Decimal(row[column]) for row in rows] == [Decimal(text) for text in truth[name]]

    run(scenario())


def test_times_hold_the_microseconds_of_the_socket(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client() as client:
            response = await client.http.get(f"{client.urls.rest_url}/0/public/Trades?pair=XETHZUSD")
            exact = json.loads(response.text, parse_float=Decimal)["result"]
            truth = await client.control("trades?pair=ETH/USD")
            micros = [int(row[2] * 1_000_000) for row in exact["XETHZUSD"]]
            assert micros == truth["timestamps_us"][-1_000:]
            assert int(exact["last"]) // 1_000 == micros[-1]

    run(scenario())


def test_since_is_exclusive_and_takes_seconds(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client() as client:
            first = (await client.rest("Trades", pair="XBTUSD", since="0", count=1))["result"]
            second = (await client.rest("Trades", pair="XBTUSD", since=first["last"], count=1))["result"]
            assert second["XXBTZUSD"][0][6] == first["XXBTZUSD"][0][6] + 1
            seconds = S // 1_000 - 600
            by_seconds = (await client.rest("Trades", pair="XBTUSD", since=seconds))["result"]
            by_ns = (await client.rest("Trades", pair="XBTUSD", since=seconds * 10**9))["result"]
            assert by_seconds == by_ns and by_ns["XXBTZUSD"][0][2] >= seconds
            nothing = (await client.rest("Trades", pair="XBTUSD", since=S * 10**6))["result"]
            assert nothing == {"XXBTZUSD": [], "last": str(S * 10**6)}

    run(scenario())


def test_the_same_pair_under_all_its_names(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client() as client:
            answers = [
                await client.rest("Trades", pair=name, count=2)
                for name in ("XBTUSD", "XXBTZUSD", "BTC/USD", "XBT/USD")
            ]
            assert all(answer == answers[0] for answer in answers)
            described = (await client.rest("AssetPairs"))["result"]
            assert set(described) == {"XXBTZUSD", "XETHZUSD", "SOLUSD"}
            bitcoin = described["XXBTZUSD"]
            names = {"altname": "XBTUSD", "wsname": "XBT/USD", "base": "XXBT", "quote": "ZUSD"}
            assert names.items() <= bitcoin.items()
            assert (bitcoin["pair_decimals"], bitcoin["lot_decimals"], bitcoin["tick_size"]) == (1, 8, "0.1")
            assert (described["SOLUSD"]["base"], described["SOLUSD"]["quote"]) == ("SOL", "ZUSD")

    run(scenario())


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("Trades?pair=FOOBAR", "EQuery:Unknown asset pair"),
        ("Trades?pair=XRPUSD", "EQuery:Unknown asset pair"),
        ("Trades", "EGeneral:Invalid arguments"),
        ("Trades?pair=XBTUSD&count=0", "EGeneral:Invalid arguments:count"),
        ("Trades?pair=XBTUSD&count=1001", "EGeneral:Invalid arguments:count"),
        ("Trades?pair=XBTUSD&since=yesterday", "EGeneral:Invalid arguments"),
        ("Trades?pair=XBTUSD&since=-1", "EGeneral:Invalid arguments"),
        ("Trades?pair=XBTUSD&since=nan", "EGeneral:Invalid arguments"),
        ("OHLC?pair=XBTUSD&interval=7", "EGeneral:Invalid arguments"),
        ("AssetPairs?pair=FOOBAR", "EQuery:Unknown asset pair"),
        ("Nothing", "EGeneral:Unknown method"),
    ],
)
def test_errors_come_inside_a_200(venue_client: Any, path: str, error: str) -> None:
    async def scenario() -> None:
        async with venue_client() as client:
            assert await client.rest(path) == {"error": [error]}

    run(scenario())


def test_the_rate_limit_counts_per_pair(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client(requests_per_second=1) as client:
            answers = [await client.rest("Trades", pair="XBTUSD", count=1) for _ in range(3)]
            assert answers[0]["error"] == []
            assert answers[2] == {"error": ["EGeneral:Too many requests"]}
            assert (await client.rest("Trades", pair="ETHUSD", count=1))["error"] == []

    run(scenario())


def test_nothing_after_now(venue_client: Any) -> None:
    async def scenario() -> None:
        until_ms = S + 10 * 60_000
        async with venue_client(live_until_ms=until_ms, speed=600, requests_per_second=0) as client:
            latest = (await client.rest("Trades", pair="XBTUSD"))["result"]["XXBTZUSD"][-1]
            assert latest[2] <= S / 1_000
            await client.start()
            while True:
                rows = (await client.rest("Trades", pair="XBTUSD"))["result"]["XXBTZUSD"]
                status = await client.control("status")
                assert rows[-1][2] * 1_000 <= status["now_ms"] + 1
                if status["ended"]:
                    break
            rows = (await client.rest("Trades", pair="XBTUSD"))["result"]["XXBTZUSD"]
            assert latest[2] < rows[-1][2] < until_ms / 1_000
            assert (await client.rest("Time"))["result"]["unixtime"] == until_ms // 1_000

    run(scenario())


def test_the_clock_stands_still_until_started(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client(speed=1_000) as client:
            times = [(await client.rest("Time"))["result"] for _ in range(3)]
            assert {time["unixtime"] for time in times} == {S // 1_000}
            assert times[0]["rfc1123"] == "Mon, 02 Mar 2026 10:00:00 GMT"
            assert (await client.rest("SystemStatus"))["result"]["status"] == "online"
            assert (await client.control("status"))["running"] is False

    run(scenario())


def test_candles_are_the_trades(venue_client: Any) -> None:
    async def scenario() -> None:
        async with venue_client(live_from_ms=S - 20_000, history_from_ms=S - 14 * HOUR_MS) as client:
            result = (await client.rest("OHLC", pair="XBTUSD", interval=1))["result"]
            rows, truth = result["XXBTZUSD"], await client.control("trades?pair=BTC/USD")
            assert len(rows) == 721 and result["last"] == rows[-2][0] == S // 1_000 - 120
            minutes = defaultdict(list)
            columns = zip(truth["timestamps_us"], truth["prices"], truth["quantities"], strict=True)
            for time_us, price, quantity in columns:
                minutes[time_us // 60_000_000 * 60].append((Decimal(price), Decimal(quantity)))
            for before, row in pairwise(rows):
                trades = minutes[row[0]]
                prices = [price for price, _ in trades] or [Decimal(before[4])]
                ohlc = [prices[0], max(prices), min(prices), prices[-1]]
                assert [Decimal(text) for text in row[1:5]] == ohlc
                volume = sum((quantity for _, quantity in trades), Decimal(0))
                vwap = sum((p * q for p, q in trades), Decimal(0)) / volume if volume else Decimal(0)
                assert (Decimal(row[6]), row[7]) == (volume, len(trades))
                assert Decimal(row[5]) == vwap.quantize(Decimal("0.1"), rounding="ROUND_DOWN")

    run(scenario())
