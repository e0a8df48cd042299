"""Dead letters of this service: what a venue or a file sent that cannot be used, in its own words."""

from __future__ import annotations

from typing import ClassVar

from loguru import logger

from contracts.clock import Clock, SystemClock
from contracts.message import Message
from contracts.topics import DEAD_LETTERS_PREFIX, DEAD_LETTERS_RETENTION_MS, TopicSpec
from contracts.units import US_PER_MS
from exchanges.venue import BadRow
from streaming import metrics as streaming_metrics
from streaming.clients import MessageProducer
from trades import metrics

SERVICE = "trades"
REASON = "bad-row"
_LOGGED = 20


class _Letter(Message):
    """Text as it came: the wire form of a letter is that text, not JSON of ours."""

    schema_name: ClassVar[str] = "dead_letter"

    text: str
    source: str
    arrived_ms: int

    @property
    def key(self) -> str:
        return self.source

    @property
    def event_time_ms(self) -> int:
        return self.arrived_ms

    def to_json(self) -> bytes:
        return self.text.encode("utf-8", "backslashreplace")


_TOPIC = TopicSpec(
    f"{DEAD_LETTERS_PREFIX}.{SERVICE}",
    (_Letter,),
    key="pair",
    written_by=SERVICE,
    read_by=(),
    partitions=1,
    retention_ms=DEAD_LETTERS_RETENTION_MS,
)


class BadRows:
    """Writes bad rows to `dead-letters.trades-<environment>` and counts them."""

    def __init__(self, producer: MessageProducer, source: str, clock: Clock | None = None) -> None:
        self._producer = producer
        self._source = source
        self._clock = clock or SystemClock()
        self.count = 0

    def add(self, row: BadRow) -> None:
        """Set `row` aside; the first few are logged one by one."""
        self.count += 1
        now_us = self._clock.now_us()
        letter = _Letter(text=row.text, source=row.pair or self._source, arrived_ms=now_us // US_PER_MS)
        headers: dict[str, str | bytes | int] = {
            "reason": REASON,
            "error": row.reason,
            "source_topic": self._source,
            "service": SERVICE,
            "dead_lettered_at_us": now_us,
        }
        self._producer.produce(_TOPIC, letter, headers)
        metrics.BAD_ROWS.labels(pair=row.pair or "").inc()
        streaming_metrics.DEAD_LETTERS.labels(topic=self._source, reason=REASON).inc()
        if self.count <= _LOGGED:
            logger.warning("{}: set aside, {}{}", row.pair or self._source, row.reason, self._last_words())

    def _last_words(self) -> str:
        return "; from here on they are only counted" if self.count == _LOGGED else ""

    def log_summary(self) -> None:
        """Say at the end how many there were."""
        if self.count:
            logger.warning("{} rows could not be used; they are in the dead letters", self.count)
