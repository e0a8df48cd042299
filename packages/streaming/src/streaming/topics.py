"""Topics of an application: contracts' messages inside, bytes and headers outside."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from quixstreams.models.serializers import Deserializer, Serializer
from quixstreams.models.topics import Topic, TopicConfig

from contracts.clock import Clock, SystemClock
from contracts.errors import BadSettingError
from contracts.message import Message
from contracts.topics import TopicSpec
from contracts.units import MS_PER_SECOND, US_PER_SECOND
from streaming.broker_address import is_embedded
from streaming.kafka.connection import COMPRESSION
from streaming.quix.topics import value_serializer
from streaming.service.intake import INGESTED_AT_US, PRODUCED_AT_US, Intake
from streaming.telemetry import metrics
from streaming.telemetry.audit import AuditLog

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame

    from streaming.dead_letters.writer import DeadLetters
    from streaming.service.application import ServiceApplication
    from streaming.settings import ServiceSettings


#: Kafka's greatest number: messages go by event time, the venue's or a simulated market's, and a broker would refuse
#: what is an hour ahead of its own clock. What is too far ahead of its venue is set aside by `trades`.
ANY_TIME = str(2**63 - 1)


class Topics(dict[str, Topic]):
    """An application's topics by the name of their spec, the place for what it cannot use, and its audit log."""

    dead_letters: DeadLetters
    audit: AuditLog


class KeyDeserializer(Deserializer):
    """Keys are text; decoding one begins the message's intake."""

    def __init__(self, intake: Intake) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._intake = intake

    def __call__(self, value: bytes, ctx: Any) -> str:
        self._intake.begin(ctx.headers)
        return value.decode()


class MessageDeserializer(Deserializer):
    """Decodes a value into the topic's message, and keeps the bytes in case they have to be set aside.

    Raises
    ------
    contracts.errors.BadMessageError
        When called with bytes that are no such message.
    """

    def __init__(self, spec: TopicSpec, intake: Intake, clock: Clock) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._decode = spec.decode
        self._intake = intake
        self._clock = clock
        self._consumed = metrics.MESSAGES_CONSUMED.labels(topic=spec.name)
        self._last_event_seconds = 0.0
        # Asked for when somebody looks: setting it for every message costs more.
        metrics.LAST_EVENT.labels(topic=spec.name).set_function(lambda: self._last_event_seconds)

    def __call__(self, value: bytes, ctx: Any) -> Message:
        intake = self._intake
        if intake.headers is not ctx.headers:  # a message without a key
            intake.begin(ctx.headers)
        intake.raw = value
        message = self._decode(value)
        now_us = self._clock.now_us()
        event_time_seconds = message.event_time_ms / MS_PER_SECOND
        self._consumed.inc()
        self._last_event_seconds = event_time_seconds
        metrics.EVENT_LAG.observe(now_us / US_PER_SECOND - event_time_seconds)
        if intake.ingested_at_us is not None:
            metrics.INGEST_LATENCY.observe((now_us - int(intake.ingested_at_us)) / US_PER_SECOND)
        return message


class MessageSerializer(Serializer):
    """Turns a message into its wire form, and says what its headers are."""

    def __init__(self, spec: TopicSpec, producer: str, intake: Intake, clock: Clock, audit: AuditLog) -> None:
        super().__init__()
        self._producer = producer
        self._intake = intake
        self._clock = clock
        self._note = audit.note
        stage = producer.partition("/")[0]
        self._stage_latency = metrics.STAGE_LATENCY.labels(stage)
        self._from_ingest_latency = metrics.FROM_INGEST_LATENCY.labels(stage)
        self._produced = metrics.MESSAGES_PRODUCED.labels(topic=spec.name)

    def __call__(self, value: Message, ctx: Any) -> bytes:
        self._produced.inc()
        self._note(value)
        return value.to_json()

    def headers(self, message: Message) -> list[tuple[str, bytes]]:
        """Return the headers of `message`: what it is, who made it and when, and when its cause entered the chain."""
        now_us, intake = self._clock.now_us(), self._intake
        if intake.produced_at_us is not None:
            self._stage_latency.observe((now_us - int(intake.produced_at_us)) / US_PER_SECOND)
        if intake.ingested_at_us is not None:
            self._from_ingest_latency.observe((now_us - int(intake.ingested_at_us)) / US_PER_SECOND)
        return message_headers(message, self._producer, now_us, intake.ingested_at_us)


