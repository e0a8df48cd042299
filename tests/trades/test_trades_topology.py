"""Backfill, then live: exactly the venue's trades, whatever the network and the operator do."""

from __future__ import annotations

import signal
from typing import Any

import httpx
import pytest
from tests.support.waiting import wait_for

from contracts.end_of_history import EndOfHistory
from contracts.heartbeat import Heartbeat
from contracts.trade_frame import TradeFrame
from contracts.units import US_PER_MS
from exchanges.venues import VENUES

MINUTE_MS = 60_000
START_MS = 1_772_445_600_000
HISTORY_MS = START_MS - 180 * MINUTE_MS
END_MS = START_MS + 20 * MINUTE_MS
PAIRS = ("BTC/USD", "ETH/USD")
SMALL = {"live_until_ms": START_MS + 2 * MINUTE_MS, "speed": 40}


def assert_exact(service: Any, venue: Any, since_ms: int, *, heartbeats: bool = True) -> None:
    """Every trade of the venue from `since_ms` on is on the topic, equal in every field, and nothing else is."""
    for pair in PAIRS:
        truth = venue.truth(pair, since_ms, END_MS + 1)
        by_id: dict[int, Any] = {}
        for row in service.rows(pair):
            assert by_id.setdefault(row[0], row) == row, "a repeated trade has equal values"
        assert [by_id[trade_id] for trade_id in sorted(by_id)] == truth
        if heartbeats:
            assert_heartbeats_speak_the_truth(service, pair, truth)


def assert_heartbeats_speak_the_truth(service: Any, pair: str, truth: list[Any]) -> None:
    """Before a heartbeat on the topic stands every trade from before its time."""
    seen: set[int] = set()
    for message in (m for m in service.messages() if m.pair == pair):
        if isinstance(message, TradeFrame):
            seen.update(message.trade_ids)
        elif isinstance(message, Heartbeat | EndOfHistory):
            missing = [row[0] for row in truth if row[1] < message.venue_time_us and row[0] not in seen]
            assert not missing, (message, missing[:5])


def no_repeats(service: Any) -> bool:
    rows = {pair: [row[0] for row in service.rows(pair)] for pair in PAIRS}
    return all(len(ids) == len(set(ids)) for ids in rows.values())


def test_history_then_live_is_exactly_the_venues_trades(venue: Any, service: Any) -> None:
    place = venue()
    trades = service(place)
    assert trades.run(variant="historical") == 0, trades.log()
    for pair in PAIRS:
        assert trades.heartbeats(pair) == [HISTORY_MS * US_PER_MS]
        assert [(e.venue_time_us, e.final) for e in trades.ends(pair)] == [(START_MS * US_PER_MS, False)]
        assert trades.ends(pair)[0].last_trade_id == trades.rows(pair)[-1][0]
        assert trades.checkpoints(pair)[-1].history_complete
    before = len(trades.messages())
    assert trades.run(variant="historical") == 0
    assert len(trades.messages()) == before, "complete history is left alone"

    live = trades.go_live(place)
    assert live.wait(60) == 0, trades.log()
    assert_exact(trades, place, HISTORY_MS)
    assert no_repeats(trades)
    for pair in PAIRS:
        assert trades.heartbeats(pair)[-1] == END_MS * US_PER_MS
        assert {f.exchange for f in trades.frames(pair)} == {"simulated"}
    assert not trades.dead_letters()


@pytest.mark.slow
def test_live_without_history_begins_with_a_heartbeat(venue: Any, service: Any) -> None:
    place = venue(**SMALL, auto_start="true")
    trades = service(place)
    end_ms = START_MS + 2 * MINUTE_MS
    assert trades.run(variant="live", stop_at_ms=end_ms) == 0, trades.log()
    for pair in PAIRS:
        first = trades.heartbeats(pair)[0]
        of_pair = [m for m in trades.messages() if m.pair == pair]
        assert isinstance(of_pair[0], Heartbeat)
        assert trades.rows(pair) == [r for r in place.truth(pair, 0, end_ms + 1) if r[1] >= first]


def at(minute: int, kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "at_ms": START_MS + minute * MINUTE_MS, **more}


STORMS = {
    "connections": [
        at(2, "disconnect"),
        at(5, "disconnect", close_code=1001),
        at(8, "half_open"),
        at(13, "refuse_connections", count=2),
        at(14, "disconnect"),
    ],
    "trades": [
        at(2, "duplicate", count=20),
        at(5, "late", count=7, delay_ms=20_000),
        at(8, "gap", count=9),
        at(11, "negative_price", count=3),
        at(14, "garbage"),
    ],
    "limits": [at(4, "rate_limit", count=3), at(5, "gap", count=2), at(10, "gap", count=30)],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["trades", *(pytest.param(each, marks=pytest.mark.long) for each in ("connections", "limits"))]
)
def test_faults_lose_nothing(venue: Any, service: Any, name: str) -> None:
    place = venue(speed=200)
    trades = service(place)
    assert trades.run(variant="historical") == 0, trades.log()
    place.control("faults", STORMS[name])
    live = trades.go_live(place)
    assert live.wait(90) == 0, trades.log()
    # A venue that answers a ping and withholds a trade cannot be found out before the next trade.
    assert_exact(trades, place, HISTORY_MS, heartbeats=name == "connections")
    assert no_repeats(trades)
    assert place.control("status")["faults_pending"] == 0
    letters = trades.dead_letters()
    assert len(letters) == (2 * 3 + 1 if name == "trades" else 0)
    if letters:
        assert (
            b'"price":-' in letters[0].value and b"price: expected a positive decimal" in letters[0].headers["error"]
        )
        assert letters[-1].value == b'{"channel":"trade","type":"update","data":[{"symbol":'


