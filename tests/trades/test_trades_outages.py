"""When a pair's trades are said to be unknown: never while its history is on its way, whatever the speed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from tests.candles import market

from candles.core.rules import Rules
from candles.core.twin import CandlesTwin
from contracts.feed_outage import FeedOutage
from contracts.message import Message
from contracts.topics import TRADES, TopicSpec
from contracts.units import US_PER_SECOND
from exchanges.venue import Trade
from exchanges.venues import VENUES
from streaming.producer import MessageProducer
from trades import live_sink, market_clock
from trades.bad_rows import BadRows
from trades.core import progress as fold
from trades.feed_health import FeedHealth
from trades.live_sink import LiveSink
from trades.market_clock import MarketClock
from trades.outbox import Outbox

PAIR = "BTC/USD"
NOW_US = market.START_US + 2 * 86_400 * US_PER_SECOND
OUTAGE_SECONDS = 60.0
HOUR_US = 3_600 * US_PER_SECOND


@dataclass
class Written:
    """A log that only remembers."""

    messages: list[Any] = field(default_factory=list)

    def produce(self, spec: TopicSpec, message: Message) -> None:
        if spec is TRADES:
            self.messages.append(message)

    def flush(self) -> None:
        pass


class Wall:
    """The wall clock of the sink and of the market."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 1_000_000.0
        for module in (live_sink, market_clock):
            monkeypatch.setattr(f"{module.__name__}.time.monotonic", lambda: self.seconds)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    return Wall(monkeypatch)


def told(venue: str, script: Callable[[LiveSink], None]) -> list[Any]:
    """Return what a sink writes that is told what `script` says."""
    log = Written()

    async def run() -> None:
        outbox = Outbox(1_000_000)
        sink = LiveSink(
            "simulated",
            VENUES[venue],
            cast(MessageProducer, log),
            cast(BadRows, None),
            outbox=outbox,
            health=FeedHealth(5),
            clock=MarketClock(NOW_US),
            outage_seconds=OUTAGE_SECONDS,
        )
        script(sink)
        await outbox.close()

    asyncio.run(run())
    return log.messages


def pages(since_us: int, size: int = 300) -> list[list[Trade]]:
    """A trade a minute up to now, in pages."""
    count = (NOW_US - since_us) // (60 * US_PER_SECOND)
    trades = [Trade(i + 1, since_us + 60 * i * US_PER_SECOND, "100", "1", "buy") for i in range(count)]
    return [trades[start : start + size] for start in range(0, len(trades), size)]


def outages(messages: list[Any]) -> list[FeedOutage]:
    return [message for message in messages if isinstance(message, FeedOutage)]


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("stall_seconds", [1.0, 61.0, 7_200.0])
@pytest.mark.parametrize("resumed", [False, True])
def test_history_that_comes_slowly_loses_no_trade(
    wall: Wall, venue: str, stall_seconds: float, resumed: bool
) -> None:
    """Before each page REST takes a while, in which the market, at any speed, is said to be unknown since then."""
    since_us = NOW_US - 47 * HOUR_US
    wanted = pages(since_us)
    progress = fold.initial("simulated", PAIR, since_us, "0")

    def script(sink: LiveSink) -> None:
        sink.begin(PAIR, fold.history_done(progress, since_us) if resumed else progress)
        for page in wanted:
            wall.seconds += stall_seconds
            sink.outage(PAIR, page[0].timestamp_us - 1, NOW_US)
            sink.trades(PAIR, page)
        sink.heartbeat(PAIR, NOW_US)

    messages = told(venue, script)
    twin = CandlesTwin(Rules((60, 300)))
    candles = [candle for message in messages for candle in twin.feed(message)]
    assert not twin.refused and not twin.lost
    assert sum(c.trade_count for c in candles if c.interval_s == 60) == sum(map(len, wanted))
    assert {c.quality for c in candles} == {"complete"} and not outages(messages)


def test_a_pair_that_was_complete_is_unknown_after_a_while_however_long_it_lasts(wall: Wall) -> None:
    def script(sink: LiveSink) -> None:
        sink.begin(PAIR, fold.initial("simulated", PAIR, NOW_US - HOUR_US, "0"))
        sink.heartbeat(PAIR, NOW_US)
        for seconds in (59.0, 2.0, 5 * 3_600.0):
            wall.seconds += seconds
            sink.outage(PAIR, NOW_US, NOW_US + 6 * HOUR_US)

    assert len(outages(told("kraken", script))) == 2


def test_a_pair_that_begins_on_a_dead_feed_is_unknown_unless_much_is_missing(wall: Wall) -> None:
    for behind_us, said in ((HOUR_US // 2, 1), (2 * HOUR_US, 0)):

        def script(sink: LiveSink, since_us: int = NOW_US - behind_us) -> None:
            sink.begin(PAIR, fold.initial("simulated", PAIR, since_us, "0"))
            wall.seconds += 61
            sink.outage(PAIR, since_us, NOW_US)

        assert len(outages(told("kraken", script))) == said
