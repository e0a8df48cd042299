"""A log that does not keep up, and a venue that is dead: nothing is lost, and both are told of."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from functools import partial
from typing import Any

import httpx
import pytest
from tests.support.processes import free_port
from tests.support.waiting import let_pass_async, wait_for

from contracts.end_of_history import EndOfHistory
from contracts.feed_outage import FeedOutage
from contracts.heartbeat import Heartbeat
from contracts.trade_frame import TradeFrame
from exchanges.continuity import PairState
from exchanges.session import SessionState
from trades.feed_health import FeedHealth
from trades.outbox import Outbox

MINUTE_MS = 60_000
START_MS = 1_772_445_600_000
END_MS = START_MS + 20 * MINUTE_MS
HISTORY_MS = START_MS - 10 * MINUTE_MS
PAIRS = ("BTC/USD", "ETH/USD")


def started(service: Any, place: Any, **settings: Any) -> Any:
    """Return the live service, which has written its history, connected to a market that runs."""
    assert service.run(variant="historical", history_from_ms=HISTORY_MS) == 0, service.log()
    return service.go_live(place, **settings)


def minutes_pass(service: Any, place: Any, minutes: int) -> None:
    until_ms = place.control("status")["now_ms"] + minutes * MINUTE_MS
    wait_for(lambda: place.control("status")["now_ms"] >= until_ms, f"{minutes} minutes of the market")


def assert_each_once(service: Any, place: Any) -> None:
    for pair in PAIRS:
        assert service.rows(pair) == place.truth(pair, HISTORY_MS, END_MS + 1)


def test_a_log_that_takes_nothing_pauses_the_feed_and_loses_nothing(venue: Any, service: Any) -> None:
    place = venue(speed=100)
    trades = service(place)
    live = started(trades, place, buffer_trades=100)
    minutes_pass(trades, place, 2)
    (file,) = (trades.folder / "log").glob("trades-dev.topic")
    lock = sqlite3.connect(file, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    wait_for(lambda: "the log cannot keep up" in trades.log(), "reading pauses")
    wait_for(lambda: place.control("status")["connections"] == 0, "nothing is read, so nothing piles up")
    minutes_pass(trades, place, 4)
    lock.execute("ROLLBACK")
    lock.close()
    assert live.wait(60) == 0, trades.log()
    assert "REST fetches what was missed" in trades.log()
    assert_each_once(trades, place)


def test_a_dead_venue_is_told_of_once_and_its_trades_come_later(venue: Any, service: Any) -> None:
    place = venue(speed=100)
    trades = service(place)
    live = started(trades, place, outage_seconds=1, silence_seconds=1)
    minutes_pass(trades, place, 2)
    place.control("faults", [{"kind": "refuse_connections", "count": 3}, {"kind": "disconnect"}])
    assert live.wait(60) == 0, trades.log()
    assert_each_once(trades, place)
    for pair in PAIRS:
        of_pair = [m for m in trades.messages() if m.pair == pair]
        outages = [m for m in of_pair if isinstance(m, FeedOutage)]
        assert outages and trades.log().count(f"{pair}: the trades of the last") == 1
        index = of_pair.index(outages[0])
        before = [m for m in of_pair[:index] if isinstance(m, Heartbeat | TradeFrame)]
        known_us = max(m.venue_time_us if isinstance(m, Heartbeat) else m.timestamps_us[-1] for m in before)
        assert outages[0].since_us == known_us, "all before it is known"
        assert known_us < outages[0].until_us < END_MS * 1_000, "in the market's time, not the wall clock's"
        assert not any(isinstance(m, EndOfHistory) for m in of_pair[index:])


def test_health_tells_a_dead_feed_from_a_quiet_market(venue: Any, service: Any) -> None:
    port = free_port()
    place = venue()  # its clock stands still: pongs come, trades do not
    trades = service(place)
    live = trades.start(variant="live", silence_seconds=1, tradestream_metrics_port=port)

    def ready() -> httpx.Response | None:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/health/ready")
        except httpx.TransportError:
            return None

    def answers(status: int) -> str:
        found = wait_for(lambda: (r := ready()) is not None and r.status_code == status and r, f"HTTP {status}")
        return found.text

    assert "connected, pong" in answers(200) and "last trade none yet, 2 pairs" in answers(200)
    place.control("faults", [{"kind": "refuse_connections", "count": 1_000}, {"kind": "disconnect"}])
    assert "no connection to the venue" in answers(503)
    assert httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == 200, "a restart would change nothing"
    live.terminate()
    assert live.wait(30) == 0


def test_a_venue_that_talks_but_does_not_answer_pings_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        health = FeedHealth(answer_seconds=5)
        state = SessionState({"BTC/USD": PairState()})
        watch = asyncio.create_task(health.watch(state))
        await let_pass_async(0)
        assert not health.check()[0], "not connected yet"
        health.connected()
        assert health.check() == (
            True,
            "connected, pong 0.0 s ago, last trade none yet, 1 pair, 1 of them catching up",
        )
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 6)
        assert health.check() == (False, "connected, but no ping was answered for 6 s")
        watch.cancel()

    asyncio.run(run())


def test_an_outbox_keeps_order_bounds_what_waits_and_stops_at_the_first_failure() -> None:
    async def run() -> None:
        done: list[int] = []
        gate = threading.Event()
        outbox = Outbox(limit=3)
        outbox.put(gate.wait)  # type: ignore[arg-type]
        for number in range(3):
            outbox.put(partial(done.append, number))
        assert outbox.is_full and not done
        room = asyncio.create_task(outbox.room())
        gate.set()
        await room
        await outbox.emptied()
        assert done == [0, 1, 2]

        def fail() -> None:
            raise OSError("broken")

        outbox.put(fail)
        outbox.put(lambda: done.append(3))
        with pytest.raises(OSError, match="broken"):
            await outbox.close()
        await let_pass_async(0.05)
        assert done == [0, 1, 2], "a checkpoint must not follow a frame that was lost"

    asyncio.run(run())
