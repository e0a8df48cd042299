"""An admin client that answers like `confluent_kafka.admin.AdminClient`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import ClusterMetadata

from streaming.embedded.cluster import cluster_metadata
from streaming.embedded.errors import EmbeddedLogError
from streaming.embedded.log import EmbeddedLog
from streaming.embedded.topic_log import TopicSettings


class EmbeddedAdminClient:
    """Creates, describes and deletes topics of an embedded log.

    Parameters
    ----------
    config
        librdkafka's names; only `bootstrap.servers` matters.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._log = EmbeddedLog.at(config["bootstrap.servers"])

    def poll(self, timeout: float = 0) -> int:
        return 0

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> ClusterMetadata:
        return cluster_metadata(self._log, topic)

    def create_topics(self, new_topics: Iterable[Any], **_: Any) -> dict[str, Future[None]]:
        """Create topics; a topic that exists fails with TOPIC_ALREADY_EXISTS, as in Kafka."""
        return {new.topic: _outcome(self._create, new) for new in new_topics}

    def _create(self, new: Any) -> None:
        config = new.config or {}
        settings = TopicSettings(
            partitions=max(new.num_partitions, 1),
            retention_ms=int(config.get("retention.ms", -1)),
            cleanup_policy=str(config.get("cleanup.policy", "delete")),
        )
        if not self._log.create_topic(new.topic, settings):
            raise KafkaException(KafkaError(KafkaError.TOPIC_ALREADY_EXISTS, f"topic {new.topic!r} exists"))

    def delete_topics(self, topics: Iterable[str], **_: Any) -> dict[str, Future[None]]:
        return {topic: _outcome(self._log.delete_topic, topic) for topic in topics}

    def describe_configs(self, resources: Iterable[Any], **_: Any) -> dict[Any, Future[dict[str, Any]]]:
        return {resource: _outcome(self._describe, resource.name) for resource in resources}

    def _describe(self, topic: str) -> dict[str, Any]:
        config = self._log.topic(topic).settings.as_kafka_config()
        return {name: SimpleNamespace(name=name, value=value) for name, value in config.items()}

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True


def _outcome(operation: Callable[[Any], Any], argument: Any) -> Future[Any]:
    """Run now; hand back the result as the future that confluent_kafka would."""
    future: Future[Any] = Future()
    try:
        future.set_result(operation(argument))
    except (KafkaException, EmbeddedLogError) as error:
        future.set_exception(error)
    return future
