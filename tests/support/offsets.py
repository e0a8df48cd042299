"""Committing a group's offsets from outside, as nothing in the product does."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import Consumer, TopicPartition

from contracts.topics import TopicSpec
from streaming.broker_address import is_embedded
from streaming.embedded.consumer import EmbeddedConsumer
from streaming.kafka.connection import kafka_connection
from streaming.settings import ServiceSettings


def commit_offsets(settings: ServiceSettings, group: str, spec: TopicSpec, offsets: Mapping[int, int]) -> None:
    """Set where `group` reads next."""
    topic = spec.full_name(settings.environment)
    consumer: Consumer | EmbeddedConsumer
    if is_embedded(settings.broker_address):
        consumer = EmbeddedConsumer({"bootstrap.servers": settings.broker_address, "group.id": group})
    else:
        consumer = Consumer({**kafka_connection(settings).as_librdkafka_dict(), "group.id": group})
    wanted = [TopicPartition(topic, partition, offset) for partition, offset in offsets.items()]
    consumer.commit(offsets=wanted, asynchronous=False)
    consumer.close()
