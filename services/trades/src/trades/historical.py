"""The past from a venue: pages of trades until the venue's present."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from loguru import logger

from contracts.units import US_PER_MS, US_PER_SECOND
from exchanges.page import Page
from exchanges.rest_client import VenueRest
from exchanges.venues import venue
from streaming.clients import MessageProducer
from trades.bad_rows import BadRows
from trades.checkpoints import read_checkpoints, refuse_second_venue
from trades.core import progress as fold
from trades.pair_log import PairLog
from trades.settings import TradesSettings

_SECONDS_PER_DAY = 86_400
_LOG_SECONDS = 5.0
_US_PER_HOUR = 3_600 * US_PER_SECOND
#: History is complete up to a time the venue gave at most so many pages ago; otherwise it is asked again.
_FRESH_PAGES = 2


async def run_historical(settings: TradesSettings, producer: MessageProducer, bad_rows: BadRows) -> None:
    """Write the history of all pairs, side by side under one rate limit; those that are complete are left alone.

    Raises
    ------
    VenueError
        If a pair is unknown or the venue cannot be reached.
    """
    checkpoints = read_checkpoints(settings)
    refuse_second_venue(checkpoints, [(settings.label, pair) for pair in settings.pairs])
    market = venue(settings.exchange)
    async with market.open_rest(settings.rest_url, settings.requests_per_second, settings.give_up_seconds) as rest:
        await rest.find_pairs(settings.pairs)
        start_us = await _history_start_us(settings, rest)
        backfills = []
        for pair in settings.pairs:
            checkpoint = checkpoints.get((settings.label, pair))
            if checkpoint is not None and checkpoint.history_complete:
                logger.info("{}: history is complete already", pair)
                continue
            progress = checkpoint or fold.initial(settings.label, pair, start_us, market.cursor_at(start_us))
            log = PairLog(producer, progress, consecutive_ids=market.consecutive_ids, cursor_at=market.cursor_at)
            backfills.append(_Backfill(pair, rest, log, bad_rows).run())
        await _all(backfills)


async def _all(backfills: list[Coroutine[Any, Any, None]]) -> None:
    """Run side by side; the first error ends them all."""
    tasks = [asyncio.create_task(backfill) for backfill in backfills]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _history_start_us(settings: TradesSettings, rest: VenueRest) -> int:
    """Return the start of history; counted in days it is a full hour, so that no first candle is cut off."""
    if settings.history_from_ms is not None:
        return settings.history_from_ms * US_PER_MS
    back_us = int(settings.history_days * _SECONDS_PER_DAY) * US_PER_SECOND
    return (await rest.venue_time_us() - back_us) // _US_PER_HOUR * _US_PER_HOUR


class _Backfill:
    """One pair's way to the present."""

    def __init__(self, pair: str, rest: VenueRest, log: PairLog, bad_rows: BadRows) -> None:
        self._pair = pair
        self._rest = rest
        self._log = log
        self._bad_rows = bad_rows
        self._logged_at = time.monotonic()
        # Only trades from here on are wanted; a resumed pair continues by id.
        self._start_us = log.progress.covered_to_us if log.progress.last_trade_id is None else 0

    async def run(self) -> None:
        self._log.begin()
        since = self._log.progress.cursor
        venue_time_us = await self._rest.venue_time_us()
        pages_since_asked = 0
        while True:
            page = await self._rest.trades(self._pair, since)
            pages_since_asked += 1
            self._write(page)
            self._log.checkpoint()
            self._log_progress(venue_time_us)
            present = not page.more or page.trades_until_us >= venue_time_us
            since = page.resume
            if present and pages_since_asked <= _FRESH_PAGES:
                break
            if present:
                venue_time_us = await self._rest.venue_time_us()
                pages_since_asked = 0
        self._log.end_of_history(venue_time_us, final=False)
        logger.info("{}: history is complete up to trade {}", self._pair, self._log.progress.last_trade_id)

    def _log_progress(self, venue_time_us: int) -> None:
        """Say now and then how much is left."""
        if time.monotonic() - self._logged_at >= _LOG_SECONDS:
            self._logged_at = time.monotonic()
            left_hours = (venue_time_us - self._log.progress.covered_to_us) / _US_PER_HOUR
            logger.info("{}: {:.1f} h of history left", self._pair, max(0.0, left_hours))

    def _write(self, page: Page) -> None:
        """Write what is new on a page."""
        for row in page.bad_rows:
            self._bad_rows.add(row)
        last_id = self._log.progress.last_trade_id or 0
        new = [t for t in page.trades if t.trade_id > last_id and t.timestamp_us >= self._start_us]
        self._log.trades(new)
