"""From now on, or from where history ended: the venue's live feed, without holes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from loguru import logger

from exchanges.venues import venue
from streaming.producer import MessageProducer
from trades.bad_rows import BadRows
from trades.checkpoints import read_checkpoints, refuse_second_venue
from trades.feed_health import FeedHealth
from trades.live_sink import LiveSink
from trades.market_clock import MarketClock
from trades.outbox import Outbox
from trades.settings import TradesSettings
from trades.stream import Stream
from trades.subscription_manager import SubscriptionManager

#: How long a stop waits for the log; what is not written then is fetched by the next start.
_CLOSE_SECONDS = 20.0


async def run_live(
    settings: TradesSettings, producer: MessageProducer, bad_rows: BadRows, health: FeedHealth
) -> None:
    """Write live trades and heartbeats of the pairs that are wanted until `stop_at_ms`, or for ever.

    Raises
    ------
    VenueError
        If a pair of the settings is unknown, the address is wrong or the venue cannot be reached at the start.
    """
    refuse_second_venue(read_checkpoints(settings), [(settings.label, pair) for pair in settings.pairs])
    market = venue(settings.exchange)
    outbox = Outbox(settings.buffer_trades)
    async with market.open_rest(settings.rest_url, settings.requests_per_second, settings.give_up_seconds) as rest:
        await rest.find_pairs(settings.pairs)
        clock = MarketClock(await rest.venue_time_us())
        sink = LiveSink(
            settings.label,
            market,
            producer,
            bad_rows,
            outbox=outbox,
            health=health,
            clock=clock,
            outage_seconds=settings.outage_seconds,
        )
        stream = Stream(settings, market, rest, sink, outbox=outbox, health=health, clock=clock)
        subscription_manager = SubscriptionManager(
            settings, market, rest, stream, sink, producer=producer, outbox=outbox, clock=clock
        )
        await subscription_manager.start()
        try:
            await _first_of(stream.run(), subscription_manager.follow(), outbox.broken())
            # The end was reached and nobody asked to stop: done means that the log has it all, however long it takes.
            await outbox.emptied()  # a checkpoint that already waits would not speak of what came after it
            sink.checkpoint()
            await outbox.emptied()
        finally:
            await _close(sink, outbox)


async def _first_of(*work: Coroutine[Any, Any, None]) -> None:
    """Return when the first of `work` ends, or raise its error; the others end with it."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _close(sink: LiveSink, outbox: Outbox) -> None:
    """Write what waits and the checkpoints, as far as the log takes them."""
    if outbox.failure is None:
        sink.checkpoint()
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await outbox.close()
    except TimeoutError:
        logger.warning("the log did not accept {} trades; the next start fetches them again", outbox.waiting)
