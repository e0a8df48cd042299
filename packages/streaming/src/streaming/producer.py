"""Writing messages outside a topology."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from loguru import logger

from contracts.clock import Clock, SystemClock
from contracts.message import Message
from contracts.timestamps import iso_utc_ms
from contracts.topics import AUDIT_LOG, TopicSpec, dead_letters_spec
from contracts.units import MS_PER_SECOND, US_PER_MS
from streaming.broker_address import is_embedded
from streaming.dead_letters.dead_letter import Source, dead_letter_headers
from streaming.embedded.producer import EmbeddedProducer
from streaming.errors import NoAnswerError
from streaming.kafka.producer import KafkaProducer
from streaming.kafka.retry import asking_for
from streaming.log_client import open_client
from streaming.service.intake import INGESTED_AT_US
from streaming.settings import ServiceSettings
from streaming.telemetry import metrics
from streaming.telemetry.audit import AuditLog
from streaming.topics import message_headers, producer_name, topic_config

#: Reason of dead letters that a broker refused for their time, where a topic has a limit that is none of ours.
AHEAD_OF_LOG = "ahead-of-log"
#: What a broker says of a message it never takes.
_REFUSED_FOR_GOOD = (KafkaError.INVALID_TIMESTAMP, KafkaError.INVALID_RECORD)
_FULL_QUEUE_SECONDS = 0.1
#: How long a topic that has to be created first is asked for, unless it is said otherwise.
_LOOK_SECONDS = 30.0

_Sent = tuple[str, dict[str, Any]]


class MessageProducer:
    """Writes contracts' messages outside a topology; use `open_producer`.

    Parameters
    ----------
    settings
        Of the log.
    service
        Named in the headers.
    clock
        The wall clock, for headers.
    timeout_seconds
        How long Kafka may be away before a message is given up, infinity: for ever; librdkafka's five minutes by
        default.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        service: str,
        clock: Clock | None = None,
        timeout_seconds: float | None = None,
    ) -> None:
        self._settings = settings
        self._producer = _log_producer(settings, timeout_seconds)
        self._timeout_seconds = timeout_seconds
        self._purged = False
        self._audit = AuditLog(service, settings.instance_id, clock)
        self._service = service
        self._name = producer_name(service)
        self._clock = clock or SystemClock()
        self._known: dict[TopicSpec, str] = {}
        self._failure: KafkaError | None = None
        self._refused: list[tuple[str, _Sent]] = []
        self._doubted: list[_Sent] = []
        self._again: list[_Sent] = []

    def produce(
        self,
        spec: TopicSpec,
        message: Message,
        headers: Mapping[str, str | bytes | int] | None = None,
        key: str | None = None,
    ) -> None:
        """Write `message` to its topic; it is on the log within milliseconds, or after `flush`.

        Parameters
        ----------
        spec
            The topic.
        message
            One of its classes.
        headers
            Further headers. `ingested_at_us` defaults to now: this is where the message enters the chain.
        key
            Where that is another one than the message's own.

        Raises
        ------
        EmbeddedLogError, KafkaException
            If the log cannot take it, or could not take an earlier one.
        """
        now_us = self._clock.now_us()
        given = {name: _header_bytes(value) for name, value in (headers or {}).items()}
        entered = given.pop(INGESTED_AT_US, b"%d" % now_us)
        own: list[tuple[str, bytes | None]] = [*message_headers(message, self._name, now_us, entered)]
        own.extend(given.items())
        self._send(
            self._topic(spec),
            value=message.to_json(),
            key=(message.key if key is None else key).encode(),
            timestamp=message.event_time_ms,
            headers=own,
        )
        if spec.operational:
            return
        metrics.MESSAGES_PRODUCED.labels(topic=spec.name).inc()
        metrics.LAST_EVENT.labels(topic=spec.name).set(message.event_time_ms / MS_PER_SECOND)
        self._audit.note(message)
        for event in self._audit.take():
            self.produce(AUDIT_LOG, event)

    def dead_letter(self, key: str, value: bytes, *, reason: str, error: object, source: str) -> None:
        """Set aside what cannot be used, in its own words, on this service's dead-letter topic.

        Parameters
        ----------
        key, value, reason, error
            As `DeadLetters.send`.
        source
            Where it came from.
        """
        now_us = self._clock.now_us()
        self._send(
            self._topic(dead_letters_spec(self._service)),
            value=value,
            key=key.encode(),
            timestamp=now_us // US_PER_MS,
            headers=dead_letter_headers(self._service, reason, error, Source(source), now_us),
        )
        metrics.DEAD_LETTERS.labels(topic=source, reason=reason).inc()

    def send_bytes(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        *,
        timestamp_ms: int,
        headers: list[tuple[str, bytes | None]],
    ) -> None:
        """Write bytes, as they are, to a partition of a topic that exists.

        Parameters
        ----------
        topic, partition
            Where to: the topic's full name.
        key, value
            What is written.
        timestamp_ms
            The message's, event time.
        headers
            In this order.

        Raises
        ------
        EmbeddedLogError, KafkaException
            As `produce`.
        """
        self._send(
            topic,
            partition=partition,
            value=value,
            key=key,
            timestamp=timestamp_ms,
            headers=headers,
        )

    def _send(self, topic: str, **fields: Any) -> None:
        self._raise_failure()
        self._hand_over((topic, fields))

    def _hand_over(self, sent: _Sent, *, alone: bool = False) -> None:
        """Hand one message to the client; while its queue is full, wait for it."""
        topic, fields = sent
        on_delivery = partial(self._on_delivery, sent, alone)
        while True:
            try:
                self._producer.produce(topic, **fields, on_delivery=on_delivery)
                self._producer.poll(0)
                return
            except BufferError:
                self._producer.poll(_FULL_QUEUE_SECONDS)

    def _on_delivery(self, sent: _Sent, alone: bool, error: KafkaError | None, _: object) -> None:
        if error is None:
            return
        if error.code() == KafkaError._INVALID_DIFFERENT_RECORD:
            self._again.append(sent)
        elif error.code() not in _REFUSED_FOR_GOOD:
            self._failure = error
        elif alone:
            self._refused.append((error.str(), sent))
        else:
            self._doubted.append(sent)

    def _settle_refused(self) -> None:
        """Send again what a broker refused, and set aside what it refuses for itself.

        Of a batch with one message it does not take, librdkafka reports all with that one's error; so what is
        refused counts only where it was sent alone.
        """
        while self._again or self._doubted:
            again, self._again = self._again, []
            doubted, self._doubted = self._doubted, []
            for sent in again:
                self._hand_over(sent)
            for sent in doubted:
                self._producer.flush()
                self._hand_over(sent, alone=True)
            self._producer.flush()
        refused, self._refused = self._refused, []
        for words, (topic, fields) in refused:
            key = (fields["key"] or b"").decode(errors="replace")
            time = iso_utc_ms(fields["timestamp"])
            error = (
                f"{words}: {time}; if that is too far ahead of the broker's clock, make topics alters what it allows"
            )
            logger.error("{}: {} is set aside: {}", topic, key, error)
            self.dead_letter(key, fields["value"] or b"", reason=AHEAD_OF_LOG, error=error, source=topic)

    def _raise_failure(self) -> None:
        if self._refused or self._doubted or self._again:
            self._settle_refused()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise KafkaException(failure)

    def _topic(self, spec: TopicSpec) -> str:
        name = self._known.get(spec)
        if name is None:
            name = spec.full_name(self._settings.environment)
            patience_seconds = _LOOK_SECONDS if self._timeout_seconds is None else self._timeout_seconds
            asking_for(patience_seconds, lambda: self._purged)(self._create)(name, spec)
            self._known[spec] = name
        return name

    def _create(self, name: str, spec: TopicSpec) -> None:
        """Create a topic that is missing."""
        try:
            with open_client(self._settings) as client:
                client.create_topic(name, topic_config(spec, self._settings))
        except NoAnswerError as error:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT, str(error))) from error

    def flush(self) -> None:
        """Return when everything is on the log.

        Raises
        ------
        EmbeddedLogError, KafkaException
            If it cannot be.
        """
        self._producer.flush()
        while self._refused or self._doubted or self._again:
            self._settle_refused()
            self._producer.flush()
        self._raise_failure()

    def __len__(self) -> int:
        """Return how many messages the log has not taken yet."""
        return len(self._producer)

    def __bool__(self) -> bool:
        return True  # an empty one too

    def purge(self) -> None:
        """Drop what the log has not taken yet; whoever waits for it is told so."""
        self._purged = True
        self._producer.purge()

    def close(self) -> None:
        self.flush()
        self._producer.close()

    def abandon(self) -> None:
        """Let go of the log and drop what it has not taken yet."""
        self._producer.purge()
        self._producer.close()

    def __enter__(self) -> MessageProducer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_producer(
    settings: ServiceSettings, service: str, clock: Clock | None = None, *, timeout_seconds: float | None = None
) -> MessageProducer:
    """Return a producer, to be used as a context manager.

    Parameters
    ----------
    settings
        Of the log.
    service
        Who writes: part of the header `producer`.
    clock
        The wall clock, for headers.
    timeout_seconds
        A message that the log has not taken by then has failed, infinity: it waits for ever; by default the log's own
        patience.

    Returns
    -------
    MessageProducer
        Closed at the end of its block.

    Examples
    --------
    ::

        with open_producer(settings, "trades") as producer:
            producer.produce(TRADES, frame)
    """
    return MessageProducer(settings, service, clock, timeout_seconds)


def _log_producer(settings: ServiceSettings, timeout_seconds: float | None) -> EmbeddedProducer | KafkaProducer:
    """Return the log's own producer; a log of files takes a message at once or not at all, whatever the timeout."""
    if is_embedded(settings.broker_address):
        return EmbeddedProducer({"bootstrap.servers": settings.broker_address})
    return KafkaProducer(settings, timeout_seconds)


def _header_bytes(value: str | bytes | int) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
