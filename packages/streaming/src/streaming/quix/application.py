"""QuixStreams' Application with doors where a service has to come in."""

from __future__ import annotations

from typing import Any

from confluent_kafka import TopicPartition
from quixstreams import Application
from quixstreams.internal_consumer import InternalConsumer
from quixstreams.models.topics import TopicManager
from quixstreams.processing import ProcessingContext

from streaming.kafka.retry import commit_with_retry
from streaming.quix.processing import ServiceContext
from streaming.quix.topics import KafkaTopicManager


def consumer_of(app: Application) -> InternalConsumer:
    """Return the consumer from which the loop of `app` takes its messages."""
    return app._consumer


def context_of(app: Application) -> ProcessingContext:
    """Return what the loop of `app` commits through."""
    return app._processing_context


class HookedApplication(Application):
    """An Application that tells of its loop; a subclass says by `on_...` what it does then.

    Attributes
    ----------
    context
        Its offsets, checkpoints and producer.
    """

    context: ServiceContext

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.context = self._processing_context = ServiceContext.like(self._processing_context)
        self._consumer.commit = commit_with_retry(self._consumer.commit)  # type: ignore[method-assign]

    def on_turn(self, idle: bool) -> None:
        """The loop has turned; `idle`: there was no message."""

    def on_assigned(self, inputs: list[tuple[str, int]]) -> None:
        """Partitions of the inputs have come."""

    def on_released(self, inputs: list[tuple[str, int]]) -> None:
        """Partitions of the inputs have gone, or were lost."""

    @property
    def recovering(self) -> bool:
        """Whether state is being rebuilt."""
        return self._state_manager.recovery_required

    def inputs_read(self) -> bool:
        """Return whether nothing is left on the inputs, after a poll that gave nothing."""
        if self.recovering:
            return False
        partitions = [tp for tp in self._consumer.assignment() if self._is_input(tp)]
        return bool(partitions) and all(
            position.offset >= high or high == low
            for position in self._consumer.position(partitions)
            for low, high in [self._consumer.get_watermark_offsets(position)]
        )

    def leave_signals_alone(self) -> None:
        """Install no signal handlers when it runs."""
        self._setup_signal_handlers = lambda: None  # type: ignore[method-assign]

    def _get_topic_manager(self) -> TopicManager:
        self._topic_manager_factory = KafkaTopicManager
        return super()._get_topic_manager()

    def _on_assign(self, consumer: Any, partitions: Any) -> None:
        super()._on_assign(consumer, partitions)
        self.context.forget()
        self.on_assigned(self._inputs(partitions))

    def _on_revoke(self, consumer: Any, partitions: Any) -> None:
        try:
            super()._on_revoke(consumer, partitions)
        finally:
            self.context.forget()
            self.on_released(self._inputs(partitions))

    def _on_lost(self, consumer: Any, partitions: Any) -> None:
        self.context.forget()
        self.on_released(self._inputs(partitions))
        super()._on_lost(consumer, partitions)

    def _process_message(self, dataframe_composed: Any) -> None:
        super()._process_message(dataframe_composed)  # type: ignore[no-untyped-call]
        self.on_turn(not self._run_tracker._message_consumed)

    def _is_input(self, partition: TopicPartition) -> bool:
        return partition.topic in self._topic_manager.non_changelog_topics

    def _inputs(self, partitions: list[TopicPartition]) -> list[tuple[str, int]]:
        return [(tp.topic, tp.partition) for tp in partitions if self._is_input(tp)]
