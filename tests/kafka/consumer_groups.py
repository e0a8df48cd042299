"""Who shares a consumer group's partitions, as the broker sees it."""

from __future__ import annotations

from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient
from tests.support.waiting import wait_for

from contracts.topics import TopicSpec


def partitions_of(admin: AdminClient, group: str, topic: str) -> dict[str, set[int]]:
    """Return the partitions of `topic` by instance; nothing while the group begins or is rebalancing."""
    try:
        described = admin.describe_consumer_groups([group])[group].result()
    except KafkaException:
        return {}
    if described.state is not ConsumerGroupState.STABLE:
        return {}
    return {
        member.group_instance_id.removeprefix(f"{group}-"): {
            each.partition for each in member.assignment.topic_partitions if each.topic == topic
        }
        for member in described.members
    }


def wait_for_replicas(
    admin: AdminClient, service: str, spec: TopicSpec, environment: str, instances: set[str]
) -> dict[str, set[int]]:
    """Return each instance's partitions once exactly these share all of them, each with some."""
    group, topic = f"{service}-{environment}", spec.full_name(environment)
    found: dict[str, set[int]] = {}

    def shared() -> bool:
        found.clear()
        found.update(partitions_of(admin, group, topic))
        return set(found) == instances and all(found.values())

    wait_for(shared, f"{group} to be shared by {sorted(instances)}", 90.0)
    return found