def message_headers(
    message: Message, producer: str, now_us: int, ingested_at_us: bytes | None
) -> list[tuple[str, bytes]]:
    """Return the headers every message carries; wall-clock time lives here and never in a value."""
    headers = [*_fixed_headers(type(message), producer), (PRODUCED_AT_US, b"%d" % now_us)]
    if ingested_at_us is not None:
        headers.append((INGESTED_AT_US, ingested_at_us))
    return headers


@cache
def _fixed_headers(kind: type[Message], producer: str) -> tuple[tuple[str, bytes], ...]:
    return (
        ("schema", kind.schema_name.encode()),
        ("schema_version", str(kind.schema_version).encode()),
        ("producer", producer.encode()),
    )


@cache
def producer_name(service: str) -> str:
    """Return the service and its version, as headers name it.

    Examples
    --------
    >>> producer_name("no-such-service")
    'no-such-service/0'
    """
    try:
        return f"{service}/{version(f'tradestream-{service}')}"
    except PackageNotFoundError:
        return f"{service}/0"


def topic_config(spec: TopicSpec, settings: ServiceSettings) -> TopicConfig:
    """Return what `spec`'s topic is created with; on one machine one partition is enough for every topic."""
    kept = {"retention.ms": str(spec.retention_ms), "cleanup.policy": spec.cleanup_policy}
    if is_embedded(settings.broker_address):
        return TopicConfig(num_partitions=1, replication_factor=1, extra_config=kept)
    config = {**kept, "compression.type": COMPRESSION, "message.timestamp.after.max.ms": ANY_TIME}
    return TopicConfig(spec.partitions, settings.replication_factor, config)


def create_topic(
    app: ServiceApplication, spec: TopicSpec, settings: ServiceSettings, clock: Clock | None = None
) -> Topic:
    """Return `spec`'s topic in `app`; it is created on the broker if it is missing."""
    name, the_clock = producer_name(app.service), clock or SystemClock()
    return app.topic(
        spec.full_name(settings.environment),
        key_deserializer=KeyDeserializer(app.intake),
        key_serializer="str",
        value_deserializer=MessageDeserializer(spec, app.intake, the_clock),
        value_serializer=MessageSerializer(spec, name, app.intake, the_clock, app.audit),
        config=topic_config(spec, settings),
    )


def require_same_partitions(topics: Topics, *specs: TopicSpec) -> None:
    """Refuse inputs that cannot be joined by key: a key has to be in the same partition of each.

    Parameters
    ----------
    topics
        Of the application.
    specs
        Those that are read together.

    Raises
    ------
    BadSettingError
        If they differ in their number of partitions.
    """
    counts = {topics[spec.name].name: topics[spec.name].broker_config.num_partitions for spec in specs}
    if len(set(counts.values())) > 1:
        found = ", ".join(f"{name} with {count}" for name, count in counts.items())
        raise BadSettingError("partitions", "the same number for topics that are read together", found)


def publish(
    sdf: StreamingDataFrame, topic: Topic, key_of: Callable[[Any], str] = attrgetter("key")
) -> StreamingDataFrame:
    """Send each message of `sdf` to `topic`: keyed by its key, at its event time, with the headers it must have.

    Parameters
    ----------
    sdf
        Messages.
    topic
        From `create_topic`. Its messages are values of `sdf`.
    key_of
        The key of a message, where that is another one than its own.

    Returns
    -------
    StreamingDataFrame
        The messages, to go on with.

    Raises
    ------
    TypeError
        If `topic` is not of `create_topic`.
    """
    serializer = value_serializer(topic)
    if not isinstance(serializer, MessageSerializer):
        raise TypeError(f"publish: expected a topic of create_topic(), was {topic.name!r} with {serializer!r}")
    return (
        sdf.set_timestamp(lambda message, _key, _timestamp, _headers: message.event_time_ms)
        .set_headers(lambda message, _key, _timestamp, _headers: serializer.headers(message))
        .to_topic(topic, key=key_of)
    )
