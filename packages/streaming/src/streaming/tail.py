"""A topic as it grows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

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
        found: list[Record] = []
        with self._client() as (client, topic):
            marks = client.watermarks(topic)
            for partition, (low, high) in sorted(marks.items()):
                start = max(self._next_offsets.get(partition, low), low)
                found.extend(client.read(topic, partition, start, high, self._spec))
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
        with self._client() as (client, topic):
            low, high = client.watermarks(topic).get(partition, (0, 0))
            if not low <= offset < high:
                return None
            found = list(client.read(topic, partition, offset, offset + 1, self._spec))
        return found[0] if found and found[0].offset == offset else None

    @contextmanager
    def _client(self) -> Iterator[tuple[LogClient, str]]:
        """Yield the connection, and the topic's name on the log; after an error the next one is another."""
        try:
            if self._open is None:
                self._open = open_client(self._settings)
            yield self._open, self._spec.full_name(self._settings.environment)
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection."""
        if self._open is not None:
            open_client, self._open = self._open, None
            open_client.close()
