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
_AWAY = (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT)
_FENCED = (KafkaError.FENCED_INSTANCE_ID, KafkaError._FENCED, KafkaError._FATAL)


class KafkaLease:
    """One's place in a group; another process of the same instance id puts this one out.

    When brokers come back, a request to join that was sent again puts out the one that was sent before: then it was
    this process itself, which joins once more. It begins with nothing held, so nobody acts on a place that is lost;
    and if it was another process after all, the group has one of both, and the other one ends.

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
        self._lost = False
        self._were_away = False
        self._config = {
            **kafka_connection(settings).as_librdkafka_dict(),
            **KAFKA_CONSUMER_CONFIG,
            **group_config(settings.session_timeout_seconds, settings.broker_patience_seconds),
            "group.id": group,
            "group.instance.id": f"{group}-{settings.instance_id}",
            "enable.auto.commit": False,
            "log_level": 0,
            "error_cb": self._on_error,
        }
        self._consumer = self._joined()

    def _joined(self) -> Consumer:
        consumer = Consumer(self._config)
        consumer.subscribe(
            [self._place.topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
        )
        return consumer

    def _on_error(self, error: KafkaError) -> None:
        self._were_away |= error.code() in _AWAY

    def _on_assign(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        consumer.assign(partitions)
        consumer.pause(partitions)
        if any(each.partition == _FIRST for each in partitions):
            _, end = consumer.get_watermark_offsets(self._place, timeout=_ASK_SECONDS)
            self._held = TopicPartition(self._place.topic, _FIRST, end)

    def _on_revoke(self, _consumer: Any, _partitions: list[TopicPartition]) -> None:
        self._lost |= self._held is not None
        self._held = None

    def look(self, seconds: float = 0.0) -> bool:
        """Hear what the group has decided, and return whether this process has been the one since it looked last.

        One poll can hear that the place is lost and that it is this process's again: between them another may act.

        Raises
        ------
        KafkaException
            If another process of this instance id is.
        """
        message = self._consumer.poll(seconds)
        if message is not None and (error := message.error()) is not None:
            self._on_error(error)
            if error.code() in _FENCED:
                self._join_again(error)
            logger.debug("{}: {}", self._place.topic, error.str())
        lost, self._lost = self._lost, False
        return self._held is not None and not lost

    def require(self) -> None:
        """Return if this process is the one now.

        Raises
        ------
        PutOutError
            If another one is, or was while no broker was there.
        KafkaException
            If nobody knows, since no broker answers; or another process of this instance id is the one.
        """
        if not self.look() or self._held is None:
            raise PutOutError("another process has the place of this one")
        try:
            for told in self._consumer.commit(offsets=[self._held], asynchronous=False) or ():
                if told.error is not None:
                    raise KafkaException(told.error)
        except KafkaException as error:
            if error.args[0].code() not in _FENCED:
                raise
            self._join_again(error.args[0])
            raise PutOutError("the place in the group was lost while no broker was there") from error
        self._were_away = False

    def _join_again(self, error: KafkaError) -> None:
        """Join as another member, if it may have been this process itself that put this one out.

        Raises
        ------
        KafkaException
            If no broker was away: it was another process.
        """
        self._held = None
        if not self._were_away:
            raise KafkaException(KafkaError(KafkaError.FENCED_INSTANCE_ID))
        self._were_away = False
        logger.warning("joining the group anew, since Kafka was away: {}", error.str())
        self._consumer.close()
        self._consumer = self._joined()

    def close(self) -> None:
        """Leave."""
        self._consumer.close()
