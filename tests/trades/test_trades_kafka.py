"""Kafka away for longer than the buffer lasts, or than a service waits in place: nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.kafka.throwaway_broker import Broker, free_port
from tests.support.processes import Running
from tests.support.waiting import let_pass, wait_for

from trades.settings import TradesSettings

MINUTE_MS = 60_000
START_MS = 1_772_445_600_000
HISTORY_MS = START_MS - 10 * MINUTE_MS
END_MS = START_MS + 20 * MINUTE_MS
#: A minute more than services wait in place (`TRADESTREAM_BROKER_PATIENCE_SECONDS`).
SIX_MINUTES = 360.0


@contextmanager
def live(broker: Broker, place: Any, trades: Any, **more: Any) -> Iterator[Running]:
    """The live feed after a minute of the market; after the block it comes to its end, all trades on its topic."""
    trades.settings = TradesSettings(broker_address=broker.address, data_dir=trades.folder)
    settings = {
        "tradestream_broker_address": broker.address,
        "history_from_ms": HISTORY_MS,
        "stop_at_ms": END_MS,
        **more,
    }
    assert trades.run(variant="historical", **settings) == 0, trades.log()
    process = trades.go_live(place, **settings)
    wait_for(lambda: place.control("status")["now_ms"] >= START_MS + MINUTE_MS, "a minute of the market")
    yield process
    assert process.wait(240) == 0, trades.log()
    for pair in ("BTC/USD", "ETH/USD"):
        by_id = {row[0]: row for row in trades.rows(pair)}
        assert [by_id[i] for i in sorted(by_id)] == place.truth(pair, HISTORY_MS, END_MS + 1)
    assert not trades.dead_letters()


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.long
def test_a_broker_that_is_away_pauses_the_feed_and_loses_nothing(venue: Any, service: Any, tmp_path: Path) -> None:
    place = venue(speed=40)
    trades = service(place)
    with (
        Broker(tmp_path / "kafka", free_port()).running() as broker,
        live(broker, place, trades, buffer_trades=100),
    ):
        broker.kill(1)
        wait_for(lambda: "the log cannot keep up" in trades.log(), "reading pauses")
        wait_for(lambda: place.control("status")["connections"] == 0, "nothing is read")
        broker.up()
        wait_for(lambda: "REST fetches what was missed" in trades.log(), "it goes on")


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(900)
def test_six_real_minutes_without_a_broker_lose_no_trade(venue: Any, service: Any, tmp_path: Path) -> None:
    """With the product's own patience and buffer: it waits in its process, and goes on where the log ends."""
    place = venue(speed=2.5)
    trades = service(place)
    with Broker(tmp_path / "kafka", free_port()).running() as broker, live(broker, place, trades) as process:
        broker.kill(1)
        let_pass(SIX_MINUTES)
        assert process.poll() is None, trades.log()
        broker.run("down")
        broker.up()
