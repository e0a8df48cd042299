"""How far behind its input a service is, measured through a connection of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.clock import Clock
from contracts.topics import TopicSpec
from contracts.units import US_PER_SECOND
from streaming.log_client import LogClient, open_client
from streaming.telemetry import metrics
from streaming.telemetry.progress import Progress, TopicPartition

if TYPE_CHECKING:
    from streaming.settings import ServiceSettings


@dataclass
class _Seen:
    """A partition when its newest message had just been processed, and what has been noticed since.

    Attributes
    ----------
    taken, end
        Messages processed, and where the partition ended.
    idle_turns
        The loop's, when the partition was seen to have grown.
    since_seconds
        When the loop was seen to have been idle after that.
    """

    taken: int
    end: int
    idle_turns: int | None = None
    since_seconds: float | None = None


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
        self._seen: dict[TopicPartition, _Seen] = {}

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
            self._progress.starved = ()
            self.close()
            raise
        self._progress.lags = lags
        self._watch_starvation(lags, ends)
        self._publish(lags)

    def _lags(self, client: LogClient) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
        assigned, known = self._progress.assigned or frozenset(), self._progress.next_offsets
        lags: dict[TopicPartition, int] = {}
        ends: dict[TopicPartition, int] = {}
        for topic in self._topics:
            mine = sorted(partition for name, partition in assigned if name == topic)
            marks = client.watermarks(topic) if mine else {}
            unknown = [partition for partition in mine if (topic, partition) not in known]
            committed = client.committed(self._group, topic, unknown) if unknown else {}
            for partition in mine:
                low, high = marks.get(partition, (0, 0))
                position = known.get((topic, partition), committed.get(partition, low))
                lags[topic, partition] = max(0, high - max(position, low))
                ends[topic, partition] = high
        return lags, ends

    def _watch_starvation(self, lags: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> None:
        """Starving is a partition that has grown since its newest message was processed, and of which none comes.

        And that although the loop has asked for messages and was given none: as long as it is given others, this
        partition's turn is still to come.
        """
        progress = self._progress
        idle, now = progress.idle_turns, time.monotonic()
        for place in self._seen.keys() | lags.keys():
            seen = self._seen.get(place)
            if place not in lags:
                del self._seen[place]
            elif seen is None or progress.taken[place] != seen.taken or not lags[place]:
                self._seen[place] = _Seen(progress.taken[place], ends[place])
            elif ends[place] > seen.end and seen.idle_turns is None:
                seen.idle_turns = idle
            elif seen.since_seconds is None and seen.idle_turns is not None and idle > seen.idle_turns:
                seen.since_seconds = now
        starving = {place: seen.since_seconds for place, seen in self._seen.items() if seen.since_seconds is not None}
        progress.starved = tuple(sorted(starving))
        progress.starved_since_seconds = min(starving.values(), default=None)

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
