"""From settings to an application: one address decides whether Kafka or the embedded log carries the topics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from quixstreams.dataframe import StreamingDataFrame
from quixstreams.state.rocksdb import RocksDBOptions

from contracts.clock import Clock
from contracts.topics import TopicSpec
from streaming.broker_address import is_embedded, log_folder
from streaming.dead_letters.writer import DeadLetters
from streaming.embedded.filesystem import require_local_filesystem
from streaming.kafka.access import require_grants
from streaming.kafka.connection import (
    BULK_LINGER_MS,
    KAFKA_CONSUMER_CONFIG,
    KAFKA_PRODUCER_CONFIG,
    group_config,
    kafka_connection,
    patience_config,
    transaction_config,
)
from streaming.kafka.fence import Fence
from streaming.log_client import open_client
from streaming.quix.application import consumer_of
from streaming.recovery.start import Recovery
from streaming.service.application import EmbeddedServiceApplication, ServiceApplication
from streaming.service.checkpoint_mark import CheckpointMark
from streaming.service.intake import Intake
from streaming.settings import ServiceSettings, SettingsT
from streaming.telemetry.audit import AuditLog
from streaming.telemetry.progress import Progress
from streaming.topics import Topics, create_topic

Topology = Callable[[dict[str, StreamingDataFrame], Topics, SettingsT], Any]

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
STATE_OPTIONS = RocksDBOptions(
    open_max_retries=3,
    open_retry_backoff=0.5,
    write_buffer_size=_MIB,
    max_total_wal_size=4 * _MIB,
    on_corrupted_recreate=True,
    use_fsync=True,
)


def assemble(
    settings: SettingsT,
    *,
    service: str,
    inputs: Sequence[TopicSpec],
    outputs: Sequence[TopicSpec],
    topology: Topology[SettingsT],
    clock: Clock | None = None,
    stop_at_end: bool = False,
    ends: bool = False,
) -> ServiceApplication:
    """Return the application with its topics created and its topology laid out, ready to run."""
    if not is_embedded(settings.broker_address):
        require_grants(settings, service, [*inputs, *outputs])
    app = create_application(settings, service, inputs=inputs, clock=clock, stop_at_end=stop_at_end, ends=ends)
    app.dead_letters.attach(app, settings)
    topics = Topics()
    topics.dead_letters, topics.audit = app.dead_letters, app.audit
    for spec in (*inputs, *outputs):
        if spec.name not in topics:
            topics[spec.name] = create_topic(app, spec, settings, clock)
    frames = {spec.name: app.dataframe(topics[spec.name]) for spec in inputs}
    topology(frames, topics, settings)
    return app


def create_application(
    settings: ServiceSettings,
    service: str,
    *,
    clock: Clock | None = None,
    stop_at_end: bool = False,
    ends: bool = False,
    inputs: Sequence[TopicSpec] = (),
) -> ServiceApplication:
    """Return the application of `service` over the broker that `settings` name; nothing is connected yet.

    Parameters
    ----------
    ends
        It ends by itself and does not come back under this name: its partitions are free as soon as it has ended.
    inputs
        What it reads.

    Raises
    ------
    UnsuitableFolderError
        If the embedded log's folder is on a network file system.
    """
    intake = Intake()
    progress = Progress(intake)
    dead_letters = DeadLetters(service, intake, clock)
    dead_letters.on_set_aside = progress.on_set_aside
    poll_seconds = _BATCH_SECONDS if len(inputs) > 1 else _POLL_SECONDS
    options: dict[str, Any] = {
        "consumer_group": settings.group_for(service),
        "auto_offset_reset": "error",
        "broker_availability_timeout": settings.broker_patience_seconds,
        "auto_recover_from_source_offset_out_of_range": False,
        "commit_interval": settings.commit_interval_seconds,
        "commit_every": settings.commit_every_messages,
        "use_changelog_topics": True,
        "state_dir": settings.state_dir_for(service),
        "processing_guarantee": settings.processing_guarantee,
        "consumer_poll_timeout": 0.0 if stop_at_end and is_embedded(settings.broker_address) else poll_seconds,
        "loglevel": None,
        "rocksdb_options": STATE_OPTIONS,
        "on_consumer_error": lambda *given: app.on_consumer_error(*given),
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
        app.context.fence = Fence(consumer_of(app), settings.session_timeout_seconds / 2)
    app.service, app.intake, app.dead_letters, app.stop_at_end = service, intake, dead_letters, stop_at_end
    app.recovery = Recovery(settings, service, inputs, open_client)
    app.progress, app.audit = progress, AuditLog(service, settings.instance_id, clock)
    progress.recovering = lambda: app.recovering
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
            **group_config(settings.session_timeout_seconds, settings.broker_patience_seconds),
            **KAFKA_CONSUMER_CONFIG,
        },
        "producer_extra_config": {
            **KAFKA_PRODUCER_CONFIG,
            **patience_config(settings.broker_patience_seconds),
            # In a job or a transaction no message counts sooner for having been sent alone.
            **({"linger.ms": BULK_LINGER_MS} if ends or transactional else {}),
            **(
                transaction_config(identity, settings.commit_interval_seconds, settings.broker_patience_seconds)
                if transactional
                else {}
            ),
        },
    }
