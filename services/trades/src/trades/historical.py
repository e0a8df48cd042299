"""The past from a venue: pages of trades until the venue's present."""

from __future__ import annotations

from functools import partial

from loguru import logger

from contracts.trade_ids import not_above
from exchanges.absurd_times import without_absurd_times
from exchanges.rest_client import VenueRest
from exchanges.restarted_ids import split_restarted
from exchanges.side_by_side import side_by_side
from exchanges.venue import BadRow, Trade
from exchanges.venues import venue
from streaming.producer import MessageProducer
from trades.backfill_report import BackfillReport
from trades.bad_rows import BadRows
from trades.checkpoints import read_checkpoints, refuse_second_venue
from trades.core import progress as fold
from trades.history import history_start_us
from trades.outbox import Outbox
from trades.pair_log import PairLog
from trades.settings import TradesSettings

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
    outbox = Outbox(settings.buffer_trades)
    async with market.open_rest(settings.rest_url, settings.requests_per_second, settings.give_up_seconds) as rest:
        await rest.find_pairs(settings.pairs)
        start_us = history_start_us(settings, await rest.venue_time_us())
        backfills = []
        for pair in settings.pairs:
            checkpoint = checkpoints.get((settings.label, pair))
            if checkpoint is not None and checkpoint.history_complete:
                logger.info("{}: history is complete already", pair)
                continue
            progress = checkpoint or fold.initial(settings.label, pair, start_us, market.cursor_at(start_us))
            log = PairLog(producer, progress, consecutive_ids=market.consecutive_ids, cursor_at=market.cursor_at)
            backfills.append(_Backfill(rest, log, outbox, bad_rows, start_us).run())
        try:
            await side_by_side(backfills)
        finally:
            await outbox.close()


class _Backfill:
    """One pair's way to the present; what it reads is written by the outbox while the next page comes."""

    def __init__(
        self, rest: VenueRest, log: PairLog, outbox: Outbox, bad_rows: BadRows, history_start_us: int
    ) -> None:
        self._pair = log.progress.pair
        self._rest = rest
        self._log = log
        self._outbox = outbox
        self._bad_rows = bad_rows
        self._history_start_us = history_start_us
        # Only trades from here on are wanted; a resumed pair continues by id.
        self._start_us = log.progress.covered_to_us if log.progress.last_trade_id is None else 0

    async def run(self) -> None:
        since = self._log.progress.cursor
        self._outbox.put(self._log.begin)
        venue_time_us = await self._rest.venue_time_us()
        start_us = min(self._history_start_us, venue_time_us)
        report = BackfillReport(self._pair, start_us, venue_time_us, self._log.progress.covered_to_us)
        pages_since_asked = 0
        while True:
            page = await self._rest.trades(self._pair, since)
            pages_since_asked += 1
            trades, absurd = without_absurd_times(self._pair, page.trades, venue_time_us)
            if absurd and pages_since_asked > 1:  # unless so much time has passed since it was asked
                venue_time_us = await self._rest.venue_time_us()
                pages_since_asked = 1
                trades, absurd = without_absurd_times(self._pair, page.trades, venue_time_us)
            await self._outbox.room()
            self._outbox.put(partial(self._write, trades, [*page.bad_rows, *absurd]), trades=max(1, len(trades)))
            until_us = max((trade.timestamp_us for trade in trades), default=0)
            report.wrote(len(trades), until_us or venue_time_us, venue_time_us)
            present = not page.more or until_us >= venue_time_us
            since = page.resume
            if present and pages_since_asked <= _FRESH_PAGES:
                break
            if present:
                venue_time_us = await self._rest.venue_time_us()
                pages_since_asked = 0
        self._outbox.put(partial(self._log.end_of_history, venue_time_us, final=False))
        await self._outbox.emptied()
        report.done(venue_time_us)
        logger.info("{}: history is complete up to trade {}", self._pair, self._log.progress.last_trade_id)

    def _write(self, trades: list[Trade], bad_rows: list[BadRow]) -> None:
        """Write what is new on a page, and how far that is."""
        for row in bad_rows:
            self._bad_rows.add(row)
        progress = self._log.progress
        wanted, again = split_restarted(trades, progress.last_trade_id, progress.last_timestamp_us or 0)
        last_id = progress.last_trade_id or 0
        self._log.trades([t for t in wanted if t.trade_id > last_id and t.timestamp_us >= self._start_us])
        if again is not None:
            self._log.lost(again.trades, not_above(again.last_id), self._bad_rows)
        self._log.checkpoint()
