"""How far behind its input a service is, measured through a connection of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from contracts.clock import Clock
from contracts.topics import TopicSpec
from contracts.units import US_PER_SECOND
from streaming.log_client import LogClient, open_client
from streaming.telemetry import metrics
from streaming.telemetry.progress import Progress, TopicPartition

if TYPE_CHECKING:
    from streaming.settings import ServiceSettings


class LagWatch:
    """Compares where the log ends with where the loop is.

    A connection of its own notices what the application's cannot: that its input grows and nothing reaches it.

    Parameters
    ----------
    group
        Of the service: says where it begins on a partition of which it has processed nothing yet.
    inputs
        What the service reads.
    """

    def __init__(
        self, settings: ServiceSettings, group: str, inputs: Sequence[TopicSpec], progress: Progress, clock: Clock
    ) -> None:
        self._settings = settings
        self._group = group
        self._topics = [spec.full_name(settings.environment) for spec in inputs]
        self._progress = progress
        self._clock = clock
        self._client: LogClient | None = None
        self._processed = -1
        self._ends_seen = 0

    def measure(self) -> None:
        """Bring lag and starvation up to date.

        Raises
        ------
        Exception
            Whatever the log's client raises while the log is away; nothing is known then.
        """
        if self._client is None:
            self._client = open_client(self._settings)
        try:
            lags, ends = self._lags(self._client)
        except Exception:
            self._progress.lags = self._progress.starved_since_seconds = None
            self.close()
            raise
        self._progress.lags = lags
        self._watch_starvation(sum(lags.values()), ends)
        self._publish(lags)

    def _lags(self, client: LogClient) -> tuple[dict[TopicPartition, int], int]:
        assigned, known = self._progress.assigned or frozenset(), self._progress.next_offsets
        lags: dict[TopicPartition, int] = {}
        ends = 0
        for topic in self._topics:
            mine = sorted(partition for name, partition in assigned if name == topic)
            marks = client.watermarks(topic) if mine else {}
            unknown = [partition for partition in mine if (topic, partition) not in known]
            committed = client.committed(self._group, topic, unknown) if unknown else {}
            for partition in mine:
                low, high = marks.get(partition, (0, 0))
                position = known.get((topic, partition), committed.get(partition, low))
                lags[topic, partition] = max(0, high - max(position, low))
                ends += high
        return lags, ends

    def _watch_starvation(self, waiting: int, ends: int) -> None:
        """Starving is: something waits, the input has grown since the newest message processed, none was since."""
        progress = self._progress
        if progress.processed != self._processed or not waiting:
            self._processed, self._ends_seen = progress.processed, ends
            progress.starved_since_seconds = None
        elif ends > self._ends_seen and progress.starved_since_seconds is None:
            progress.starved_since_seconds = time.monotonic()

    def _publish(self, lags: dict[TopicPartition, int]) -> None:
        metrics.LAG_MESSAGES.clear()  # a partition that went to another replica is no longer ours to tell of
        for (topic, partition), waiting in lags.items():
            metrics.LAG_MESSAGES.labels(topic=topic, partition=str(partition)).set(waiting)
        for topic in self._topics:
            behind = any(waiting for (name, _), waiting in lags.items() if name == topic)
            metrics.LAG_SECONDS.labels(topic=topic).set(self.lag_seconds() if behind else 0.0)

    def lag_seconds(self) -> float:
        """Return the age of the message in hand, from its writing; 0 where nothing waits."""
        written_us = self._progress.written_at_us
        if not self._progress.waiting() or written_us is None:
            return 0.0
        return max(0.0, (self._clock.now_us() - written_us) / US_PER_SECOND)

    def close(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close()
