"""The application factory: one address decides whether Kafka or the embedded log carries the topics."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confluent_kafka import TopicPartition
from quixstreams import Application
from quixstreams.kafka import ConnectionConfig
from quixstreams.models.topics import TopicManager
from quixstreams.state.rocksdb import RocksDBOptions

from contracts.clock import Clock
from streaming.dead_letters.writer import DeadLetters
from streaming.embedded.address import is_embedded, log_folder, require_local_filesystem
from streaming.embedded.application import EmbeddedApplication
from streaming.kafka.retry import commit_with_retry
from streaming.kafka.topics import KafkaTopicManager
from streaming.service.cached_state import CachingContext
from streaming.service.checkpoint_mark import CheckpointMark
from streaming.service.intake import Intake
from streaming.service.state_lock import sole_user_of
from streaming.telemetry.audit import AuditLog
from streaming.telemetry.progress import Progress
from streaming.topics import COMPRESSION

if TYPE_CHECKING:
    from streaming.settings import ServiceSettings

#: How soon a stopping service notices, on a silent topic.
_POLL_SECONDS = 0.1
#: Topics that are read in the order of time are read in batches, and librdkafka waits this long for a batch to fill,
#: twice for the last message there is: at 0.1 s a row came 160 ms after its candle.
_BATCH_SECONDS = 0.02
_MIB = 1024 * 1024
#: QuixStreams takes every I/O error at opening, a full disk too, for a lock that another process is about to release.
#: Ours die with their locks: the default of half a minute would only delay the message.
#: And it keeps what is written in memory until there are 64 MiB of it, and 128 MiB of write-ahead log, for each store
#: of each partition: eighteen stores grew for hours. The state itself is some 50 kB a pair.
_STATE_OPTIONS = RocksDBOptions(
    open_max_retries=3, open_retry_backoff=0.5, write_buffer_size=_MIB, max_total_wal_size=4 * _MIB
)


class ServiceApplication(Application):
    """An Application that knows its service, its dead letters and whether it is alive.

    Attributes
    ----------
    service
        Its name.
    intake
        The message in hand.
    dead_letters
        Where it sets aside what it cannot use.
    heartbeat_seconds
        When its loop last turned, on the monotonic clock; None before the first turn.
    stop_at_end
        Stop once every input has been read to its end: for tests and bounded jobs.
    checkpoint_mark
        Tells, after a kill, whether it struck inside a checkpoint.
    progress
        How far its loop has come.
    audit
        What it did that somebody may ask about.
    """

    service: str
    intake: Intake
    dead_letters: DeadLetters
    heartbeat_seconds: float | None = None
    stop_at_end: bool = False
    checkpoint_mark: CheckpointMark
    progress: Progress
    audit: AuditLog
    _processing_context: CachingContext

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._processing_context = CachingContext.like(self._processing_context)
        self._consumer.commit = commit_with_retry(self._consumer.commit)  # type: ignore[method-assign]

    def run(self, *args: Any, **options: Any) -> list[dict[str, Any]]:
        """Run as `Application.run` does, alone on its state, and leave a mark for as long as a checkpoint takes."""
        with self._alone():
            self.checkpoint_mark.report()
            self.checkpoint_mark.watch(self._processing_context)
            return super().run(*args, **options)

    def _get_topic_manager(self) -> TopicManager:
        self._topic_manager_factory = KafkaTopicManager
        return super()._get_topic_manager()

    def _alone(self) -> AbstractContextManager[None]:
        return sole_user_of(Path(self.config.state_dir), self.config.consumer_group)

    def _on_assign(self, consumer: Any, partitions: Any) -> None:
        super()._on_assign(consumer, partitions)
        self._processing_context.forget()
        self.progress.on_assign(self._of_input(partitions))

    def _on_revoke(self, consumer: Any, partitions: Any) -> None:
        try:
            super()._on_revoke(consumer, partitions)
        finally:
            self._processing_context.forget()
            self.progress.on_revoke(self._of_input(partitions))

    def _on_lost(self, consumer: Any, partitions: Any) -> None:
        self._processing_context.forget()
        self.progress.on_revoke(self._of_input(partitions))
        super()._on_lost(consumer, partitions)

    def _process_message(self, dataframe_composed: Any) -> None:
        super()._process_message(dataframe_composed)  # type: ignore[no-untyped-call]
        self.heartbeat_seconds = time.monotonic()
        if self.stop_at_end and not self._run_tracker._message_consumed and self._inputs_read():
            self.stop()

    def _of_input(self, partitions: list[TopicPartition]) -> list[tuple[str, int]]:
        return [(tp.topic, tp.partition) for tp in partitions if tp.topic in self._topic_manager.non_changelog_topics]

    def _inputs_read(self) -> bool:
        """Whether nothing is left on the inputs, after a poll that gave nothing."""
        if self._state_manager.recovery_required:
            return False
        data_topics = self._topic_manager.non_changelog_topics
        partitions = [tp for tp in self._consumer.assignment() if tp.topic in data_topics]
        return bool(partitions) and all(
            position.offset >= high or high == low
            for position in self._consumer.position(partitions)
            for low, high in [self._consumer.get_watermark_offsets(position)]
        )


class EmbeddedServiceApplication(ServiceApplication, EmbeddedApplication):
    """The same over the embedded log, where a group has one member anyway."""

    def _alone(self) -> AbstractContextManager[None]:
        return nullcontext()


def create_application(
    settings: ServiceSettings,
    service: str,
    *,
    clock: Clock | None = None,
    stop_at_end: bool = False,
    ends: bool = False,
    several_inputs: bool = False,
) -> ServiceApplication:
    """Return the application of `service` over the broker that `settings` name; nothing is connected yet.

    Parameters
    ----------
    ends
        It ends by itself and does not come back under this name: its partitions are free as soon as it has ended.
    several_inputs
        It reads more than one topic.

    Raises
    ------
    UnsuitableFolderError
        If the embedded log's folder is on a network file system.
    """
    intake = Intake()
    progress = Progress(intake)
    dead_letters = DeadLetters(service, intake, clock)
    dead_letters.on_set_aside = progress.on_set_aside
    poll_seconds = _BATCH_SECONDS if several_inputs else _POLL_SECONDS
    options: dict[str, Any] = {
        "consumer_group": settings.group_for(service),
        "auto_offset_reset": "earliest",
        "commit_interval": settings.commit_interval_seconds,
        "commit_every": settings.commit_every_messages,
        "state_dir": settings.state_dir_for(service),
        "processing_guarantee": settings.processing_guarantee,
        "consumer_poll_timeout": 0.0 if stop_at_end and is_embedded(settings.broker_address) else poll_seconds,
        "loglevel": None,
        "rocksdb_options": _STATE_OPTIONS,
        "on_consumer_error": dead_letters.on_consumer_error,
        "on_processing_error": dead_letters.on_processing_error,
        "on_producer_error": dead_letters.on_producer_error,
        "on_message_processed": progress.on_processed,
        **_client_options(settings, service, ends),
    }
    app: ServiceApplication
    if is_embedded(settings.broker_address):
        require_local_filesystem(log_folder(settings.broker_address))
        app = EmbeddedServiceApplication(settings.broker_address, **options)
    else:
        app = ServiceApplication(kafka_connection(settings), **options)
    app.service, app.intake, app.dead_letters, app.stop_at_end = service, intake, dead_letters, stop_at_end
    app.progress, app.audit = progress, AuditLog(service, settings.instance_id, clock)
    progress.recovering = lambda: app._state_manager.recovery_required
    app.checkpoint_mark = CheckpointMark(
        CheckpointMark.file_of(settings.state_dir_for(service), settings.group_for(service), settings.instance_id)
    )
    return app


def _client_options(settings: ServiceSettings, service: str, ends: bool) -> dict[str, Any]:
    """Stable identities, so that a restarted process is known at once instead of after a session timeout.

    A member with one does not leave its group when it ends: a job has none, nor has a pod, whose successor has
    another name, so whoever goes on need not wait.
    """
    identity = f"{settings.group_for(service)}-{settings.instance_id}"
    transactional = settings.processing_guarantee == "exactly-once"
    return {
        "consumer_extra_config": {
            **({"group.instance.id": identity} if settings.static_membership and not ends else {}),
            "session.timeout.ms": int(settings.session_timeout_seconds * 1_000),
            **KAFKA_CONSUMER_CONFIG,
        },
        "producer_extra_config": {
            **KAFKA_PRODUCER_CONFIG,
            # In a job or a transaction no message counts sooner for having been sent alone.
            **({"linger.ms": _BULK_LINGER_MS} if ends or transactional else {}),
            **({"transactional.id": identity} if transactional else {}),
        },
    }


#: Every client's. A broker that comes back at another address, as a pod does, is silent on the old one: librdkafka
#: would wait half a minute for an answer there, and then up to ten seconds before it looks again.
_RECONNECTING: dict[str, Any] = {"socket.connection.setup.timeout.ms": 3_000, "reconnect.backoff.max.ms": 1_000}

#: Every producer's: nothing is acknowledged before all in-sync replicas have it. Nothing waits for company either:
#: librdkafka's linger of 5 ms would be added by each of five services in turn. Under load messages still travel
#: together, those that come while a request is on its way.
KAFKA_PRODUCER_CONFIG: dict[str, Any] = {
    "acks": "all",
    "compression.type": COMPRESSION,
    "linger.ms": 0,
    **_RECONNECTING,
}
#: Where latency does not count: fewer and larger requests.
_BULK_LINGER_MS = 5

#: Backpressure: a service that is slower than its input keeps this much of it in memory and leaves the rest on the
#: broker, which stops being asked. librdkafka's own 64 MB would be most of a small container's memory. The queue's
#: limits are looked at before a fetch, and a fetch is counted as compressed: its megabyte of small messages would be
#: 50 MB in memory for each partition.
_BOUNDED_QUEUE: dict[str, Any] = {
    "queued.max.messages.kbytes": 16_384,
    "queued.min.messages": 10_000,
    "max.partition.fetch.bytes": 262_144,
}

#: Every consumer's. A broker answers the requests of a connection one after the other, so while an idle fetch waits
#: for messages everything else waits too. At librdkafka's 500 ms a service with three stores and six partitions,
#: which asks for the ends of eighteen changelogs when it starts, took twelve seconds to its first commit; now two.
KAFKA_CONSUMER_CONFIG: dict[str, Any] = {"fetch.wait.max.ms": 50, **_BOUNDED_QUEUE, **_RECONNECTING}


def kafka_connection(settings: ServiceSettings) -> ConnectionConfig:
    """Return how to reach the Kafka broker that `settings` name."""
    files = {
        "ssl_ca_location": settings.ssl_ca_location,
        "ssl_certificate_location": settings.ssl_certificate_location,
        "ssl_key_location": settings.ssl_key_location,
    }
    given: dict[str, Any] = {
        "security_protocol": settings.security_protocol,
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_username": settings.sasl_username,
        "sasl_password": settings.sasl_password,
        **{name: path and str(path) for name, path in files.items()},
        "ssl_key_password": settings.ssl_key_password,
    }
    return ConnectionConfig(
        bootstrap_servers=settings.broker_address,
        **{name: value for name, value in given.items() if value is not None},
    )
