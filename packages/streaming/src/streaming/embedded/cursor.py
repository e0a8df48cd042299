"""Where a consumer stands in one partition."""

from __future__ import annotations

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, OFFSET_INVALID, OFFSET_STORED, KafkaError, KafkaException

from streaming.embedded.topic_log import Row, TopicLog

_MAX_RECORDS = 1_000
_MIN_RECORDS = 8
_TARGET_BYTES = 4 * 1024 * 1024


def is_logical(offset: int) -> bool:
    """Whether `offset` names a place rather than a record."""
    return offset in (OFFSET_BEGINNING, OFFSET_END, OFFSET_INVALID, OFFSET_STORED)


def resolve_start(log: TopicLog, partition: int, wanted: int, committed: int | None, reset: str) -> int:
    """Return the offset to read first.

    Parameters
    ----------
    wanted
        An offset, or one of Kafka's logical ones.
    committed
        The group's offset, if it has one.
    reset
        `auto.offset.reset`: where to begin without a committed offset, or with one that is not retained.

    Raises
    ------
    KafkaException
        If there is nowhere to begin and `reset` is "error".
    """
    low, high = log.watermarks(partition)
    if wanted == OFFSET_BEGINNING:
        return low
    if wanted == OFFSET_END:
        return high
    if is_logical(wanted):
        wanted = -1 if committed is None else committed
    if low <= wanted <= high:
        return wanted
    return reset_offset(log, partition, wanted, reset)


def reset_offset(log: TopicLog, partition: int, wanted: int, reset: str) -> int:
    """Return where `reset` goes on, `wanted` not being retained.

    Raises
    ------
    KafkaException
        If `reset` is "error".
    """
    low, high = log.watermarks(partition)
    if reset in ("earliest", "smallest", "beginning"):
        return low
    if reset in ("latest", "largest", "end"):
        return high
    reason = f"{log.name}[{partition}]: no usable committed offset (was {wanted}, retained {low} to {high})"
    raise KafkaException(KafkaError(KafkaError._AUTO_OFFSET_RESET, reason))


class Cursor:
    """A partition being read: what was delivered, and how far was read ahead."""

    __slots__ = (
        "_limit",
        "_reset",
        "fetch_from",
        "log",
        "partition",
        "paused",
        "position",
        "stale",
        "version",
        "watermarks",
    )

    def __init__(self, log: TopicLog, partition: int, start: int, reset: str) -> None:
        self.log = log
        self.partition = partition
        self._reset = reset
        self.paused = False
        self.version = -1
        self.watermarks = log.watermarks(partition)
        self._limit = _MAX_RECORDS
        self.move(start)

    def move(self, offset: int) -> None:
        """Continue at `offset`."""
        self.position = self.fetch_from = offset
        self.stale = True

    def fetch(self) -> list[Row]:
        """Read ahead; sized so that a batch stays within a few megabytes.

        Raises
        ------
        KafkaException
            If messages that were next are no longer retained, and the consumer is to be told.
        """
        rows, following = self.log.read(self.partition, self.fetch_from, self._limit)
        # Asked after they were read: what expired in between may be missing among them.
        if self.log.watermarks(self.partition)[0] > self.fetch_from:
            self.move(reset_offset(self.log, self.partition, self.fetch_from, self._reset))
            return []
        self.watermarks = self.watermarks[0], following
        self.stale = len(rows) == self._limit
        if self.stale:
            self.fetch_from = rows[-1][0] + 1
        else:
            self.fetch_from = max(following, self.fetch_from)
        if rows:
            average = sum(len(row[3] or b"") for row in rows) // len(rows) + 1
            self._limit = max(_MIN_RECORDS, min(_MAX_RECORDS, _TARGET_BYTES // average))
        return rows
