"""A message that answers like `confluent_kafka.Message`."""

from __future__ import annotations

from confluent_kafka import TIMESTAMP_CREATE_TIME, KafkaError

from streaming.embedded import headers as stored_headers


class EmbeddedMessage:
    """One record of the log, or of a delivery report.

    Parameters
    ----------
    headers
        In stored form; decoded when asked for.
    """

    __slots__ = ("_error", "_headers", "_key", "_offset", "_partition", "_timestamp_ms", "_topic", "_value")

    def __init__(
        self,
        topic: str,
        partition: int,
        offset: int,
        timestamp_ms: int,
        key: bytes | None,
        value: bytes | None,
        headers: bytes | None,
        error: KafkaError | None = None,
    ) -> None:
        self._topic = topic
        self._partition = partition
        self._offset = offset
        self._timestamp_ms = timestamp_ms
        self._key = key
        self._value = value
        self._headers = headers
        self._error = error

    def topic(self) -> str:
        return self._topic

    def partition(self) -> int:
        return self._partition

    def offset(self) -> int:
        return self._offset

    def timestamp(self) -> tuple[int, int]:
        """Return (type, milliseconds)."""
        return TIMESTAMP_CREATE_TIME, self._timestamp_ms

    def key(self) -> bytes | None:
        return self._key

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> stored_headers.HeaderPairs | None:
        return stored_headers.decode(self._headers)

    def error(self) -> KafkaError | None:
        return self._error

    def leader_epoch(self) -> int | None:
        return None

    def latency(self) -> float | None:
        return None

    def __len__(self) -> int:
        return len(self._value or b"")

    def __bool__(self) -> bool:
        return True  # clients test messages by truth; an empty value must not make one vanish
