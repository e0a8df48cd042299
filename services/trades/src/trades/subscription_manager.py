"""Which pairs stream: what `symbol-subscriptions` asks for, brought about while the feed runs."""

from __future__ import annotations

import asyncio
from functools import partial

from loguru import logger

from contracts.errors import BadMessageError
from contracts.symbol_subscription import SymbolSubscription
from contracts.topics import SYMBOL_SUBSCRIPTIONS
from contracts.trades_checkpoint import TradesCheckpoint
from contracts.units import US_PER_MS
from exchanges.rest_client import VenueRest
from exchanges.venue import TransientVenueError, UnknownPairError
from exchanges.venues import Venue
from streaming.producer import MessageProducer
from streaming.record import Record
from streaming.service.exit import describe_error
from streaming.tail import TopicTail
from trades import metrics
from trades.checkpoints import comes_from, other_venue, read_checkpoints
from trades.core import progress as fold
from trades.core import subscriptions
from trades.history import history_start_us
from trades.live_sink import LiveSink
from trades.market_clock import MarketClock
from trades.outbox import Outbox
from trades.settings import TradesSettings
from trades.stream import Stream

UNKNOWN_PAIR, SECOND_VENUE, REJECTED, BAD_MESSAGE = "unknown-pair", "second-venue", "rejected", "bad-message"


class SubscriptionManager:
    """Follows the topic and keeps the stream's pairs as they are wanted.

    A pair that cannot stream is refused once: a line in the log, a metric, a dead letter. It is tried again after
    everybody has taken it back and somebody asks anew, or at the next start.
    """

    def __init__(
        self,
        settings: TradesSettings,
        market: Venue,
        rest: VenueRest,
        stream: Stream,
        sink: LiveSink,
        *,
        producer: MessageProducer,
        outbox: Outbox,
        clock: MarketClock,
    ) -> None:
        self._settings = settings
        self._market = market
        self._rest = rest
        self._stream = stream
        self._sink = sink
        self._producer = producer
        self._outbox = outbox
        self._clock = clock
        self._tail = TopicTail(settings, SYMBOL_SUBSCRIPTIONS)
        self._requests = subscriptions.initial(settings.pairs)
        self._newest: dict[str, Record] = {}
        self._refused: dict[str, str] = {}
        self._complained = False
        sink.on_refused = self._rejected

    async def start(self) -> None:
        """Read the topic from its beginning and begin the pairs that are wanted."""
        self._take(await asyncio.to_thread(self._tail.read_new))
        await self._align()

    async def follow(self) -> None:
        """Look for requests, for ever; a log that cannot be read is told of once and looked at again."""
        while True:
            await asyncio.sleep(self._settings.subscriptions_seconds)
            try:
                records = await asyncio.to_thread(self._tail.read_new)
                self._take(records)
                await self._align()
                self._complained = False
            except Exception as error:
                words = describe_error(error)
                if words is None:
                    raise
                if not self._complained:
                    logger.warning("subscriptions cannot be read, the pairs stay unchanged: {}", words)
                self._complained = True

    def _take(self, records: list[Record]) -> None:
        for record in records:
            try:
                request = record.message()
            except BadMessageError as error:
                self._set_aside(record, BAD_MESSAGE, str(error))
                continue
            if isinstance(request, SymbolSubscription) and request.exchange == self._settings.label:
                self._requests = subscriptions.step(self._requests, request)
                self._newest[request.pair] = record

    async def _align(self) -> None:
        """Remove what nobody wants any more, begin what is new."""
        wanted = subscriptions.wanted(self._requests)
        for pair in self._stream.pairs - wanted.keys():
            logger.info("{}: no longer requested", pair)
            self._stream.remove(pair)
        for pair in self._refused.keys() - wanted.keys():
            metrics.REFUSED.remove(pair, self._refused.pop(pair))
        for pair, from_ms in wanted.items():
            if pair not in self._stream.pairs and pair not in self._refused:
                await self._begin(pair, from_ms)

    async def _begin(self, pair: str, from_ms: int | None) -> None:
        try:
            await self._rest.find_pairs([pair])
        except UnknownPairError as error:
            self._refuse(pair, UNKNOWN_PAIR, str(error))
            return
        except TransientVenueError as error:
            logger.warning("{}: cannot start yet: {}", pair, error)
            return
        await self._outbox.emptied()  # a pair that has just ended: its checkpoint is where it begins again
        checkpoints = await asyncio.to_thread(read_checkpoints, self._settings)
        other = other_venue(checkpoints, self._settings.label, pair)
        if other is not None:
            self._refuse(pair, SECOND_VENUE, f"expected {other!r}, {comes_from(pair)}, was {self._settings.label!r}")
            return
        progress = checkpoints.get((self._settings.label, pair)) or self._history_begins(pair, from_ms)
        if progress is not None:
            self._sink.begin(pair, progress)
        self._stream.add(pair)
        whose = ", ".join(sorted(self._requests.get(pair, {})))
        logger.info("{}: {}, requested by {}", pair, _from_where(progress), whose)

    def _history_begins(self, pair: str, from_ms: int | None) -> TradesCheckpoint | None:
        """Return where the history of a new pair begins; a pair of the settings begins with what comes."""
        if pair in self._settings.pairs and from_ms is None:
            return None
        now_us = self._clock.now_us()
        start_us = history_start_us(self._settings, now_us) if from_ms is None else from_ms * US_PER_MS
        start_us = min(start_us, now_us)
        return fold.initial(self._settings.label, pair, start_us, self._market.cursor_at(start_us))

    # -- refusals

    def _rejected(self, pair: str, reason: str) -> None:
        self._stream.remove(pair)
        self._refuse(pair, REJECTED, f"the venue rejects it: {reason}")

    def _refuse(self, pair: str, reason: str, words: str) -> None:
        self._refused[pair] = reason
        metrics.REFUSED.labels(pair=pair, reason=reason).set(1)
        logger.error("{} cannot stream; the others continue: {}", pair, words)
        if pair in self._newest:
            self._set_aside(self._newest[pair], reason, words)

    def _set_aside(self, record: Record, reason: str, words: str) -> None:
        key, value = (record.key or b"").decode(errors="replace"), record.value or b""
        source = SYMBOL_SUBSCRIPTIONS.name
        letter = partial(self._producer.dead_letter, key, value, reason=reason, error=words, source=source)
        self._outbox.put(letter)


def _from_where(progress: TradesCheckpoint | None) -> str:
    if progress is None:
        return "streams from now on"
    if progress.last_trade_id is None:
        return "its history comes over REST, then it streams"
    return f"goes on behind trade {progress.last_trade_id}"
