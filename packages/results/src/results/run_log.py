"""The log of a run as its composition root sees it: what is new and how far each service is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.topics import TopicSpec

if TYPE_CHECKING:
    from streaming.embedded.group import GroupOffsets
    from streaming.embedded.log import EmbeddedLog
    from streaming.embedded.topic_log import Row

_PAGE_ROWS = 20_000


class RunLog:
    """Reads an embedded log with connections that stay open.

    Parameters
    ----------
    folder
        The log's folder.
    environment
        Suffix of its topics.
    """

    def __init__(self, folder: Path, environment: str = "dev") -> None:
        self.folder = folder
        self.environment = environment
        self._log: EmbeddedLog | None = None
        self._groups: dict[str, GroupOffsets] = {}
        self._next_offsets: dict[tuple[str, int], int] = {}

    def _open(self) -> EmbeddedLog:
        if self._log is None:
            # Imported late: QuixStreams comes with it, and the services should be starting by then.
            from streaming.embedded.log import EmbeddedLog

            self._log = EmbeddedLog(self.folder)
        return self._log

    def _partitions(self, name: str) -> range:
        log = self._open()
        return range(log.topic(name).partitions) if log.has_topic(name) else range(0)

    def topic_names(self) -> list[str]:
        """Return the full names of the topics that exist.

        Returns
        -------
        list[str]
            With the environment's suffix.
        """
        return self._open().topic_names()

    def read_new(self, spec: TopicSpec, limit: int = _PAGE_ROWS) -> list[Row]:
        """Return up to `limit` records per partition that were not returned before.

        Returns
        -------
        list[Row]
            In the order of their offsets within a partition.
        """
        name = spec.full_name(self.environment)
        found: list[Row] = []
        for partition in self._partitions(name):
            rows, following = (
                self._open().topic(name).read(partition, self._next_offsets.get((name, partition), 0), limit)
            )
            self._next_offsets[name, partition] = rows[-1][0] + 1 if len(rows) == limit else following
            found.extend(rows)
        return found

    def read_tail(self, spec: TopicSpec, limit: int) -> list[Row]:
        """Return what is new like `read_new`, but of a partition that grew by more than `limit` only its end.

        Returns
        -------
        list[Row]
            In the order of their offsets within a partition.
        """
        name = spec.full_name(self.environment)
        for partition in self._partitions(name):
            following = self._open().topic(name).watermarks(partition)[1]
            seen = self._next_offsets.get((name, partition), 0)
            self._next_offsets[name, partition] = max(seen, following - limit)
        return self.read_new(spec)

    def end(self, name: str) -> int:
        """Return how many records the topic called `name` (with suffix) has had.

        Returns
        -------
        int
            Summed over its partitions.
        """
        return sum(self._open().topic(name).watermarks(partition)[1] for partition in self._partitions(name))

    def first(self, name: str) -> Row | None:
        """Return the first record of the topic called `name` (with suffix), None if it never had one.

        Returns
        -------
        Row | None
            Of the first partition that has any.
        """
        for partition in self._partitions(name):
            rows, _ = self._open().topic(name).read(partition, 0, 1)
            if rows:
                return rows[0]
        return None

    def read_all(self, name: str) -> Iterator[Row]:
        """Yield the records of the topic called `name` (with suffix), page by page.

        Yields
        ------
        Row
            In the order of their offsets within a partition.
        """
        for partition in self._partitions(name):
            offset = 0
            while True:
                rows, following = self._open().topic(name).read(partition, offset, _PAGE_ROWS)
                yield from rows
                if len(rows) < _PAGE_ROWS:
                    break
                offset = max(following, rows[-1][0] + 1)

    def count(self, spec: TopicSpec) -> int:
        """Return how many records the topic has had.

        Returns
        -------
        int
            Summed over its partitions.
        """
        return self.end(spec.full_name(self.environment))

    def consumed(self, group: str, spec: TopicSpec) -> int:
        """Return how many records of the topic `group` has committed.

        Returns
        -------
        int
            Summed over its partitions.
        """
        name = spec.full_name(self.environment)
        return sum(self._committed(group, name).values())

    def _committed(self, group: str, name: str) -> dict[tuple[str, int], int]:
        if group not in self._groups:
            from streaming.embedded.group import GroupOffsets

            offsets = GroupOffsets(self.folder, group, create=False)
            if not offsets.path.exists():
                return {}
            self._groups[group] = offsets
        return self._groups[group].committed((name, partition) for partition in self._partitions(name))

    def lag(self, group: str, spec: TopicSpec) -> int:
        """Return how many records of the topic `group` has not committed yet.

        Returns
        -------
        int
            Summed over its partitions.
        """
        return self.count(spec) - self.consumed(group, spec)

    def close(self) -> None:
        """Close all connections."""
        for offsets in self._groups.values():
            offsets.close()
        self._groups.clear()
        if self._log is not None:
            self._log.close()
            self._log = None
