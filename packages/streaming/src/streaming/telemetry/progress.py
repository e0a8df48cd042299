"""How far an application's loop has come: it writes, other threads read."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from streaming.service.intake import Intake
from streaming.telemetry import metrics

TopicPartition = tuple[str, int]


class Progress:
    """What the loop knows of itself, and what `LagWatch` adds from outside.

    Attributes
    ----------
    assigned
        Partitions of the input; None before the first assignment.
    next_offsets
        Per partition the offset after the newest message processed.
    processed
        Messages, since the start.
    taken
        The same per partition.
    idle_turns
        How often the loop asked for a message and there was none.
    lags
        Messages that wait, per assigned partition; None while nobody has measured.
    starved_since_seconds
        Monotonic time since which a partition grows and nothing of it arrives; None while all is well.
    starved
        The partitions of which that is so.
    recovering
        Whether state is being rebuilt.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self.assigned: frozenset[TopicPartition] | None = None
        self.next_offsets: dict[TopicPartition, int] = {}
        self.processed = 0
        self.taken: Counter[TopicPartition] = Counter()
        self.idle_turns = 0
        self.lags: Mapping[TopicPartition, int] | None = None
        self.starved_since_seconds: float | None = None
        self.starved: tuple[TopicPartition, ...] = ()
        self.recovering: Callable[[], bool] = bool

    def on_processed(self, topic: str, partition: int, offset: int) -> None:
        """Note a message; called for each."""
        self.next_offsets[topic, partition] = offset + 1
        self.processed += 1
        self.taken[topic, partition] += 1
        metrics.PROCESSING_DURATION.observe(time.perf_counter() - self._intake.started_seconds)

    def on_set_aside(self, topic: str, partition: int, offset: int) -> None:
        """Note a message that could not even be decoded."""
        self.next_offsets[topic, partition] = offset + 1
        self.processed += 1
        self.taken[topic, partition] += 1

    def on_assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Note an assignment."""
        if self.assigned is not None:
            metrics.REBALANCES.inc()
        self.assigned = (self.assigned or frozenset()) | frozenset(partitions)

    def on_revoke(self, partitions: Iterable[TopicPartition]) -> None:
        """Note partitions that went to somebody else."""
        gone = frozenset(partitions)
        self.assigned = (self.assigned or frozenset()) - gone
        for partition in gone:
            self.next_offsets.pop(partition, None)

    @property
    def written_at_us(self) -> int | None:
        """When the message in hand was written to its topic, wall clock."""
        written = self._intake.produced_at_us
        return None if written is None else int(written)

    def waiting(self) -> int | None:
        """Return how many messages wait; None if nobody has measured."""
        lags = self.lags
        return None if lags is None else sum(lags.values())
