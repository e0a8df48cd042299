"""Write the KafkaTopics and KafkaUsers anew, from contracts' topics and streaming's grants.

::

    python deployments/platform/kafka/resources.py deployments/platform/kafka
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from featurestore.ddl import statements
from streaming.kafka.grants import Grant, grants_of, services, user_of
from streaming.kafka.topic_admin import wanted_topics
from streaming.settings import ServiceSettings

CLUSTER = "kafka-cluster"
API = "kafka.strimzi.io/v1"
REPLICAS = {"dev": 1, "prod": 3}
#: Brokers that acknowledge a message before its producer has it acknowledged.
IN_SYNC = {"dev": 1, "prod": 2}
_HEADER = "# Written by `make kafka-resources`: change packages/contracts or packages/streaming, not this file.\n"
#: How a statement of RisingWave's names its topic.
_TOPIC = re.compile(r"topic = '([\w-]+)-\$\{ENVIRONMENT\}'")
_STRIMZI = {"topic": "topic", "group": "group", "transactional id": "transactionalId"}
#: Who else has a user: people, KEDA, which asks how much waits, RisingWave, which reads, and Kafka UI, which shows.
OPERATOR, AUTOSCALER, STORE, VIEWER = "operator", "autoscaler", "risingwave", "viewer"


def resource_name(topic: str) -> str:
    """Return how the resource of `topic` is called: Kubernetes has no underscores in names."""
    return topic.replace("_", "-")


def topics(environment: str) -> Iterator[dict[str, Any]]:
    """Return a KafkaTopic for each topic, dead letters included."""
    settings = ServiceSettings(
        environment=environment, broker_address="kafka:9092", replication_factor=REPLICAS[environment]
    )
    for name, config in wanted_topics(settings).items():
        yield {
            "apiVersion": API,
            "kind": "KafkaTopic",
            "metadata": _metadata(resource_name(name), "kafka"),
            "spec": {
                "topicName": name,
                "partitions": config.num_partitions,
                "replicas": config.replication_factor,
                "config": {
                    **{key: _typed(value) for key, value in (config.extra_config or {}).items()},
                    "min.insync.replicas": IN_SYNC[environment],
                },
            },
        }


def users(environment: str) -> Iterator[dict[str, Any]]:
    """Return a KafkaUser for each service with what it may do, and for the others."""
    for service in services():
        yield _user(user_of(service, environment), _acls(grants_of(service, environment)))
    yield _user(f"{OPERATOR}-{environment}", _everywhere(["All"]))
    topics_and_groups = slice(2)
    yield _user(f"{AUTOSCALER}-{environment}", _everywhere(["Describe"])[topics_and_groups])
    yield _user(f"{STORE}-{environment}", _of_the_store(environment))
    yield _user(f"{VIEWER}-{environment}", _of_people())


def _user(name: str, acls: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": API,
        "kind": "KafkaUser",
        "metadata": _metadata(name, "tradestream"),
        "spec": {
            "authentication": {"type": "scram-sha-512"},
            "authorization": {"type": "simple", "acls": acls},
        },
    }


def _acls(grants: Iterable[Grant]) -> list[dict[str, Any]]:
    def thing(grant: Grant) -> tuple[str, str, bool]:
        return grant.resource, grant.name, grant.prefix

    return [
        {
            "resource": {
                "type": _STRIMZI[resource],
                "name": name,
                "patternType": "prefix" if prefix else "literal",
            },
            "operations": [_operation(grant.operation) for grant in same],
        }
        for (resource, name, prefix), same in groupby(sorted(grants, key=lambda g: (thing(g), g.operation)), thing)
    ]


def _everywhere(operations: list[str]) -> list[dict[str, Any]]:
    kinds: list[dict[str, str]] = [*map(_every, ("topic", "group", "transactionalId")), {"type": "cluster"}]
    return [{"resource": resource, "operations": operations} for resource in kinds]


def _every(kind: str) -> dict[str, str]:
    return {"type": kind, "name": "*", "patternType": "literal"}


def _of_the_store(environment: str) -> list[dict[str, Any]]:
    """Return what RisingWave may: read the topics that its statements name, in groups that begin with its name."""
    names = sorted({name for statement in statements() for name in _TOPIC.findall(statement)})
    resources = [{"type": "topic", "name": f"{name}-{environment}", "patternType": "literal"} for name in names]
    resources.append({"type": "group", "name": f"{STORE}-{environment}", "patternType": "prefix"})
    return [{"resource": resource, "operations": ["Describe", "Read"]} for resource in resources]


def _of_people() -> list[dict[str, Any]]:
    """Return what Kafka UI may: look at everything and change nothing."""
    return [
        {"resource": _every("topic"), "operations": ["Describe", "DescribeConfigs", "Read"]},
        {"resource": _every("group"), "operations": ["Describe"]},
        {"resource": {"type": "cluster"}, "operations": ["Describe", "DescribeConfigs"]},
    ]


def _operation(name: str) -> str:
    """Return Kafka's DESCRIBE_CONFIGS as Strimzi writes it: DescribeConfigs."""
    return "".join(word.capitalize() for word in name.split("_"))


def _typed(value: str) -> str | int:
    return int(value) if value.lstrip("-").isdigit() else value


def _metadata(name: str, namespace: str) -> dict[str, Any]:
    return {"name": name, "namespace": namespace, "labels": {"strimzi.io/cluster": CLUSTER}}


def render(resources: Iterable[dict[str, Any]]) -> str:
    """Return the text of a file."""
    text: str = yaml.safe_dump_all(resources, sort_keys=False, explicit_start=True)
    return _HEADER + text


def files() -> dict[str, str]:
    """Return every file by its path under this folder."""
    return {
        "dev/topics.yaml": render(topics("dev")),
        "prod/topics.yaml": render(topics("prod")),
        "prod/users.yaml": render(users("prod")),
    }


def main(arguments: list[str]) -> int:
    """Write the files into the folder given."""
    for path, text in files().items():
        (Path(arguments[0]) / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
