"""What the trades service once wrote, written again at an even pace, so that messages flow while things happen."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing

from tests.support.waiting import let_pass, wait_for

from contracts.topics import TRADES
from streaming.kafka.producer import KafkaProducer
from streaming.record import Record
from streaming.settings import ServiceSettings


class PacedFeed(threading.Thread):
    """Writes `records` to the trades topic.

    Parameters
    ----------
    settings
        Of the broker.
    records
        In the order of their log.
    seconds
        How long it takes.

    Attributes
    ----------
    written
        How many it has written.
    """

    def __init__(self, settings: ServiceSettings, records: Sequence[Record], seconds: float) -> None:
        super().__init__(name="feed", daemon=True)
        self._settings = settings
        self._records = records
        self._pause_seconds = seconds / len(records)
        self.written = 0

    def run(self) -> None:
        topic = TRADES.full_name(self._settings.environment)
        with closing(KafkaProducer(self._settings)) as producer:
            for record in self._records:
                producer.produce(
                    topic,
                    key=record.key,
                    value=record.value,
                    timestamp=record.timestamp_ms,
                    headers=list(record.headers.items()),
                )
                producer.flush()
                self.written += 1
                let_pass(self._pause_seconds)

    def poll(self) -> int | None:
        """Say whether it has ended, as a process does."""
        return None if self.is_alive() else 0

    def wait_for(self, share: float) -> None:
        """Return when it has written that share of all."""
        wait_for(lambda: self.written >= share * len(self._records), f"{share:.0%} of the feed", 600.0, of=self)
