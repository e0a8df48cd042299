"""The live feed of the pairs that are wanted: opened, and opened again after the log could not keep up."""

from __future__ import annotations

import asyncio
import time

from loguru import logger

from contracts.units import US_PER_MS
from exchanges.continuity import PairState
from exchanges.feed import VenueFeed
from exchanges.rest_client import VenueRest
from exchanges.session import SessionState
from exchanges.venues import Venue
from trades import metrics
from trades.feed_health import FeedHealth
from trades.live_sink import LiveSink
from trades.market_clock import MarketClock
from trades.outbox import Outbox
from trades.settings import TradesSettings


class Stream:
    """Streams `pairs`; each goes on where the sink has written it to.

    A log that takes nothing fills the outbox. Then the feed is ended, so that memory stays bounded, and once all is
    written another one begins: what the venue traded meanwhile is a gap like any other, and REST fills it.

    Attributes
    ----------
    pairs
        Those that stream.
    """

    def __init__(
        self,
        settings: TradesSettings,
        market: Venue,
        rest: VenueRest,
        sink: LiveSink,
        *,
        outbox: Outbox,
        health: FeedHealth,
        clock: MarketClock,
    ) -> None:
        self._settings = settings
        self._market = market
        self._rest = rest
        self._sink = sink
        self._outbox = outbox
        self._health = health
        self._clock = clock
        self._feed: VenueFeed | None = None
        self._overflowed = False
        self.pairs: set[str] = set()
        sink.on_full = self._overflow

    def add(self, pair: str) -> None:
        """Stream another pair."""
        self.pairs.add(pair)
        metrics.STREAMING.set(len(self.pairs))
        if self._feed is not None:
            self._feed.add(pair, self._state_of(pair))

    def remove(self, pair: str) -> None:
        """Stream `pair` no more: no frame of it follows."""
        self.pairs.discard(pair)
        metrics.STREAMING.set(len(self.pairs))
        if self._feed is not None:
            self._feed.remove(pair)
        self._sink.end(pair)

    async def run(self) -> None:
        """Stream until `stop_at_ms`, or for ever.

        Raises
        ------
        PermanentVenueError
            If the address is wrong, or the venue wants nothing of us.
        """
        while True:
            self._overflowed = False
            await self._one_feed()
            if not self._overflowed:
                return
            await self._pause()
            self._sink.begin_again()

    async def _one_feed(self) -> None:
        settings = self._settings
        state = SessionState(
            {pair: self._state_of(pair) for pair in sorted(self.pairs)},
            margin_us=settings.heartbeat_margin_ms * US_PER_MS,
            stop_at_us=None if settings.stop_at_ms is None else settings.stop_at_ms * US_PER_MS,
            venue_us=self._clock.now_us(),
        )
        self._feed = self._market.open_feed(
            self._rest,
            state,
            self._sink,
            url=settings.websocket_url,
            ping_interval_seconds=settings.ping_interval_seconds,
            silence_seconds=settings.silence_seconds,
            outage_seconds=settings.outage_seconds or None,
            clock=self._clock,
        )
        watch = asyncio.create_task(self._health.watch(state))
        try:
            await self._feed.run()
        finally:
            self._feed = None
            watch.cancel()

    def _state_of(self, pair: str) -> PairState:
        """Return where the feed goes on with `pair`: behind what is written."""
        progress = self._sink.progress(pair)
        if progress is None:
            return PairState(max_attempts=self._settings.repair_attempts)
        from_us = progress.last_timestamp_us or progress.covered_to_us
        return PairState.resume(progress.last_trade_id, from_us, self._settings.repair_attempts)

    def _overflow(self) -> None:
        if self._feed is not None and not self._overflowed:
            self._overflowed = True
            self._feed.stop()

    async def _pause(self) -> None:
        """Read nothing until the log has taken all that waits."""
        logger.warning("the log cannot keep up: {} trades are waiting, reading is paused", self._outbox.waiting)
        since = time.monotonic()
        self._health.paused(True)
        metrics.PAUSED.set(1)
        await self._outbox.emptied()
        metrics.PAUSED.set(0)
        self._health.paused(False)
        seconds = time.monotonic() - since
        logger.info("the log has caught up after {:.1f} s; REST fetches what was missed", seconds)
