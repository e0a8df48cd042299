"""Topics of a Kafka broker without joining a consumer group."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from quixstreams.models.topics import TopicConfig

from contracts.topics import TopicSpec
from streaming.errors import NoAnswerError, ServiceError
from streaming.kafka.access import open_admin
from streaming.kafka.connection import KAFKA_CONSUMER_CONFIG, kafka_connection
from streaming.kafka.errors import not_allowed
from streaming.kafka.grants import READER_GROUP
from streaming.kafka.retry import retry_while_passing
from streaming.record import Record

if TYPE_CHECKING:
    from streaming.settings import ServiceSettings

_TIMEOUT_SECONDS = 30.0
_BATCH_MESSAGES = 1_000
_BATCH_SECONDS = 0.5
_LEADER_SECONDS = 0.02


class KafkaClient:
    """One short-lived look at the broker."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._consumers: dict[str, Consumer] = {}
        self._admin: AdminClient | None = None

    @property
    def admin(self) -> AdminClient:
        """The admin client; it has to outlive the futures it hands out."""
        if self._admin is None:
            self._admin = open_admin(self._settings)
        return self._admin

    def create_topic(self, name: str, config: TopicConfig) -> None:
        """Create a topic that is missing.

        Raises
        ------
        ServiceError
            If it is missing and this user may not create it.
        """
        if name in self.admin.list_topics(timeout=_TIMEOUT_SECONDS).topics:
            return
        new = NewTopic(name, config.num_partitions, config.replication_factor, config=config.extra_config)
        for future in self.admin.create_topics([new]).values():
            try:
                future.result(timeout=_TIMEOUT_SECONDS)
            except KafkaException as error:
                if error.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                    raise ServiceError(self._not_allowed(f"CREATE, or any use, of topic {name}")) from error
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
        self._wait_for_leaders(name)

    def _wait_for_leaders(self, topic: str) -> None:
        """The controller has created the topic; the brokers hear of it a moment later."""
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while True:
            described = self.admin.list_topics(topic, timeout=_TIMEOUT_SECONDS).topics[topic]
            if described.error is None and all(found.leader >= 0 for found in described.partitions.values()):
                return
            if time.monotonic() > deadline:
                raise NoAnswerError(f"{topic}: expected a leader for each partition, was {described.error}")
            time.sleep(_LEADER_SECONDS)

    @retry_while_passing
    def watermarks(self, topic: str) -> dict[int, tuple[int, int]]:
        consumer = self._consumer(READER_GROUP)
        described = consumer.list_topics(topic, timeout=_TIMEOUT_SECONDS).topics[topic]
        if described.error is not None:
            self._check(described.error, topic)
            return {}
        return {
            partition: consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=_TIMEOUT_SECONDS)
            for partition in described.partitions
        }

    @retry_while_passing
    def topic_id(self, topic: str) -> str | None:
        """Return what tells `topic` from another of its name; None if the broker does not say."""
        (described,) = self.admin.describe_topics(TopicCollection([topic])).values()
        told = described.result(timeout=_TIMEOUT_SECONDS).topic_id
        return None if told is None else str(told)

    def read(self, topic: str, partition: int, start: int, end: int, spec: TopicSpec | None) -> Iterator[Record]:
        if start >= end:
            return
        consumer = self._consumer(READER_GROUP)
        consumer.assign([TopicPartition(topic, partition, start)])
        heard_seconds = time.monotonic()
        while start < end:
            # `consume` waits for all it is asked for, or its timeout: ask for no more than there is.
            for message in consumer.consume(min(_BATCH_MESSAGES, end - start), timeout=_BATCH_SECONDS):
                heard_seconds = time.monotonic()
                error = message.error()
                if error is not None:
                    if error.code() == KafkaError._PARTITION_EOF:
                        return
                    self._check(error, topic)
                    raise KafkaException(error)
                if message.offset() >= end:
                    return
                start = message.offset() + 1
                yield _record(message, spec)
            if time.monotonic() - heard_seconds > _TIMEOUT_SECONDS:
                raise NoAnswerError(f"{topic}[{partition}]: expected messages up to offset {end}, none came")

    @retry_while_passing
    def offset_at(self, topic: str, partition: int, timestamp_ms: int) -> int | None:
        """Return the first offset whose message is of `timestamp_ms` or later; None if there is none."""
        asked = [TopicPartition(topic, partition, timestamp_ms)]
        (found,) = self._consumer(READER_GROUP).offsets_for_times(asked, timeout=_TIMEOUT_SECONDS)
        if found.error is not None:
            raise KafkaException(found.error)
        return found.offset if found.offset >= 0 else None

    def unread(self, topic: str, partition: int, start: int, end: int) -> int:
        """Return how many offsets there are from the first message at `start` or after it up to `end`.

        A transaction ends with a marker, which has an offset and is no message: markers alone are nothing unread.
        """
        first = next(self.read(topic, partition, start, end, None), None)
        return 0 if first is None else end - first.offset

    @retry_while_passing
    def committed(self, group: str, topic: str, partitions: Sequence[int]) -> dict[int, int]:
        wanted = [TopicPartition(topic, partition) for partition in partitions]
        found = self._consumer(group).committed(wanted, timeout=_TIMEOUT_SECONDS) if wanted else []
        return {tp.partition: tp.offset for tp in found if tp.offset >= 0}

    def _check(self, error: KafkaError, topic: str) -> None:
        if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            raise ServiceError(self._not_allowed(f"READ on topic {topic}"))

    def _not_allowed(self, permission: str) -> str:
        return not_allowed(self._settings.sasl_username, permission)

    def _consumer(self, group: str) -> Consumer:
        if group not in self._consumers:
            self._consumers[group] = Consumer(
                {
                    **kafka_connection(self._settings).as_librdkafka_dict(),
                    **KAFKA_CONSUMER_CONFIG,
                    "group.id": group,
                    "enable.auto.commit": False,
                    "enable.partition.eof": True,
                    "auto.offset.reset": "earliest",
                }
            )
        return self._consumers[group]

    def close(self) -> None:
        for consumer in self._consumers.values():
            consumer.close()

    def __enter__(self) -> KafkaClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _record(message: Any, spec: TopicSpec | None) -> Record:
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        dict(message.headers() or ()),
        message.timestamp()[1],
        spec,
    )
