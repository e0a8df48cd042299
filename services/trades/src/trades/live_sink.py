"""What the live feed hands on, to the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from loguru import logger

from contracts.trades_checkpoint import TradesCheckpoint
from contracts.units import US_PER_SECOND
from exchanges.session_actions import Report
from exchanges.venue import BadRow, Trade
from exchanges.venues import Venue
from streaming.producer import MessageProducer
from trades import metrics
from trades.backfill_report import BackfillReport
from trades.bad_rows import BadRows
from trades.core import progress as fold
from trades.feed_health import FeedHealth
from trades.market_clock import MarketClock
from trades.outbox import Outbox
from trades.pair_log import PairLog

_CHECKPOINT_SECONDS = 1.0
#: A pair that is so far behind is given its history: an outage would close its windows before their trades come.
_HISTORY_US = 3_600 * US_PER_SECOND


class LiveSink:
    """Writes trades, heartbeats and outages, and a checkpoint of every pair about once a second.

    Nothing here waits for the log: it is the outbox that writes. `on_full` and `on_refused` are set by whoever owns
    the feed.
    """

    def __init__(
        self,
        exchange: str,
        market: Venue,
        producer: MessageProducer,
        bad_rows: BadRows,
        *,
        outbox: Outbox,
        health: FeedHealth,
        clock: MarketClock,
        outage_seconds: float,
    ) -> None:
        self._exchange = exchange
        self._market = market
        self._producer = producer
        self._bad_rows = bad_rows
        self._outbox = outbox
        self._health = health
        self._clock = clock
        self._outage_seconds = outage_seconds
        self._logs: dict[str, PairLog] = {}
        self._reports: dict[str, BackfillReport] = {}
        self._moved_at: dict[str, float] = {}
        self._dark: set[str] = set()
        self._checkpointed_at = time.monotonic()
        self._checkpointing = False
        self.on_full: Callable[[], None] = lambda: None
        self.on_refused: Callable[[str, str], None] = lambda _pair, _reason: None

    # -- pairs

    def begin(self, pair: str, progress: TradesCheckpoint) -> None:
        """Go on with a pair from `progress`, which is a checkpoint or where its history is to begin."""
        log = self._logs[pair] = self._log(progress)
        self._catch_up(pair, progress)
        self._outbox.put(log.begin, log.history_is_done)

    def begin_again(self) -> None:
        """Go on with all pairs after nothing was read for a while."""
        for pair, log in self._logs.items():
            self._catch_up(pair, log.progress)

    def _catch_up(self, pair: str, progress: TradesCheckpoint) -> None:
        reached_us = progress.covered_to_us
        self._reports[pair] = BackfillReport(pair, reached_us, max(reached_us, self._clock.now_us()))
        self._moved_at[pair] = time.monotonic()

    def end(self, pair: str) -> None:
        """Write the checkpoint of a pair that streams no more, from which it can be begun again."""
        log = self._logs.pop(pair, None)
        self._reports.pop(pair, None)
        self._moved_at.pop(pair, None)
        self._dark.discard(pair)
        if log is not None:
            self._outbox.put(log.checkpoint, self._producer.flush)

    def progress(self, pair: str) -> TradesCheckpoint | None:
        """Return how far the pair is written; None if nothing was and it begins with what comes."""
        log = self._logs.get(pair)
        return None if log is None else log.progress

    def _log(self, progress: TradesCheckpoint) -> PairLog:
        market = self._market
        return PairLog(self._producer, progress, consecutive_ids=market.consecutive_ids, cursor_at=market.cursor_at)

    # -- what the feed says

    def trades(self, pair: str, trades: list[Trade]) -> None:
        """Write trades of one pair in id order."""
        self._put(partial(self._logs[pair].trades, trades), trades=len(trades))
        self._moved_at[pair] = time.monotonic()
        self._clock.heard(trades[-1].timestamp_us)
        self._health.traded()
        if (report := self._reports.get(pair)) is not None:
            report.wrote(len(trades), trades[-1].timestamp_us, self._clock.now_us())

    def heartbeat(self, pair: str, venue_time_us: int) -> None:
        """Write a heartbeat; the first one of a pair without a checkpoint is where its input begins."""
        self._clock.heard(venue_time_us)
        self._moved_at[pair] = time.monotonic()
        log = self._logs.get(pair)
        if log is None:
            cursor = self._market.cursor_at(venue_time_us)
            log = self._logs[pair] = self._log(fold.initial(self._exchange, pair, venue_time_us, cursor))
            self._put(log.history_is_done, log.begin)
            return
        self._put(partial(log.heartbeat, venue_time_us))
        if (report := self._reports.pop(pair, None)) is not None:
            report.done(venue_time_us)
        if pair in self._dark:
            self._dark.discard(pair)
            logger.info("{}: trades are known again", pair)

    def outage(self, pair: str, since_us: int, until_us: int) -> None:
        """Write that nobody knows what the pair traded since `since_us`; not while REST is bringing it."""
        log = self._logs.get(pair)
        if log is None or time.monotonic() - self._moved_at[pair] < self._outage_seconds:
            return
        if pair in self._reports and pair not in self._dark and until_us - since_us > _HISTORY_US:
            return
        if pair not in self._dark:
            self._dark.add(pair)
            metrics.OUTAGES.labels(pair=pair).inc()
            seconds = (until_us - since_us) / US_PER_SECOND
            logger.warning(
                "{}: the trades of the last {:.0f} s are unknown; its candles close as gaps", pair, seconds
            )
        self._put(partial(log.outage, since_us, until_us))

    def lost(self, pair: str, trades: list[Trade], reason: str) -> None:
        """Set trades aside, and write that the pair's candles lack them."""
        log = self._logs.get(pair)
        if log is not None:
            self._put(partial(log.lost, trades, reason, self._bad_rows), trades=len(trades))

    def bad_row(self, row: BadRow) -> None:
        """Set a row aside."""
        self._put(partial(self._bad_rows.add, row))

    def report(self, report: Report) -> None:
        """Count it."""
        metrics.FEED_EVENTS.labels(kind=report.kind, pair=report.pair or "").inc(max(1, report.count))
        if report.kind == "connected":
            self._health.connected()
        elif report.kind == "lost":
            self._health.lost(report.text)
        if report.kind in ("connected", "lost"):
            metrics.CONNECTED.set(report.kind == "connected")

    def refused(self, pair: str, reason: str) -> None:
        """Hand on that the venue does not stream the pair."""
        self.on_refused(pair, reason)

    # -- checkpoints

    def checkpoint(self) -> None:
        """Have the checkpoints of all pairs that moved written, unless the last ones still wait."""
        self._checkpointed_at = time.monotonic()
        if not self._checkpointing:
            self._checkpointing = True
            self._outbox.put(partial(self._write_checkpoints, list(self._logs.values())))

    def _write_checkpoints(self, logs: list[PairLog]) -> None:
        self._checkpointing = False
        for log in logs:
            log.checkpoint()

    def _put(self, *work: Callable[[], None], trades: int = 1) -> None:
        self._outbox.put(*work, trades=trades)
        if time.monotonic() - self._checkpointed_at >= _CHECKPOINT_SECONDS:
            self.checkpoint()
        if self._outbox.is_full:
            self.on_full()
