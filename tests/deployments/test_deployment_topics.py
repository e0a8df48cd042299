"""Strimzi's topics and users are those of contracts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import resources

from contracts.topics import TOPICS
from streaming.kafka.grants import services, user_of


@pytest.mark.parametrize("path", sorted(resources.files()))
def test_the_files_are_what_contracts_say(path: str) -> None:
    written = (Path(resources.__file__).parent / path).read_text(encoding="utf-8")
    assert written == resources.files()[path], "make kafka-resources writes it anew"


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_every_topic_has_a_resource_with_its_partitions_and_retention(
    rendered: dict[str, list[dict[str, Any]]], env: str
) -> None:
    topics = {each["spec"]["topicName"]: each for each in rendered[f"kafka {env}"] if each["kind"] == "KafkaTopic"}
    letters = {f"dead-letters.{service}-{env}" for service in services()}
    assert set(topics) == {spec.full_name(env) for spec in TOPICS} | letters
    for spec in TOPICS:
        resource = topics[spec.full_name(env)]
        assert resource["apiVersion"] == "kafka.strimzi.io/v1"
        assert resource["metadata"]["labels"]["strimzi.io/cluster"] == "kafka-cluster"
        assert resource["spec"]["partitions"] == spec.partitions
        assert resource["spec"]["config"]["retention.ms"] == spec.retention_ms
        assert resource["spec"]["config"]["cleanup.policy"] == spec.cleanup_policy


def test_underscores_are_in_the_topics_name_and_not_in_the_resources(
    rendered: dict[str, list[dict[str, Any]]],
) -> None:
    names = {each["metadata"]["name"]: each["spec"].get("topicName") for each in rendered["kafka dev"]}
    assert names["technical-indicators-dev"] == "technical_indicators-dev"


def test_each_service_has_a_user_with_its_own_rights(rendered: dict[str, list[dict[str, Any]]]) -> None:
    users = {each["metadata"]["name"]: each for each in rendered["kafka prod"] if each["kind"] == "KafkaUser"}
    assert {user_of(service, "prod") for service in services()} < set(users)
    for service in services():
        user = users[user_of(service, "prod")]
        assert user["metadata"]["namespace"] == "tradestream"
        rules = user["spec"]["authorization"]["acls"]
        assert not [rule for rule in rules if rule["resource"].get("name") == "*" or "All" in rule["operations"]]
