"""From now on, or from where history ended: the venue's live feed, without holes."""

from __future__ import annotations

import time

from contracts.feed_outage import FeedOutage
from contracts.topics import TRADES
from contracts.trades_checkpoint import TradesCheckpoint
from contracts.units import US_PER_MS
from exchanges.continuity import PairState
from exchanges.session import Report, SessionState
from exchanges.venue import BadRow, Trade
from exchanges.venues import Venue, venue
from streaming.clients import MessageProducer
from trades import metrics
from trades.bad_rows import BadRows
from trades.checkpoints import read_checkpoints, refuse_second_venue
from trades.core import progress as fold
from trades.pair_log import PairLog
from trades.settings import TradesSettings

_CHECKPOINT_SECONDS = 1.0


async def run_live(settings: TradesSettings, producer: MessageProducer, bad_rows: BadRows) -> None:
    """Write live trades and heartbeats until `stop_at_ms`, or for ever.

    Raises
    ------
    VenueError
        If a pair is unknown, the address is wrong or the venue cannot be reached at the start.
    """
    checkpoints = read_checkpoints(settings)
    refuse_second_venue(checkpoints, [(settings.label, pair) for pair in settings.pairs])
    market = venue(settings.exchange)
    sink = LiveSink(settings.label, market, producer, bad_rows)
    pairs = {}
    for pair in settings.pairs:
        checkpoint = checkpoints.get((settings.label, pair))
        pairs[pair] = PairState(max_attempts=settings.repair_attempts)
        if checkpoint is not None:
            sink.resume(pair, sink.pair_log(checkpoint))
            from_us = checkpoint.last_timestamp_us or checkpoint.covered_to_us
            pairs[pair] = PairState.resume(checkpoint.last_trade_id, from_us, settings.repair_attempts)
    state = SessionState(
        pairs,
        margin_us=settings.heartbeat_margin_ms * US_PER_MS,
        stop_at_us=None if settings.stop_at_ms is None else settings.stop_at_ms * US_PER_MS,
    )
    async with market.open_rest(settings.rest_url, settings.requests_per_second, settings.give_up_seconds) as rest:
        await rest.find_pairs(settings.pairs)
        feed = market.open_feed(
            rest,
            state,
            sink,
            url=settings.websocket_url,
            ping_interval_seconds=settings.ping_interval_seconds,
            silence_seconds=settings.silence_seconds,
        )
        try:
            await feed.run()
        finally:
            sink.checkpoint()


class LiveSink:
    """Writes what the feed hands on, and a checkpoint of every pair about once a second."""

    def __init__(self, exchange: str, market: Venue, producer: MessageProducer, bad_rows: BadRows) -> None:
        self._exchange = exchange
        self._market = market
        self._producer = producer
        self._bad_rows = bad_rows
        self._logs: dict[str, PairLog] = {}
        self._checkpointed_at = time.monotonic()

    def pair_log(self, progress: TradesCheckpoint) -> PairLog:
        """Return the log of a pair that has come so far."""
        market = self._market
        return PairLog(self._producer, progress, consecutive_ids=market.consecutive_ids, cursor_at=market.cursor_at)

    def resume(self, pair: str, log: PairLog) -> None:
        """Go on with a pair that has a checkpoint."""
        log.begin()
        log.history_is_done()
        self._logs[pair] = log

    def trades(self, pair: str, trades: list[Trade]) -> None:
        """Write trades of one pair in id order."""
        self._logs[pair].trades(trades)
        self._checkpoint_if_due()

    def heartbeat(self, pair: str, venue_time_us: int) -> None:
        """Write a heartbeat; the first one of a pair without a checkpoint is where its input begins."""
        if pair not in self._logs:
            cursor = self._market.cursor_at(venue_time_us)
            log = self.pair_log(fold.initial(self._exchange, pair, venue_time_us, cursor))
            log.history_is_done()
            log.begin()
            self._logs[pair] = log
            return
        self._logs[pair].heartbeat(venue_time_us)
        self._checkpoint_if_due()

    def bad_row(self, row: BadRow) -> None:
        """Set a row aside."""
        self._bad_rows.add(row)

    def report(self, report: Report) -> None:
        """Count it."""
        metrics.FEED_EVENTS.labels(kind=report.kind, pair=report.pair or "").inc(max(1, report.count))
        if report.kind in ("connected", "lost"):
            metrics.CONNECTED.set(report.kind == "connected")

    def refused(self, pair: str, reason: str) -> None:
        """Take note; the feed has reported it already."""

    def outage(self, pair: str, since_us: int, until_us: int) -> None:
        """Write that nobody knows what the pair traded since `since_us`."""
        outage = FeedOutage(exchange=self._exchange, pair=pair, since_us=since_us, until_us=until_us)
        self._producer.produce(TRADES, outage)

    def checkpoint(self) -> None:
        """Write the checkpoints of all pairs that moved."""
        self._checkpointed_at = time.monotonic()
        for log in self._logs.values():
            log.checkpoint()

    def _checkpoint_if_due(self) -> None:
        if time.monotonic() - self._checkpointed_at >= _CHECKPOINT_SECONDS:
            self.checkpoint()
