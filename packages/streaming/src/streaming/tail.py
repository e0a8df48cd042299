"""A topic as it grows."""

from __future__ import annotations

from contracts.topics import TopicSpec
from streaming.log_client import LogClient, open_client
from streaming.record import Record
from streaming.settings import ServiceSettings


class TopicTail:
    """Reads a topic as it grows, without a consumer group: each look returns what came since the one before.

    Its connection stays open; after an error the next look makes another and misses nothing.
    """

    def __init__(self, settings: ServiceSettings, spec: TopicSpec) -> None:
        self._settings = settings
        self._spec = spec
        self._open: LogClient | None = None
        self._next_offsets: dict[int, int] = {}

    def read_new(self) -> list[Record]:
        """Return what is new; at the first look, all there is. A topic that does not exist is empty.

        Returns
        -------
        list[Record]
            One partition after the other.

        Raises
        ------
        EmbeddedLogError, KafkaException
            If the log cannot be read.
        """
        topic = self._spec.full_name(self._settings.environment)
        try:
            if self._open is None:
                self._open = open_client(self._settings)
            found: list[Record] = []
            marks = self._open.watermarks(topic)
            for partition, (low, high) in sorted(marks.items()):
                start = max(self._next_offsets.get(partition, low), low)
                found.extend(self._open.read(topic, partition, start, high, self._spec))
        except Exception:
            self.close()
            raise
        self._next_offsets = {partition: high for partition, (_, high) in marks.items()}
        return found

    def close(self) -> None:
        """Let go of the connection."""
        if self._open is not None:
            open_client, self._open = self._open, None
            open_client.close()
