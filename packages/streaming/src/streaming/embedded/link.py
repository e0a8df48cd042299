"""What the clients of one application tell each other, and a real broker would do by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streaming.embedded.group import Offsets

if TYPE_CHECKING:
    from streaming.embedded.producer import EmbeddedProducer


class ClientLink:
    """Ties an application's producers to its consumer.

    The consumer, before it looks for more messages, has the producers write what the last batch gave (group commit).
    A commit of offsets, in turn, settles changelog entries, and only settled ones may displace older ones.
    """

    def __init__(self) -> None:
        self._producers: list[EmbeddedProducer] = []
        self._committed: dict[tuple[str, int], int] = {}

    def join(self, producer: EmbeddedProducer) -> None:
        self._producers.append(producer)

    def leave(self, producer: EmbeddedProducer) -> None:
        self._producers.remove(producer)

    def batch_exhausted(self) -> None:
        """Have the producers write their buffers."""
        for producer in self._producers:
            producer.write_pending()

    def offsets_committed(self, offsets: Offsets) -> None:
        """Note the group's progress and compact the changelogs it has settled."""
        self._committed.update(offsets)
        for producer in self._producers:
            producer.compact_changelogs(self._committed)
