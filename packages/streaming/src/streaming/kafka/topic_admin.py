"""The topics as contracts have them, held against those of a Kafka broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from quixstreams.models.topics import TopicConfig

from contracts.services import SERVICES
from contracts.topics import TOPICS, dead_letters_spec
from streaming.errors import ServiceError
from streaming.kafka.access import open_admin
from streaming.kafka.grants import services
from streaming.quix.changelog import CHANGELOG_PREFIX
from streaming.topics import topic_config

if TYPE_CHECKING:
    from streaming.settings import ServiceSettings

#: A broker's setting.
OFFSETS_KEPT = "offsets.retention.minutes"
_TIMEOUT_SECONDS = 10.0
_POLL_SECONDS = 0.05

Change = tuple[str, str]


@dataclass(frozen=True)
class Difference:
    """What a topic on the broker has otherwise than it should.

    Attributes
    ----------
    missing
        It does not exist.
    settings
        Setting -> (is, should be): these can be altered in place.
    layout
        The same of its partitions and replicas. Never altered here: with another number of partitions a key would go
        on in another one, apart from its state, and replicas are moved by the operator's own tools.
    """

    topic: str
    missing: bool = False
    settings: Mapping[str, Change] = field(default_factory=dict)
    layout: Mapping[str, Change] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.missing or self.settings or self.layout)


def wanted_topics(settings: ServiceSettings) -> dict[str, TopicConfig]:
    """Return every topic of the system by its full name, in flow order, dead letters last."""
    specs = [*TOPICS, *map(dead_letters_spec, services())]
    return {spec.full_name(settings.environment): topic_config(spec, settings) for spec in specs}


def wanted_changelogs(settings: ServiceSettings, existing: Iterable[str]) -> dict[str, TopicConfig]:
    """Return what those of the `existing` topics that are changelogs of the services should be.

    Services make them, when they first need them: one that is missing is nothing to report.

    Examples
    --------
    >>> from streaming.settings import ServiceSettings
    >>> settings = ServiceSettings(broker_address="kafka:9092")
    >>> wanted_changelogs(settings, ["changelog__candles-dev--trades-dev--default", "trades-dev"])
    {'changelog__candles-dev--trades-dev--default': TopicConfig(num_partitions=6, replication_factor=1, \
extra_config={'cleanup.policy': 'compact'})}
    """
    found = {}
    for spec in SERVICES:
        beginning = f"{CHANGELOG_PREFIX}{spec.name}-{settings.environment}--"
        for name in sorted(each for each in existing if each.startswith(beginning)):
            partitions = spec.input.partitions if spec.input is not None else 1
            found[name] = TopicConfig(partitions, settings.replication_factor, {"cleanup.policy": "compact"})
    return found


def compare(topic: str, wanted: TopicConfig, actual: TopicConfig | None) -> Difference:
    """Return in what `actual` differs from `wanted`; nothing where nobody cares.

    Examples
    --------
    >>> wanted = TopicConfig(6, 1, {"retention.ms": "-1"})
    >>> compare("trades-dev", wanted, TopicConfig(6, 1, {"retention.ms": "604800000"})).settings
    {'retention.ms': ('604800000', '-1')}
    """
    if actual is None:
        return Difference(topic, missing=True)
    found = actual.extra_config or {}
    settings = {
        name: (str(found.get(name)), value)
        for name, value in (wanted.extra_config or {}).items()
        if found.get(name) != value
    }
    counts = {
        "partitions": (str(actual.num_partitions), str(wanted.num_partitions)),
        "replicas": (str(actual.replication_factor), str(wanted.replication_factor)),
    }
    return Difference(topic, False, settings, {name: pair for name, pair in counts.items() if pair[0] != pair[1]})


def _has(topic: TopicConfig | None, settings: Mapping[str, str]) -> bool:
    return not settings or (topic is not None and settings.items() <= (topic.extra_config or {}).items())


class TopicAdmin:
    """Describes and alters the topics of the broker that `settings` name.

    Raises
    ------
    SettingsError
        When made, if the broker refuses the user or is refused itself.
    ServiceError
        By every method, if the broker does not answer or does not allow it.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._address = settings.broker_address
        self._admin = open_admin(settings, _TIMEOUT_SECONDS)

    def names(self) -> list[str]:
        """Return every topic of the cluster."""
        return sorted(self._cluster().topics)

    def offsets_kept_minutes(self) -> int | None:
        """Return for how long the brokers keep the offsets of a group without members; None if they do not say."""
        brokers = [ConfigResource(ResourceType.BROKER, str(number)) for number in self._cluster().brokers]
        try:
            told = self._results(self._admin.describe_configs, brokers).values()
        except ServiceError:  # not everybody who may make topics may look at brokers
            return None
        return min((int(each[OFFSETS_KEPT].value) for each in told if OFFSETS_KEPT in each), default=None)

    def describe(self, names: Iterable[str]) -> dict[str, TopicConfig]:
        """Return those of the topics that exist."""
        cluster = self._cluster().topics
        existing = [ConfigResource(ResourceType.TOPIC, name) for name in names if name in cluster]
        found = {}
        for resource, entries in self._results(self._admin.describe_configs, existing).items():
            partitions = cluster[resource.name].partitions
            config = {name: entry.value for name, entry in entries.items()}
            found[resource.name] = TopicConfig(len(partitions), len(partitions[0].replicas), config)
        return found

    def describe_when(
        self, names: Iterable[str], settled: Callable[[dict[str, TopicConfig]], bool]
    ) -> dict[str, TopicConfig]:
        """Return those of the topics that exist as soon as `settled` says so, or as they are after ten seconds.

        The controller answers first; a broker applies what it has decided a moment later.
        """
        names, deadline = list(names), time.monotonic() + _TIMEOUT_SECONDS
        while True:
            found = self.describe(names)
            if settled(found) or time.monotonic() > deadline:
                return found
            time.sleep(_POLL_SECONDS)

    def alter(self, differences: Iterable[Difference]) -> None:
        """Give the topics the settings they should have, and wait until the broker says that they have them."""
        altered = {each.topic: {name: wanted for name, (_, wanted) in each.settings.items()} for each in differences}
        resources = [
            ConfigResource(
                ResourceType.TOPIC,
                topic,
                incremental_configs=[
                    ConfigEntry(name, wanted, incremental_operation=AlterConfigOpType.SET)
                    for name, wanted in settings.items()
                ],
            )
            for topic, settings in altered.items()
            if settings
        ]
        self._results(self._admin.incremental_alter_configs, resources)
        self.describe_when(altered, lambda found: all(_has(found.get(topic), altered[topic]) for topic in altered))

    def _cluster(self) -> Any:
        try:
            return self._admin.list_topics(timeout=_TIMEOUT_SECONDS)
        except KafkaException as error:
            raise ServiceError(f"{self._address}: {error}") from error

    def _results(self, call: Any, resources: list[ConfigResource]) -> dict[ConfigResource, Any]:
        if not resources:
            return {}
        try:
            futures = call(resources, request_timeout=_TIMEOUT_SECONDS)
            return {resource: future.result() for resource, future in futures.items()}
        except KafkaException as error:
            raise ServiceError(f"{self._address}: {error}") from error
