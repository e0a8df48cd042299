"""A topic as it grows."""

from __future__ import annotations

from collections.abc import Mapping

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

    def begin_at(self, offsets: Mapping[int, int]) -> None:
        """Pass over what lies before.

        Parameters
        ----------
        offsets
            By partition, the first that is new; of others all there is.
        """
        self._next_offsets = dict(offsets)

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

    def at(self, partition: int, offset: int) -> Record | None:
        """Return what lies at one place, without reading on.

        Parameters
        ----------
        partition, offset
            Where.

        Returns
        -------
        Record | None
            None if nothing does any more, or yet.

        Raises
        ------
        EmbeddedLogError, KafkaException
            If the log cannot be read.
        """
        topic = self._spec.full_name(self._settings.environment)
        try:
            if self._open is None:
                self._open = open_client(self._settings)
            low, high = self._open.watermarks(topic).get(partition, (0, 0))
            if not low <= offset < high:
                return None
            found = list(self._open.read(topic, partition, offset, offset + 1, self._spec))
        except Exception:
            self.close()
            raise
        return found[0] if found and found[0].offset == offset else None

    def close(self) -> None:
        """Let go of the connection."""
        if self._open is not None:
            open_client, self._open = self._open, None
            open_client.close()
