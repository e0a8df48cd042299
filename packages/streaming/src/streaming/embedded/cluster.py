"""The embedded log as a cluster of one broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confluent_kafka.admin import ClusterMetadata, PartitionMetadata, TopicMetadata

if TYPE_CHECKING:
    from streaming.embedded.log import EmbeddedLog

_BROKER_ID = 0


def cluster_metadata(log: EmbeddedLog, topic: str | None = None) -> ClusterMetadata:
    """Describe the log as a cluster of one broker."""
    cluster = ClusterMetadata()
    cluster.cluster_id = str(log.folder)
    cluster.controller_id = cluster.orig_broker_id = _BROKER_ID
    for name in log.topic_names():
        if topic is not None and name != topic:
            continue
        described = TopicMetadata()
        described.topic = name
        for number in range(log.topic(name).partitions):
            partition = PartitionMetadata()
            partition.id = number
            partition.leader = _BROKER_ID
            partition.replicas = partition.isrs = [_BROKER_ID]
            described.partitions[number] = partition
        cluster.topics[name] = described
    return cluster
