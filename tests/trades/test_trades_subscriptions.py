"""Pairs come and go while the service runs, over the simulated venue."""

from __future__ import annotations

import signal
from typing import Any

from tests.support.waiting import wait_for

from contracts.heartbeat import Heartbeat
from contracts.topics import SYMBOL_SUBSCRIPTIONS
from contracts.trade_frame import TradeFrame
from contracts.units import US_PER_MS
from streaming.producer import open_producer

MINUTE_MS = 60_000
START_MS = 1_772_445_600_000
END_MS = START_MS + 20 * MINUTE_MS
BTC, ETH = "BTC/USD", "ETH/USD"


def started(service: Any, place: Any, **settings: Any) -> Any:
    """Return the running live service once it is connected, the market still standing still."""
    live = service.start(variant="live", **settings)
    wait_for(lambda: place.control("status")["connections"] == 1, "the live feed connects")
    return live


def market_reaches(service: Any, place: Any, minute: int) -> None:
    at_ms = START_MS + minute * MINUTE_MS
    wait_for(lambda: place.control("status")["now_ms"] >= at_ms, f"minute {minute}")


def assert_each_once(service: Any, place: Any, pair: str, since_ms: int) -> None:
    """Every trade from `since_ms` on is on the topic exactly once, in order, and no heartbeat runs ahead of one."""
    truth = place.truth(pair, since_ms, END_MS + 1)
    assert service.rows(pair) == truth
    written = 0
    for message in (m for m in service.messages() if m.pair == pair):
        if isinstance(message, TradeFrame):
            written += len(message.trade_ids)
        elif isinstance(message, Heartbeat) and written < len(truth):
            assert truth[written][1] >= message.venue_time_us


def test_a_pair_joins_with_its_history_leaves_and_comes_back(venue: Any, service: Any) -> None:
    place = venue(speed=100)
    trades = service(place)
    live = trades.go_live(place, pairs=BTC)
    market_reaches(trades, place, 2)
    since_ms = START_MS - 120 * MINUTE_MS
    trades.subscribe(ETH, history_from_ms=since_ms)
    trades.subscribe(ETH, requester="signals:paper")
    wait_for(lambda: any(us > START_MS * US_PER_MS for us in trades.heartbeats(ETH)), "ETH/USD is complete")

    trades.subscribe(ETH, wanted=False)
    trades.subscribe(ETH, wanted=False, requester="nobody")
    heartbeats = len(trades.heartbeats(ETH))
    wait_for(lambda: len(trades.heartbeats(ETH)) > heartbeats + 5, "it streams on: an account wants it")
    trades.subscribe(ETH, wanted=False, requester="signals:paper")
    wait_for(lambda: "no longer requested" in trades.log(), "it ends")
    wait_for(lambda: trades.checkpoints(ETH)[-1].last_trade_id == trades.rows(ETH)[-1][0], "its checkpoint")
    count, btc = len(trades.rows(ETH)), len(trades.rows(BTC))
    wait_for(lambda: len(trades.rows(BTC)) > btc + 20, "the other pair goes on")
    assert len(trades.rows(ETH)) == count, "no frame follows"

    trades.subscribe(ETH)
    assert live.wait(60) == 0, trades.log()
    assert f"goes on behind trade {trades.rows(ETH)[count - 1][0]}" in trades.log()
    assert_each_once(trades, place, ETH, since_ms)
    assert trades.heartbeats(ETH)[0] == since_ms * US_PER_MS
    first_us = trades.heartbeats(BTC)[0]
    assert trades.rows(BTC) == [row for row in place.truth(BTC, 0, END_MS + 1) if row[1] >= first_us]
    assert not trades.dead_letters()


def test_a_subscription_that_is_none_is_set_aside_and_stops_nobody(venue: Any, service: Any) -> None:
    place = venue(speed=100)
    trades = service(place)
    live = started(trades, place, pairs=BTC)
    topic, key = SYMBOL_SUBSCRIPTIONS.full_name(trades.settings.environment), b"simulated:SOL/USD:operator"
    with open_producer(trades.settings, "test") as producer:
        for value in (b'{"pair":', None):
            producer.send_bytes(topic, 0, key, value, timestamp_ms=START_MS, headers=[])
    wait_for(lambda: len(trades.dead_letters()) == 2, "both are set aside")
    trades.subscribe(ETH)
    place.control("clock/start", {})
    wait_for(lambda: trades.rows(ETH), "ETH/USD streams")
    live.send_signal(signal.SIGTERM)
    assert live.wait(60) == 0, trades.log()
    again = trades.start(variant="live", pairs=BTC)
    wait_for(lambda: f"{ETH} streams" in trades.log().split("stopped")[-1], "it starts again beside them")
    assert again.poll() in (None, 0)


def test_without_pairs_of_its_own_it_streams_what_is_asked_for(venue: Any, service: Any) -> None:
    place = venue(speed=100)
    trades = service(place)
    trades.subscribe(BTC, requester="signals:paper")
    trades.subscribe(ETH, requester="signals:paper")
    trades.subscribe(ETH, wanted=False, requester="signals:paper")
    trades.subscribe("SOL/USD", exchange="elsewhere")
    live = trades.go_live(place, pairs="[]", history_from_ms=START_MS - 30 * MINUTE_MS)
    market_reaches(trades, place, 4)
    live.send_signal(signal.SIGKILL)
    live.wait()
    live = trades.start(variant="live", pairs="[]", history_from_ms=START_MS)
    assert live.wait(60) == 0, trades.log()
    by_id = {row[0]: row for row in trades.rows(BTC)}
    assert [by_id[i] for i in sorted(by_id)] == place.truth(BTC, START_MS - 30 * MINUTE_MS, END_MS + 1)
    assert {m.pair for m in trades.messages()} == {BTC}


def test_a_pair_that_cannot_stream_is_told_of_and_the_others_go_on(venue: Any, service: Any) -> None:
    place = venue(speed=300)
    trades = service(place)
    assert trades.run(variant="historical", pairs=ETH, exchange_label="other") == 0, trades.log()
    trades.subscribe("BTC/USX")
    trades.subscribe(ETH)
    live = trades.go_live(place, pairs=BTC)
    assert live.wait(60) == 0, trades.log()
    assert trades.rows(BTC)[-1] == place.truth(BTC, 0, END_MS + 1)[-1]
    unknown, second = trades.dead_letters()
    assert (unknown.headers["reason"], second.headers["reason"]) == (b"unknown-pair", b"second-venue")
    assert unknown.key == b"simulated:BTC/USX:operator" and b'"pair":"BTC/USX"' in unknown.value
    assert b"did you mean BTC/USD" in unknown.headers["error"]
    assert b"expected 'other', which ETH/USD on this log comes from" in second.headers["error"]
    assert "BTC/USX cannot stream; the others continue" in trades.log()
