"""Who of several processes may do what only one may: the member of a consumer group that has its first partition.

The coordinator decides, and says so to whoever asks it: a commit is taken of a member alone. So who asks after it
has read something, and before it acts on it, knows that nobody else has begun to act since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from loguru import logger

from contracts.topics import TopicSpec
from streaming.errors import PutOutError
from streaming.kafka.connection import KAFKA_CONSUMER_CONFIG, group_config, kafka_connection

if TYPE_CHECKING:
    from streaming.settings import ServiceSettings

_FIRST = 0
_ASK_SECONDS = 10.0
_FENCED = (KafkaError.FENCED_INSTANCE_ID, KafkaError._FENCED, KafkaError._FATAL)


class KafkaLease:
    """One's place in a group; another process of the same instance id puts this one out.

    Parameters
    ----------
    settings
        Of the log.
    service
        Whose group.
    spec
        A topic that exists; nothing of it is read.
    """

    def __init__(self, settings: ServiceSettings, service: str, spec: TopicSpec) -> None:
        group = settings.group_for(service)
        self._place = TopicPartition(spec.full_name(settings.environment), _FIRST)
        self._held: TopicPartition | None = None
        self._consumer = Consumer(
            {
                **kafka_connection(settings).as_librdkafka_dict(),
                **KAFKA_CONSUMER_CONFIG,
                **group_config(settings.session_timeout_seconds, settings.broker_patience_seconds),
                "group.id": group,
                "group.instance.id": f"{group}-{settings.instance_id}",
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )
        self._consumer.subscribe(
            [self._place.topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
        )

    def _on_assign(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        consumer.assign(partitions)
        consumer.pause(partitions)
        if any(each.partition == _FIRST for each in partitions):
            _, end = consumer.get_watermark_offsets(self._place, timeout=_ASK_SECONDS)
            self._held = TopicPartition(self._place.topic, _FIRST, end)

    def _on_revoke(self, _consumer: Any, _partitions: list[TopicPartition]) -> None:
        self._held = None

    def look(self, seconds: float = 0.0) -> bool:
        """Hear what the group has decided, and return whether this process is the one.

        Raises
        ------
        KafkaException
            If another process of this instance id is.
        """
        message = self._consumer.poll(seconds)
        if message is not None and (error := message.error()) is not None:
            if error.code() in _FENCED:
                raise KafkaException(KafkaError(KafkaError.FENCED_INSTANCE_ID))
            logger.debug("{}: {}", self._place.topic, error.str())
        return self._held is not None

    def require(self) -> None:
        """Return if this process is the one now.

        Raises
        ------
        PutOutError
            If another one is.
        KafkaException
            If nobody knows, since no broker answers; or another process of this instance id is the one.
        """
        if not self.look() or self._held is None:
            raise PutOutError("another process has the place of this one")
        for told in self._consumer.commit(offsets=[self._held], asynchronous=False) or ():
            if told.error is not None:
                raise KafkaException(told.error)

    def close(self) -> None:
        """Leave."""
        self._consumer.close()
