"""QuixStreams' Application as the services use it, over Kafka and over the embedded log."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confluent_kafka import TopicPartition
from quixstreams import Application
from quixstreams.models.topics import TopicManager

from streaming.dead_letters.writer import DeadLetters
from streaming.embedded.application import EmbeddedApplication
from streaming.kafka.retry import commit_with_retry
from streaming.kafka.topics import KafkaTopicManager
from streaming.service.cached_state import CachingContext
from streaming.service.checkpoint_mark import CheckpointMark
from streaming.service.intake import Intake
from streaming.service.state_lock import sole_user_of
from streaming.telemetry.audit import AuditLog
from streaming.telemetry.progress import Progress

if TYPE_CHECKING:
    pass


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
