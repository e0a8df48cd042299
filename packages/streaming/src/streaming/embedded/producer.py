"""A producer that answers like `confluent_kafka.Producer`."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from contracts.clock import Clock, SystemClock
from streaming.embedded import headers as stored_headers
from streaming.embedded.background import BackgroundWriter
from streaming.embedded.cluster import cluster_metadata
from streaming.embedded.compaction import Committed
from streaming.embedded.errors import EmbeddedLogError, TopicMissingError
from streaming.embedded.link import ClientLink
from streaming.embedded.log import EmbeddedLog
from streaming.embedded.message import EmbeddedMessage
from streaming.embedded.partitioner import partition_for
from streaming.embedded.topic_log import Draft, TopicLog
from streaming.embedded.transactions import TransactionJournal
from streaming.embedded.upkeep import Upkeep

DeliveryCallback = Callable[[KafkaError | None, EmbeddedMessage], Any]
_Pending = tuple[str, Draft, DeliveryCallback | None]

#: A buffer this full, or this old, is written even if nobody asks.
BUFFER_MESSAGES = 5_000
BUFFER_BYTES = 4 * 1024 * 1024
LINGER_SECONDS = 0.002


class EmbeddedProducer:
    """Buffers messages and writes them in group commits: one write transaction per topic and flush.

    Parameters
    ----------
    config
        librdkafka's names: `bootstrap.servers`, `partitioner`, `transactional.id`.
    link
        The application this producer serves. Without one, a background thread writes what has waited for
        `LINGER_SECONDS`, as librdkafka does; callbacks still run in `poll` and `flush` only.
    clock
        Stamps messages that bring no timestamp, and tells the age of records.
    """

    def __init__(self, config: Mapping[str, Any], link: ClientLink | None = None, clock: Clock | None = None) -> None:
        self._log = EmbeddedLog.at(config["bootstrap.servers"])
        self._partitioner = str(config.get("partitioner", "murmur2"))
        self._transactional_id: str | None = config.get("transactional.id")
        self._clock = clock or SystemClock()
        self._pending: deque[_Pending] = deque()
        self._pending_bytes = 0
        self._write_at_seconds = 0.0
        self._deliveries: deque[tuple[DeliveryCallback, EmbeddedMessage]] = deque()
        self._writing = threading.RLock()
        self._failure: EmbeddedLogError | None = None
        self._upkeep = Upkeep(self._log, self._clock)
        self._journal: TransactionJournal | None = None
        self._in_transaction = False
        self._transaction_offsets: dict[tuple[str, int], int] = {}
        self._transaction_group: str | None = None
        self._link = link
        self._background: BackgroundWriter | None = None
        if link is not None:
            link.join(self)
        elif self._transactional_id is None:
            self._background = BackgroundWriter(self._write_in_background, LINGER_SECONDS)

    # -- producing

    def produce(
        self,
        topic: str,
        value: str | bytes | None = None,
        key: str | bytes | None = None,
        partition: int = -1,
        on_delivery: DeliveryCallback | None = None,
        timestamp: int = 0,
        headers: Any = None,
        callback: DeliveryCallback | None = None,
    ) -> None:
        """Buffer a message; `on_delivery` is called once it is committed.

        Parameters
        ----------
        topic
            The topic's full name.
        value, key
            The message; text is written as UTF-8.
        partition
            Where to; by default the key's.
        on_delivery, callback
            Called once the message is committed, or could not be written; two names of one argument, as
            confluent_kafka has them.
        timestamp
            Milliseconds since the epoch; 0 for now.
        headers
            As confluent_kafka takes them.

        Raises
        ------
        KafkaException
            If the topic or the partition does not exist.
        """
        self._raise_failure()
        log = self._topic(topic)
        raw_key = key.encode() if isinstance(key, str) else key
        raw_value = value.encode() if isinstance(value, str) else value
        if partition < 0:
            partition = partition_for(raw_key, log.partitions, self._partitioner)
        elif partition >= log.partitions:
            raise KafkaException(
                KafkaError(KafkaError._UNKNOWN_PARTITION, f"{topic}[{partition}] of {log.partitions}")
            )
        timestamp_ms = timestamp or self._clock.now_us() // 1_000
        draft = (partition, timestamp_ms, raw_key, raw_value, stored_headers.encode(headers))
        if not self._pending:
            self._write_at_seconds = time.monotonic() + LINGER_SECONDS
        self._pending.append((topic, draft, on_delivery or callback))
        self._pending_bytes += len(raw_value or b"")
        if self._background is not None:
            self._background.wake()

    def _topic(self, name: str) -> TopicLog:
        try:
            return self._log.topic(name)
        except TopicMissingError as error:
            raise KafkaException(KafkaError(KafkaError._UNKNOWN_TOPIC, str(error))) from error

    def poll(self, timeout: float = 0) -> int:
        """Write the buffer if it is full or old, then run the callbacks of what was written; return how many.

        Returns
        -------
        int
            How many callbacks were run.
        """
        if self._pending and self._due():
            self.write_pending()
        self._raise_failure()
        return self._deliver() if self._deliveries else 0

    def _due(self) -> bool:
        return (
            len(self._pending) >= BUFFER_MESSAGES
            or self._pending_bytes >= BUFFER_BYTES
            or time.monotonic() >= self._write_at_seconds
        )

    def flush(self, timeout: float = -1) -> int:
        """Write everything, run the callbacks, and return 0: nothing is left.

        Inside a transaction nothing is written before it is committed.

        Returns
        -------
        int
            How many messages are left.

        Raises
        ------
        EmbeddedLogError
            If the log could not take it; the messages stay in the buffer.
        """
        self.write_pending()
        self._raise_failure()
        self._deliver()
        return 0

    def write_pending(self) -> None:
        """Write the buffer, unless a transaction is being collected.

        Raises
        ------
        EmbeddedLogError
            If the log could not take it; the messages stay in the buffer.
        """
        if self._transactional_id is not None:
            return
        with self._writing:  # taken even for an empty buffer: the background thread may hold a batch it took from it
            if not self._pending:
                return
            batch = [self._pending.popleft() for _ in range(len(self._pending))]
            self._pending_bytes = 0
            by_topic: dict[str, list[_Pending]] = {}
            for item in batch:
                by_topic.setdefault(item[0], []).append(item)
            for topic in list(by_topic):
                try:
                    offsets = self._log.topic(topic).append([item[1] for item in by_topic[topic]])
                except EmbeddedLogError:
                    self._pending.extendleft(
                        item for items in reversed(by_topic.values()) for item in reversed(items)
                    )
                    raise
                self._delivered(by_topic.pop(topic), offsets)
                self._upkeep.after_write(topic)
            self._failure = None  # what the background writer could not write is written now

    def _delivered(self, items: Sequence[_Pending], offsets: Sequence[int]) -> None:
        for (topic, draft, callback), offset in zip(items, offsets, strict=True):
            if callback is not None:
                partition, timestamp_ms, key, value, headers = draft
                message = EmbeddedMessage(topic, partition, offset, timestamp_ms, key, value, headers)
                self._deliveries.append((callback, message))

    def _deliver(self) -> int:
        served = 0
        while self._deliveries:
            callback, message = self._deliveries.popleft()
            callback(None, message)
            served += 1
        return served

    def purge(self, in_queue: bool = True, in_flight: bool = True, blocking: bool = True) -> None:
        """Drop what was not written yet, and with it the news that it could not be.

        Parameters
        ----------
        in_queue
            Drop them at all.
        in_flight, blocking
            As confluent_kafka has them; nothing here is on its way.
        """
        if in_queue:
            self._pending.clear()
            self._pending_bytes = 0
            self._failure = None

    def _write_in_background(self) -> None:
        try:
            self.write_pending()
        except EmbeddedLogError as error:
            self._failure = error  # raised by the next produce, poll or flush

    def _raise_failure(self) -> None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    # -- transactions

    def init_transactions(self, timeout: float = -1) -> None:
        """Take the transactional id and finish what its last owner left.

        Raises
        ------
        GroupTakenError
            If another process uses the id.
        """
        if self._transactional_id is None:
            raise KafkaException(KafkaError(KafkaError._NOT_CONFIGURED, "transactional.id is not set"))
        if self._journal is None:
            self._journal = TransactionJournal(self._log, self._transactional_id)

    def begin_transaction(self) -> None:
        """Begin to collect messages and offsets.

        Raises
        ------
        KafkaException
            If one has begun already, or transactions were not prepared.
        """
        if self._journal is None or self._in_transaction:
            state = "already begun" if self._in_transaction else "init_transactions() not called"
            raise KafkaException(KafkaError(KafkaError._STATE, f"begin_transaction: {state}"))
        self._in_transaction = True

    def send_offsets_to_transaction(
        self, positions: Sequence[TopicPartition], group_metadata: Any, timeout: float = -1
    ) -> None:
        """Have the group's offsets committed with the transaction.

        Parameters
        ----------
        positions
            The next offset of each partition.
        group_metadata
            Names the consumer group.
        timeout
            Not used: nothing here waits.
        """
        self._require_transaction("send_offsets_to_transaction")
        self._transaction_group = group_metadata.group_id
        for position in positions:
            self._transaction_offsets[position.topic, position.partition] = position.offset

    def commit_transaction(self, timeout: float = -1) -> None:
        """Commit messages and offsets together, then run the callbacks.

        Raises
        ------
        EmbeddedLogError
            If the log could not take it.
        """
        self._require_transaction("commit_transaction")
        assert self._journal is not None
        items = list(self._pending)
        offsets = dict(self._transaction_offsets)
        if items or offsets:
            numbers = self._journal.commit([item[:2] for item in items], self._transaction_group, offsets)
            self._delivered(items, numbers)
        self._end_transaction()
        self._deliver()
        for topic in {item[0] for item in items}:
            self._upkeep.after_write(topic)
        if self._link is not None:
            self._link.offsets_committed(offsets)

    def abort_transaction(self, timeout: float = -1) -> None:
        """Forget the messages and offsets collected."""
        self._require_transaction("abort_transaction")
        self._end_transaction()

    def _require_transaction(self, operation: str) -> None:
        if not self._in_transaction:
            raise KafkaException(KafkaError(KafkaError._STATE, f"{operation}: no transaction begun"))

    def _end_transaction(self) -> None:
        self._pending.clear()
        self._pending_bytes = 0
        self._transaction_offsets.clear()
        self._transaction_group = None
        self._in_transaction = False

    def compact_changelogs(self, committed: Committed) -> None:
        """Compact the changelogs written here; only `committed` source offsets settle an entry."""
        self._upkeep.compact_changelogs(committed)

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        """Return what topics and partitions there are.

        Returns
        -------
        Any
            As confluent_kafka's cluster metadata.
        """
        return cluster_metadata(self._log, topic)

    def close(self) -> None:
        """Flush and let go of the files."""
        self.flush()
        self.release()

    def release(self) -> None:
        """Let go of the files; what was not flushed is dropped, as when the process dies."""
        if self._background is not None:
            self._background.stop()
        if self._journal is not None:
            self._journal.close()
        self._log.close()

    def __len__(self) -> int:
        return len(self._pending)

    def __bool__(self) -> bool:
        return True  # an empty buffer must not look like a missing producer
