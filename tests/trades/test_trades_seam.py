"""Backfill to live without a seam, held against the venue's own trades and the candles they make."""

from __future__ import annotations

import random
import re
import time
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from tests.support.waiting import wait_for

from candles.app import topology
from candles.settings import CandlesSettings
from contracts.candle import Candle
from contracts.topics import CANDLES, TRADES
from streaming.testing import run_topology

MINUTE_MS = 60_000
START_MS = 1_772_445_600_000
PAIRS = ("BTC/USD", "ETH/USD")
HISTORY_MS = START_MS - 180 * MINUTE_MS
#: The clock of the market may run this far while a process is off.
LONG_MINUTES = 80


def venue_and_service(venue: Any, service: Any, minutes: int, **settings: Any) -> tuple[Any, Any, int]:
    end_ms = START_MS + minutes * MINUTE_MS
    place = venue(live_until_ms=end_ms, **settings)
    return place, service(place), end_ms


def market_reaches(trades: Any, place: Any, minute: int) -> None:
    at_ms = START_MS + minute * MINUTE_MS
    wait_for(lambda: place.control("status")["now_ms"] >= at_ms, f"minute {minute}")


def assert_seamless(trades: Any, place: Any, end_ms: int) -> None:
    """Each trade of the market once among those on the topic, and the candles that follow from them, none a gap."""
    messages = trades.messages()
    run = run_topology(
        topology, CandlesSettings(intervals_s=(60,), store_url="off"), "candles", {TRADES: messages}, [CANDLES]
    )
    assert not run.dead_letters
    for pair in PAIRS:
        truth = place.truth(pair, HISTORY_MS, end_ms + 1)
        by_id: dict[int, Any] = {}
        for row in trades.rows(pair):
            assert by_id.setdefault(row[0], row) == row, "a repeated trade has equal values"
        assert [by_id[trade_id] for trade_id in sorted(by_id)] == truth
        candles = [c for c in run["candles"] if isinstance(c, Candle) and c.pair == pair]
        expected = candles_of(truth, end_ms)
        assert [c.revision for c in candles] == [0] * len(expected), "each once, none corrected"
        assert {c.quality for c in candles} <= {"complete", "empty"}
        found = {c.window_start_ms: (c.open, c.high, c.low, c.close, c.volume, c.trade_count) for c in candles}
        assert found == expected


def candles_of(truth: list[Any], end_ms: int) -> dict[int, tuple[Any, ...]]:
    """Return open, high, low, close, volume and count of each minute, computed from the venue's own trades."""
    minutes: dict[int, list[Any]] = defaultdict(list)
    for row in truth:
        minutes[row[1] // 1_000 // MINUTE_MS * MINUTE_MS].append(row)
    found: dict[int, tuple[Any, ...]] = {}
    close = ""
    for start_ms in range(min(minutes), end_ms, MINUTE_MS):
        rows = sorted(minutes.get(start_ms, []), key=lambda row: (row[1], row[0]))
        if not rows:
            found[start_ms] = (close, close, close, close, "0", 0)
            continue
        prices = [row[2] for row in rows]
        volume = sum((Decimal(row[3]) for row in rows), Decimal(0))
        text = f"{volume:f}".rstrip("0").rstrip(".") if "." in f"{volume:f}" else f"{volume:f}"
        close = prices[-1]
        found[start_ms] = (prices[0], max(prices, key=Decimal), min(prices, key=Decimal), close, text, len(rows))
    return found


@pytest.mark.slow
def test_first_start_killed_at_random_points(venue: Any, service: Any) -> None:
    place, trades, end_ms = venue_and_service(venue, service, 10, speed=120)
    draw = random.Random(5)
    for _ in range(3):
        process = trades.start(variant="historical", requests_per_second=8)
        count = len(trades.messages())
        wanted = count + draw.randint(1, 4)
        wait_for(lambda n=wanted, p=process: len(trades.messages()) >= n or p.poll() is not None, "pages")
        process.kill()
        process.wait()
    assert trades.run(variant="historical") == 0, trades.log()
    live = trades.go_live(place, stop_at_ms=end_ms)
    assert live.wait(60) == 0, trades.log()
    assert_seamless(trades, place, end_ms)


@pytest.mark.long
@pytest.mark.slow
def test_an_hour_off(venue: Any, service: Any) -> None:
    place, trades, end_ms = venue_and_service(venue, service, LONG_MINUTES, speed=400)
    assert trades.run(variant="historical") == 0, trades.log()
    live = trades.go_live(place, stop_at_ms=end_ms)
    market_reaches(trades, place, 5)
    live.kill()
    live.wait()
    market_reaches(trades, place, 66)
    assert trades.run(variant="live", stop_at_ms=end_ms) == 0, trades.log()
    assert_seamless(trades, place, end_ms)


def test_a_connection_that_is_cut(venue: Any, service: Any) -> None:
    place, trades, end_ms = venue_and_service(venue, service, 10, speed=100)
    assert trades.run(variant="historical") == 0, trades.log()
    place.control("faults", [{"kind": "disconnect", "at_ms": START_MS + m * MINUTE_MS} for m in (2, 5)])
    live = trades.go_live(place, stop_at_ms=end_ms)
    assert live.wait(60) == 0, trades.log()
    assert "next attempt to connect" in trades.log()
    assert_seamless(trades, place, end_ms)


def test_the_rate_limit_holds_over_all_pairs_and_progress_tells_the_time_left(venue: Any, service: Any) -> None:
    pairs = "BTC/USD,ETH/USD,SOL/USD"
    place = venue(pairs=pairs, history_from_ms=START_MS - 12 * 60 * MINUTE_MS, requests_per_second=4)
    trades = service(place)
    asked_before, begun = place.control("status")["requests"], time.monotonic()
    job = trades.start(
        variant="historical", pairs=pairs, requests_per_second=4, history_from_ms=START_MS - 11 * 60 * MINUTE_MS
    )

    def over_within_the_rate() -> bool:
        seconds, asked = time.monotonic() - begun, place.control("status")["requests"] - asked_before
        assert asked <= 4 * seconds + 1
        return job.poll() is not None

    wait_for(over_within_the_rate, "history", poll_seconds=0.25)
    assert job.returncode == 0, trades.log()
    assert "Too many requests" not in trades.log()
    told = re.findall(
        r"(\S+): history (\d+) %, ([\d,]+) trades, ([\d.]+) h of the market left, about (\d+) s", trades.log()
    )
    assert told, trades.log()
    by_pair = {pair: [int(done) for name, done, *_ in told if name == pair] for pair in pairs.split(",")}
    assert all(done == sorted(done) for done in by_pair.values())
