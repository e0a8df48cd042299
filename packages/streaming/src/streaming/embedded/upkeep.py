"""Retention and compaction of the topics a producer writes, now and then, after a write."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from contracts.clock import Clock
from streaming.embedded.compaction import Committed, compact
from streaming.embedded.retention import expire
from streaming.quix.changelog import CHANGELOG_PREFIX

if TYPE_CHECKING:
    from streaming.embedded.log import EmbeddedLog

#: How often a topic is looked at.
INTERVAL_SECONDS = 10.0


class Upkeep:
    """Looks after topics through the writer's own connection, so that reading clients need never write.

    Parameters
    ----------
    clock
        Tells the age of records.
    """

    def __init__(self, log: EmbeddedLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._looked_at_seconds: dict[str, float] = {}
        self._changelogs: set[str] = set()

    def after_write(self, topic: str) -> None:
        """Expire and compact a topic just written; a changelog waits for `compact_changelogs`."""
        if topic.startswith(CHANGELOG_PREFIX):
            self._changelogs.add(topic)
        elif self._is_time(topic):
            log = self._log.topic(topic)
            expire(log, self._clock.now_us() // 1_000)
            compact(log)

    def compact_changelogs(self, committed: Committed) -> None:
        """Compact the changelogs written so far; only `committed` source offsets settle an entry."""
        for topic in self._changelogs:
            if self._is_time(topic):
                compact(self._log.topic(topic), committed)

    def _is_time(self, topic: str) -> bool:
        now = time.monotonic()
        if now - self._looked_at_seconds.get(topic, float("-inf")) < INTERVAL_SECONDS:
            return False
        self._looked_at_seconds[topic] = now
        return True