@pytest.mark.slow
@pytest.mark.parametrize("variant", [pytest.param("historical", marks=pytest.mark.long), "live"])
def test_kill_and_restart_lose_nothing(venue: Any, service: Any, variant: str) -> None:
    place = venue(speed=120)
    trades = service(place)
    slow = {"requests_per_second": 8}
    if variant == "historical":
        for kills in range(3):
            process = trades.start(variant="historical", **slow)
            count = len(trades.messages())
            wait_for(lambda n=count: len(trades.messages()) > n, "something is written")
            process.kill()
            process.wait()
            assert kills < 3
    assert trades.run(variant="historical") == 0, trades.log()
    live = trades.go_live(place)
    for kills in range(3 if variant == "live" else 0):
        reached = (START_MS + (kills + 1) * 3 * MINUTE_MS) * US_PER_MS
        wait_for(lambda r=reached: trades.rows("BTC/USD")[-1][1] > r, "live trades")
        live.kill()
        live.wait()
        live = trades.start(variant="live")
    assert live.wait(90) == 0, trades.log()
    assert_exact(trades, place, HISTORY_MS)


@pytest.mark.slow
def test_sigterm_ends_with_a_checkpoint(venue: Any, service: Any) -> None:
    place = venue(auto_start="true", speed=20)
    trades = service(place)
    live = trades.start(variant="live")
    wait_for(lambda: trades.rows("BTC/USD") and trades.rows("ETH/USD"), "live trades")
    live.send_signal(signal.SIGTERM)
    assert live.wait(20) == 0, trades.log()
    for pair in PAIRS:
        assert trades.checkpoints(pair)[-1].last_trade_id == trades.rows(pair)[-1][0]


@pytest.mark.slow
def test_sigterm_in_history_is_a_pause(venue: Any, service: Any) -> None:
    place = venue()
    trades = service(place)
    slow = trades.start(variant="historical", requests_per_second=3)
    wait_for(lambda: trades.rows("BTC/USD"), "a page")
    slow.send_signal(signal.SIGTERM)
    assert slow.wait(20) == 0, trades.log()
    assert not trades.ends("BTC/USD")
    assert trades.run(variant="historical") == 0, trades.log()
    for pair in PAIRS:
        assert trades.rows(pair) == place.truth(pair, HISTORY_MS, START_MS + 1), "nothing is repeated either"


@pytest.mark.slow
def test_a_second_venue_of_a_pair_is_refused(venue: Any, service: Any) -> None:
    trades = service(venue())
    assert trades.run(variant="historical", history_from_ms=START_MS - MINUTE_MS) == 0, trades.log()
    assert trades.run(variant="live", exchange_label="other") == 2
    assert "expected 'simulated', which BTC/USD on this log comes from" in trades.log()


@pytest.mark.slow
def test_a_venue_that_is_away_is_named_until_it_comes(venue: Any, service: Any) -> None:
    trades = service(venue())
    away = {"rest_url": "http://127.0.0.1:9", "give_up_seconds": 1}
    assert trades.run(variant="historical", **away) == 1
    assert "no answer from http://127.0.0.1:9/0/public/AssetPairs" in trades.log()


@pytest.mark.slow
def test_an_unknown_pair_is_refused_at_the_start(venue: Any, service: Any) -> None:
    place = venue()
    trades = service(place)
    assert trades.run(variant="live", pairs="BTC/USD,BTC/USB") == 2
    assert (
        "does not list 'BTC/USB'; pairs are written BASE/QUOTE, such as BTC/USD; did you mean BTC/USD" in trades.log()
    )
    assert trades.run(variant="historical", pairs="XBTUSD") == 2
    assert "TRADES_PAIRS" in trades.log()
    answer = httpx.get(f"{place.urls['rest_url']}/0/public/Trades", params={"pair": "FOOUSD"})
    assert answer.json()["error"] == ["EQuery:Unknown asset pair"]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(VENUES) - {"kraken"}))
def test_every_venue_of_the_registry_streams_history_and_live(venue: Any, service: Any, name: str) -> None:
    end_ms = START_MS + 3 * MINUTE_MS
    place = venue(live_until_ms=end_ms, speed=30)
    trades = service(place)
    since_ms = START_MS - 30 * MINUTE_MS
    settings = {
        "exchange": name,
        "websocket_url": place.urls["websocket_urls"][name],
        "history_from_ms": since_ms,
        "silence_seconds": 5,
        "stop_at_ms": end_ms,
    }
    assert trades.run(variant="historical", **settings) == 0, trades.log()
    live = trades.go_live(place, **settings)
    assert live.wait(90) == 0, trades.log()
    for pair in PAIRS:
        # Times differ in resolution from venue to venue; ids, prices and quantities do not.
        truth = {row[0]: (row[2], row[3]) for row in place.truth(pair, since_ms, end_ms + 1)}
        assert {row[0]: (row[2], row[3]) for row in trades.rows(pair)} == truth
    assert not trades.dead_letters()
