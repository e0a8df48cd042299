"""Everything that is written about one pair: frames, heartbeats, the end of history, and how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from contracts.end_of_history import EndOfHistory
from contracts.feed_outage import FeedOutage
from contracts.heartbeat import Heartbeat
from contracts.topics import TRADES, TRADES_CHECKPOINTS
from contracts.trade_frame import TradeFrame
from contracts.trades_checkpoint import TradesCheckpoint
from contracts.units import US_PER_SECOND
from exchanges.venue import BadRow, Trade, trade_frames
from streaming.producer import MessageProducer
from trades import metrics
from trades.bad_rows import IDS_START_AGAIN, BadRows
from trades.core import progress as fold


class PairLog:
    """Writes one pair's messages and its checkpoints, in an order that loses nothing at a kill.

    A checkpoint is produced only after a flush has confirmed what it speaks of, so it may lag behind and never runs
    ahead.

    Parameters
    ----------
    progress
        From the checkpoint, or `core.progress.initial`.
    cursor_at
        The venue's paging position for a time in microseconds.
    """

    def __init__(
        self,
        producer: MessageProducer,
        progress: TradesCheckpoint,
        *,
        consecutive_ids: bool,
        cursor_at: Callable[[int], str],
    ) -> None:
        self._producer = producer
        self._consecutive_ids = consecutive_ids
        self._cursor_at = cursor_at
        self._checkpointed: TradesCheckpoint | None = None
        self.progress = progress

    def begin(self) -> None:
        """Say since when the input is complete, unless trades were written already.

        The checkpoint goes first: killed in between, the next start says the same again instead of choosing another
        beginning.
        """
        if self.progress.last_trade_id is None:
            self.checkpoint()
            self._heartbeat(self.progress.covered_to_us)

    def history_is_done(self) -> None:
        """Note that no history is to be written any more: the live part has begun."""
        self._moved(fold.history_done(self.progress, self.progress.covered_to_us))

    def trades(self, trades: Sequence[Trade]) -> None:
        """Write trades that are in id order, as frames."""
        pair, exchange = self.progress.pair, self.progress.exchange
        for frame in trade_frames(exchange, pair, trades, consecutive_ids=self._consecutive_ids):
            self.frame(frame)

    def frame(self, frame: TradeFrame, cursor: str | None = None) -> None:
        """Write a frame; `cursor` is where to go on after it, by default at its newest trade."""
        self._producer.produce(TRADES, frame)
        metrics.TRADES.labels(pair=frame.pair).inc(len(frame.trade_ids))
        newest_us = max(*frame.timestamps_us, self.progress.last_timestamp_us or 0)
        self._moved(fold.after_frame(self.progress, frame, cursor or self._cursor_at(newest_us)))

    def heartbeat(self, venue_time_us: int) -> None:
        """Write that everything before `venue_time_us` is on the topic."""
        self._heartbeat(venue_time_us)
        self._moved(fold.covered_to(self.progress, venue_time_us))

    def outage(self, since_us: int, until_us: int) -> None:
        """Write that what the pair traded from `since_us` to `until_us` is not known."""
        p = self.progress
        since_us = max(since_us, p.covered_to_us)
        if until_us > since_us:
            outage = FeedOutage(exchange=p.exchange, pair=p.pair, since_us=since_us, until_us=until_us)
            self._producer.produce(TRADES, outage)

    def lost(self, trades: Sequence[Trade], reason: str, bad_rows: BadRows, cursor: str | None = None) -> None:
        """Set aside trades whose ids start again, and write that candles lack them; `cursor` is where to go on."""
        p = self.progress
        for trade in trades:
            bad_rows.add(BadRow(repr(trade), reason, p.pair), IDS_START_AGAIN)
        times_us = [trade.timestamp_us for trade in trades]
        outage = FeedOutage(
            exchange=p.exchange,
            pair=p.pair,
            since_us=min(times_us),
            until_us=max(times_us),
            lost_trades=len(trades),
        )
        self._producer.produce(TRADES, outage)
        metrics.LOST.labels(pair=p.pair).inc(len(trades))
        if cursor is not None:
            self._moved(p.model_copy(update={"cursor": cursor}))

    def end_of_history(self, venue_time_us: int, *, final: bool, cursor: str | None = None) -> None:
        """Write that history is complete, and the checkpoint that says so."""
        p = self.progress
        self._producer.produce(
            TRADES,
            EndOfHistory(
                exchange=p.exchange,
                pair=p.pair,
                venue_time_us=venue_time_us,
                last_trade_id=p.last_trade_id,
                final=final,
            ),
        )
        self._moved(fold.history_done(p, venue_time_us, cursor))
        self.checkpoint()

    def checkpoint(self) -> None:
        """Confirm what was written, then write how far that is."""
        if self.progress == self._checkpointed:
            return
        self._producer.flush()
        self._producer.produce(TRADES_CHECKPOINTS, self.progress)
        self._checkpointed = self.progress

    def _heartbeat(self, venue_time_us: int) -> None:
        p = self.progress
        self._producer.produce(TRADES, Heartbeat(exchange=p.exchange, pair=p.pair, venue_time_us=venue_time_us))

    def _moved(self, progress: TradesCheckpoint) -> None:
        self.progress = progress
        metrics.VENUE_TIME.labels(pair=progress.pair).set(progress.covered_to_us / US_PER_SECOND)
