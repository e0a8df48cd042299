"""QuixStreams' Application with doors where a service has to come in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confluent_kafka import OFFSET_END, TopicPartition
from quixstreams import Application
from quixstreams.internal_consumer import InternalConsumer
from quixstreams.models.topics import TopicManager
from quixstreams.processing import ProcessingContext

from streaming.kafka.retry import commit_with_retry
from streaming.quix.processing import ServiceContext
from streaming.quix.topics import KafkaTopicManager
from streaming.settings import BROKERS_AWAY_SECONDS


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
    patience_seconds
        How long it waits in place for brokers that are away.
    """

    context: ServiceContext
    patience_seconds: float

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.patience_seconds = options.get("broker_availability_timeout", BROKERS_AWAY_SECONDS)
        self.context = self._processing_context = ServiceContext.like(self._processing_context)
        self._consumer.commit = commit_with_retry(  # type: ignore[method-assign]
            self._consumer.commit, stopping=lambda: not self._run_tracker.running, seconds=self.patience_seconds
        )
        self._rebuilt = True

    def on_turn(self, idle: bool) -> None:
        """The loop has turned; `idle`: there was no message."""

    def starts_of(self, inputs: list[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        """Return where each of these partitions is read first, or raise; they are not assigned yet."""
        return {}

    def on_rebuilt(self) -> None:
        """State is as its changelog has it, and no message has been processed since partitions came."""

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

    def outgoing(self) -> Any:
        """Return the client whose messages Kafka may not have taken yet, None before there is one."""
        return self._producer._producer._inner_producer

    def drop_outgoing(self) -> None:
        """Drop what Kafka has not taken: whoever goes on where it was committed makes it again."""
        if (producer := self.outgoing()) is not None:
            producer.purge()
            producer.poll(0)

    def leave_signals_alone(self) -> None:
        """Install no signal handlers when it runs."""
        self._setup_signal_handlers = lambda: None  # type: ignore[method-assign]

    def _get_topic_manager(self) -> TopicManager:
        self._topic_manager_factory = KafkaTopicManager
        return super()._get_topic_manager()

    def go_on_at(self, starts: Mapping[tuple[str, int], int]) -> None:
        """Read partitions that are assigned from other offsets on."""
        for (topic, partition), offset in starts.items():
            self._consumer.seek(TopicPartition(topic, partition, offset))

    def _on_assign(self, consumer: Any, partitions: Any) -> None:
        if partitions:
            starts = self.starts_of(self._inputs(partitions))
            self.context.positions |= starts
            for tp in partitions:
                # Said, not left to the client: QuixStreams' alignment by time would wait for a committed offset that
                # the log no longer has. Changelogs are read from where their store says, later.
                tp.offset = starts.get((tp.topic, tp.partition), tp.offset) if self._is_input(tp) else OFFSET_END
        super()._on_assign(consumer, partitions)
        self.context.forget()
        # Taking partitions over takes long, and who is frozen meanwhile holds together what is of different times.
        self.context.look_after_long_work()
        # What needs no recovery may be processed by the very poll that this is called from.
        self._rebuilt = not self.recovering
        if self._rebuilt:
            self.on_rebuilt()
        self.on_assigned(self._inputs(partitions))

    def _on_revoke(self, consumer: Any, partitions: Any) -> None:
        try:
            super()._on_revoke(consumer, partitions)
        finally:
            self.context.forget()
            self.on_released(self._inputs(partitions))

    def _on_lost(self, consumer: Any, partitions: Any) -> None:
        self.context.drop()
        self.on_released(self._inputs(partitions))
        super()._on_lost(consumer, partitions)

    def _process_message(self, dataframe_composed: Any) -> None:
        if not self._rebuilt:
            self._rebuilt = True
            self.context.look_after_long_work()
            self.on_rebuilt()
        super()._process_message(dataframe_composed)  # type: ignore[no-untyped-call]
        self.on_turn(not self._run_tracker._message_consumed)

    def _is_input(self, partition: TopicPartition) -> bool:
        return partition.topic in self._topic_manager.non_changelog_topics

    def _inputs(self, partitions: list[TopicPartition]) -> list[tuple[str, int]]:
        return [(tp.topic, tp.partition) for tp in partitions if self._is_input(tp)]
