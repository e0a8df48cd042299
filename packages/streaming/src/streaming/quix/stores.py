"""QuixStreams' state stores, partition by partition, and the marks in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from quixstreams import Application
from quixstreams.processing import ProcessingContext

from streaming.recovery.marks import COLUMN_FAMILY, KEY, Mark


@dataclass(frozen=True)
class StoreOfPartition:
    """One store of one partition, open.

    Attributes
    ----------
    name, changelog
        Of the store and of its changelog.
    topics
        The inputs that its state is made of.
    partition
        QuixStreams' own.
    """

    name: str
    changelog: str
    topics: tuple[str, ...]
    partition: Any

    def changelog_offset(self) -> int | None:
        """Return the newest entry of the changelog that the folder holds."""
        offset: int | None = self.partition.get_changelog_offset()
        return offset

    def mark(self) -> Mark | None:
        """Return the mark in the folder."""
        value = self.partition.begin().get(KEY, prefix=b"", cf_name=COLUMN_FAMILY)
        return None if value is None else Mark.of(value)


def stores_of(app: Application, topic: str, partition: int) -> Iterator[StoreOfPartition]:
    """Yield the stores of what `app` makes of a partition; they are opened if they are not yet."""
    registry, changelogs = app._dataframe_registry, app._topic_manager.changelog_topics
    for stream_id in registry.get_stream_ids(topic):
        topics = tuple(registry.get_topics_for_stream_id(stream_id))
        for name, store in app._state_manager.stores.get(stream_id, {}).items():
            changelog = changelogs[stream_id][name].name
            yield StoreOfPartition(name, changelog, topics, store.assign_partition(partition))


def mark_stores(
    context: ProcessingContext, positions: Mapping[tuple[str, int], int], topic_ids: Mapping[str, str]
) -> dict[tuple[str, int], int]:
    """Note in every store that the open checkpoint is about where it will stand; return that.

    Parameters
    ----------
    positions
        Where the checkpoint began, by topic and partition.
    topic_ids
        What tells each topic from another of its name.
    """
    checkpoint, registry = context.checkpoint, context.dataframe_registry
    reached = {place: offset + 1 for place, offset in checkpoint._tp_offsets.items()}
    for stream_id, stores in context.state_manager.stores.items():
        topics = registry.get_topics_for_stream_id(str(stream_id))
        for partition in {partition for topic, partition in reached if topic in topics}:
            began = {topic: positions[topic, partition] for topic in topics if (topic, partition) in positions}
            after = began | {topic: reached[topic, partition] for topic in topics if (topic, partition) in reached}
            ids = {topic: topic_ids[topic] for topic in topics if topic in topic_ids}
            value = Mark(began, after, ids, tuple(stores)).as_value()
            for name, store in stores.items():
                if partition in store.partitions:
                    transaction = checkpoint.get_store_transaction(str(stream_id), partition, name)
                    transaction.set(KEY, value, prefix=b"", cf_name=COLUMN_FAMILY)
    return reached
