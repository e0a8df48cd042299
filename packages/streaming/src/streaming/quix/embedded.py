"""QuixStreams' Application over the embedded log: the same code, other clients."""

from __future__ import annotations

from typing import Any

from quixstreams import Application
from quixstreams.internal_consumer import InternalConsumer
from quixstreams.internal_producer import InternalProducer
from quixstreams.kafka import Consumer, Producer
from quixstreams.models.topics import TopicAdmin, TopicManager
from quixstreams.models.topics.exceptions import CreateTopicFailure

from streaming.embedded.admin import EmbeddedAdminClient
from streaming.embedded.consumer import EmbeddedConsumer
from streaming.embedded.link import ClientLink
from streaming.embedded.producer import EmbeddedProducer


class _EmbeddedProducerMixin:
    """Connects to the log on first use, in whichever process that is (Sources have their own)."""

    link: ClientLink | None = None
    _producer_config: dict[str, Any]
    _inner_producer: Any
    _transactional: bool

    @property
    def _producer(self) -> EmbeddedProducer:
        if self._inner_producer is None:
            self._inner_producer = EmbeddedProducer(self._producer_config, self.link)
            if self._transactional:
                self._inner_producer.init_transactions()
        producer: EmbeddedProducer = self._inner_producer
        return producer


class LogProducer(_EmbeddedProducerMixin, Producer):
    """`quixstreams.kafka.Producer` over the log."""

    def flush(self, timeout: float | None = None) -> int:
        return super().flush(timeout) if self.instantiated else 0

    def disconnect(self) -> None:
        """Let go of the log until the producer is used again."""
        if self._inner_producer is not None:
            if self.link is not None:
                self.link.leave(self._inner_producer)
            self._inner_producer.release()
            self._inner_producer = None


class _EmbeddedConsumerMixin:
    link: ClientLink | None = None
    _consumer_config: dict[str, Any]
    _inner_consumer: Any

    @property
    def _consumer(self) -> EmbeddedConsumer:
        if self._inner_consumer is None:
            self._inner_consumer = EmbeddedConsumer(self._consumer_config, self.link)
        consumer: EmbeddedConsumer = self._inner_consumer
        return consumer


class LogConsumer(_EmbeddedConsumerMixin, Consumer):
    """`quixstreams.kafka.Consumer` over the log."""


class LogInternalConsumer(_EmbeddedConsumerMixin, InternalConsumer):
    """The application's own consumer over the log."""


class LogInternalProducer(InternalProducer):
    """The application's own producer over the log."""

    def __init__(self, link: ClientLink | None, **options: Any) -> None:
        super().__init__(**options)
        producer_options = {
            name: options[name]
            for name in ("broker_address", "extra_config", "flush_timeout", "transactional")
            if name in options
        }
        self._producer: LogProducer = LogProducer(**producer_options)
        self._producer.link = link


class LogTopicAdmin(TopicAdmin):
    """`TopicAdmin` over the log."""

    @property
    def admin_client(self) -> Any:
        if self._inner_admin is None:
            self._inner_admin = EmbeddedAdminClient(self._config)
        return self._inner_admin

    def _finalize_create(self, futures: Any, finalize_timeout: float = 60) -> None:
        """Topics exist when `create_topics` returns: no need to wait a second for each."""
        for name, future in futures.items():
            error = future.exception()
            if error is not None and "exists" not in str(error):
                raise CreateTopicFailure(f"Failed to create topic {name!r}: {error}") from error


class EmbeddedApplication(Application):
    """An Application whose `broker_address` is `embedded://<folder>`.

    Everything that talks to a broker is replaced, nothing else: windows, state, changelogs, checkpoints, transactions
    and Sources are QuixStreams' own.
    """

    def __init__(self, broker_address: str, **options: Any) -> None:
        # Only the clients made in the constructor are the application's own; those made later belong to Sources,
        # which run in processes of their own.
        self._link: ClientLink | None = ClientLink()
        self._own_producers: list[LogProducer] = []
        super().__init__(broker_address, **options)
        self._link = None

    def run(self, *args: Any, **options: Any) -> list[dict[str, Any]]:
        """Run as `Application.run` does, then let go of the log: another process may go on."""
        try:
            collected = super().run(*args, **options)
            for producer in self._own_producers:
                producer.flush()
            return collected
        finally:
            for producer in self._own_producers:
                producer.disconnect()

    def _get_topic_manager(self) -> TopicManager:
        return TopicManager(
            topic_admin=LogTopicAdmin(
                broker_address=self._config.broker_address, extra_config=self._config.producer_extra_config
            ),
            consumer_group=self._config.consumer_group,
            timeout=self._config.request_timeout,
            create_timeout=self._config.topic_create_timeout,
            auto_create_topics=self._config.auto_create_topics,
        )

    def _get_internal_producer(self, on_error: Any = None, transactional: bool | None = None) -> LogInternalProducer:
        if transactional is None:
            transactional = self._config.exactly_once
        producer = LogInternalProducer(
            self._link,
            broker_address=self._config.broker_address,
            extra_config=self._producer_config(transactional),
            flush_timeout=self._config.flush_timeout,
            on_error=on_error,
            transactional=transactional,
        )
        if self._link is not None:
            self._own_producers.append(producer._producer)
        return producer

    def _get_internal_consumer(self, on_error: Any = None, extra_config_overrides: Any = None) -> LogInternalConsumer:
        consumer = LogInternalConsumer(
            broker_address=self._config.broker_address,
            consumer_group=self._config.consumer_group,
            auto_offset_reset=self._config.auto_offset_reset,
            auto_commit_enable=False,
            max_partition_buffer_size=self._config.max_partition_buffer_size,
            extra_config={**self._config.consumer_extra_config, **(extra_config_overrides or {})},
            on_error=on_error,
        )
        consumer.link = self._link
        return consumer

    def get_producer(self, transactional: bool = False) -> LogProducer:
        """Return a producer for use outside the topology; a transactional one needs an id of its own."""
        return LogProducer(
            broker_address=self._config.broker_address,
            extra_config=self._producer_config(transactional),
            transactional=transactional,
        )

    def get_consumer(self, auto_commit_enable: bool = True) -> LogConsumer:
        return LogConsumer(
            broker_address=self._config.broker_address,
            consumer_group=self._config.consumer_group,
            auto_offset_reset=self._config.auto_offset_reset,
            auto_commit_enable=auto_commit_enable,
            extra_config=self._config.consumer_extra_config,
        )

    def _producer_config(self, transactional: bool) -> dict[str, Any]:
        config = dict(self._config.producer_extra_config)
        if not transactional:
            config.pop("transactional.id", None)
        return config
