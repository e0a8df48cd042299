"""Plain clients for tools and services without a topology: write, read a topic to its end, see who is behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from quixstreams.models.topics import TopicConfig

from contracts.clock import Clock, SystemClock
from contracts.message import Message
from contracts.topics import AUDIT_LOG, TopicSpec, dead_letters_name, dead_letters_spec
from contracts.units import US_PER_MS
from streaming.dead_letters.dead_letter import Source, dead_letter_headers
from streaming.embedded.address import is_embedded
from streaming.embedded.client import EmbeddedClient
from streaming.kafka.client import KafkaClient
from streaming.record import Record
from streaming.service.intake import INGESTED_AT_US
from streaming.settings import ServiceSettings
from streaming.telemetry import metrics
from streaming.telemetry.audit import AuditLog
from streaming.topics import message_headers, producer_name, topic_config

_FULL_QUEUE_SECONDS = 0.1
_MS_PER_SECOND = 1_000


class MessageProducer:
    """Writes contracts' messages outside a topology; use `open_producer`.

    Parameters
    ----------
    service
        Named in the headers.
    patience_seconds
        How long Kafka may be away before a message is given up; librdkafka's five minutes by default.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        service: str,
        clock: Clock | None = None,
        patience_seconds: float | None = None,
    ) -> None:
        self._settings = settings
        self._client = _client(settings)
        self._producer: Any = self._client.producer(patience_seconds)
        self._audit = AuditLog(service, settings.instance_id, clock)
        self._service = service
        self._name = producer_name(service)
        self._clock = clock or SystemClock()
        self._known: dict[TopicSpec, str] = {}
        self._failure: KafkaError | None = None

    def produce(
        self, spec: TopicSpec, message: Message, headers: Mapping[str, str | bytes | int] | None = None
    ) -> None:
        """Write `message` to its topic; it is on the log within milliseconds, or after `flush`.

        Parameters
        ----------
        headers
            Further headers. `ingested_at_us` defaults to now: this is where the message enters the chain.

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
            key=message.key.encode(),
            timestamp=message.event_time_ms,
            headers=own,
            on_delivery=self._on_delivery,
        )
        if spec.operational:
            return
        metrics.MESSAGES_PRODUCED.labels(topic=spec.name).inc()
        metrics.LAST_EVENT.labels(topic=spec.name).set(message.event_time_ms / _MS_PER_SECOND)
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
            on_delivery=self._on_delivery,
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
            on_delivery=self._on_delivery,
        )

    def _send(self, topic: str, **fields: Any) -> None:
        """Hand over one message; while the client's queue is full, wait for it."""
        self._raise_failure()
        while True:
            try:
                self._producer.produce(topic, **fields)
                self._producer.poll(0)
                return
            except BufferError:
                self._producer.poll(_FULL_QUEUE_SECONDS)

    def _on_delivery(self, error: KafkaError | None, _: object) -> None:
        if error is not None:
            self._failure = error

    def _raise_failure(self) -> None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise KafkaException(failure)

    def _topic(self, spec: TopicSpec) -> str:
        name = self._known.get(spec)
        if name is None:
            create_topics(self._settings, [spec])
            name = self._known[spec] = spec.full_name(self._settings.environment)
        return name

    def flush(self) -> None:
        """Return when everything is on the log.

        Raises
        ------
        EmbeddedLogError, KafkaException
            If it cannot be.
        """
        self._producer.flush()
        self._raise_failure()

    def close(self) -> None:
        self.flush()
        self._client.close()

    def abandon(self) -> None:
        """Let go of the log and drop what it has not taken yet."""
        self._producer.purge()
        self._client.close()

    def __enter__(self) -> MessageProducer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_producer(
    settings: ServiceSettings, service: str, clock: Clock | None = None, *, patience_seconds: float | None = None
) -> MessageProducer:
    """Return a producer, to be used as a context manager.

    Examples
    --------
    ::

        with open_producer(settings, "trades") as producer:
            producer.produce(TRADES, frame)
    """
    return MessageProducer(settings, service, clock, patience_seconds)


def create_topics(settings: ServiceSettings, specs: Sequence[TopicSpec]) -> None:
    """Create those topics that do not exist yet."""
    create_named_topics(
        settings, {spec.full_name(settings.environment): topic_config(spec, settings) for spec in specs}
    )


def create_named_topics(settings: ServiceSettings, configs: Mapping[str, TopicConfig]) -> None:
    """Create those topics that do not exist yet, by their full names."""
    with _client(settings) as client:
        for name, config in configs.items():
            client.create_topic(name, config)


def read_topic(
    settings: ServiceSettings, spec: TopicSpec, from_offsets: Mapping[int, int] | None = None
) -> Iterator[Record]:
    """Yield what is on a topic, up to where it ends now; one partition after the other.

    Needs no consumer group and disturbs none. A topic that does not exist is empty.

    Parameters
    ----------
    from_offsets
        First offset per partition; from the beginning where none is given.
    """
    return _read(settings, spec.full_name(settings.environment), spec, from_offsets)


def read_dead_letters(
    settings: ServiceSettings, service: str, from_offsets: Mapping[int, int] | None = None
) -> Iterator[Record]:
    """Yield the dead letters of `service`: original bytes, reason and origin in the headers."""
    return _read(settings, dead_letters_name(service, settings.environment), None, from_offsets)


def _read(
    settings: ServiceSettings, topic: str, spec: TopicSpec | None, from_offsets: Mapping[int, int] | None
) -> Iterator[Record]:
    with _client(settings) as client:
        for partition, (low, high) in sorted(client.watermarks(topic).items()):
            start = max((from_offsets or {}).get(partition, low), low)
            yield from client.read(topic, partition, start, high, spec)


def end_offsets(settings: ServiceSettings, spec: TopicSpec) -> dict[int, int]:
    """Return where each partition ends; {} if the topic does not exist."""
    with _client(settings) as client:
        marks = client.watermarks(spec.full_name(settings.environment))
        return {partition: high for partition, (_, high) in marks.items()}


def committed_offsets(settings: ServiceSettings, group: str, spec: TopicSpec) -> dict[int, int]:
    """Return the offset `group` reads next, per partition on which it has committed one."""
    with _client(settings) as client:
        topic = spec.full_name(settings.environment)
        return client.committed(group, topic, sorted(client.watermarks(topic)))


def commit_offsets(settings: ServiceSettings, group: str, spec: TopicSpec, offsets: Mapping[int, int]) -> None:
    """Set where `group` reads next: for handing a topic over from one group to another.

    Raises
    ------
    GroupTakenError
        If the group is consuming (embedded log).
    """
    with _client(settings) as client:
        client.commit(group, spec.full_name(settings.environment), offsets)


def lag(settings: ServiceSettings, group: str, spec: TopicSpec) -> int:
    """Return how many messages `group` has not committed yet: 0 once it has drained the topic."""
    with _client(settings) as client:
        topic = spec.full_name(settings.environment)
        marks = client.watermarks(topic)
        committed = client.committed(group, topic, sorted(marks))
        return sum(
            client.unread(topic, partition, max(committed.get(partition, low), low), high)
            for partition, (low, high) in marks.items()
        )


def _client(settings: ServiceSettings) -> EmbeddedClient | KafkaClient:
    return EmbeddedClient(settings) if is_embedded(settings.broker_address) else KafkaClient(settings)


def _header_bytes(value: str | bytes | int) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
