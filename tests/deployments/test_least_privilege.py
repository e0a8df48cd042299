"""Nobody may more than the work needs: pods, accounts of Kubernetes, users of Kafka."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.support.pod_templates import pods

from contracts.services import may_read
from contracts.topics import EVERY_SERVICE, TOPICS, dead_letters_name
from streaming.kafka.grants import services as kafka_services
from streaming.kafka.grants import user_of

Manifest = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
LOOK = {"Describe", "DescribeConfigs"}
#: Users that are no service: (user, why it may look at every topic, what it may on all of them).
TOOLS = {
    "operator-prod": ("people and Jobs that make topics", {"All"}),
    "autoscaler-prod": ("KEDA asks how much waits on a topic", {"Describe"}),
    "viewer-prod": ("people look, through Kafka UI", {"Describe", "DescribeConfigs", "Read"}),
}
#: Reads what its statements name, and nothing else.
STORE = "risingwave-prod"
#: Who may ask the API server, and what: nobody else has a token or a role.
ASKS_THE_API_SERVER = {
    "alloy": [{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list", "watch"]}]
}


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod["containers"], *pod.get("initContainers", [])]


def test_every_container_is_bound_and_none_is_root(rendered: dict[str, list[Manifest]]) -> None:
    for overlay, manifests in rendered.items():
        for owner, _, pod in pods(manifests):
            where = f"{overlay} {owner['metadata']['name']}"
            assert pod["securityContext"]["runAsNonRoot"] is True, where
            assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, where
            for container in containers(pod):
                context = {**pod["securityContext"], **container["securityContext"]}
                assert context.get("runAsUser", 1) != 0, where
                assert context["readOnlyRootFilesystem"] is True, where
                assert context["allowPrivilegeEscalation"] is False and "privileged" not in context, where
                assert context["capabilities"] == {"drop": ["ALL"]}, where
                assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), where
                assert "memory" in container["resources"]["limits"], where


def test_no_pod_reaches_into_its_node(rendered: dict[str, list[Manifest]]) -> None:
    for overlay, manifests in rendered.items():
        for owner, _, pod in pods(manifests):
            where = f"{overlay} {owner['metadata']['name']}"
            assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(), where
            assert not [volume for volume in pod.get("volumes", []) if "hostPath" in volume], where
            assert not [port for each in containers(pod) for port in each.get("ports", []) if "hostPort" in port]


def test_every_pod_has_an_account_of_its_own_without_a_token(rendered: dict[str, list[Manifest]]) -> None:
    accounts = {
        (each["metadata"]["namespace"], each["metadata"]["name"]): each
        for manifests in rendered.values()
        for each in manifests
        if each["kind"] == "ServiceAccount"
    }
    seen = 0
    for overlay, manifests in rendered.items():
        for owner, _, pod in pods(manifests):
            where = f"{overlay} {owner['metadata']['name']}"
            namespace = owner["metadata"]["namespace"]
            assert pod.get("serviceAccountName", "default") != "default", where
            assert accounts[namespace, pod["serviceAccountName"]]["automountServiceAccountToken"] is False, where
            assert pod["automountServiceAccountToken"] is (owner["metadata"]["name"] in ASKS_THE_API_SERVER), where
            seen += 1
    assert seen > 30


def test_what_is_applied_for_one_service_is_all_that_its_pod_names(services: list[tuple[str, Manifest]]) -> None:
    """`make deploy` applies what is labelled as the service or as everybody's: its account and settings must be."""
    labels = {
        (overlay, each["kind"], each["metadata"]["name"]): each["metadata"].get("labels", {}).get("app")
        for overlay, each in services
    }
    for overlay, manifest in services:
        app = manifest["metadata"].get("labels", {}).get("app")
        where = f"{overlay} {manifest['metadata']['name']}"
        for _, _, pod in pods([manifest]):
            named = [("ServiceAccount", pod["serviceAccountName"])]
            named += [
                ("ConfigMap", source["configMapRef"]["name"])
                for container in containers(pod)
                for source in container.get("envFrom", [])
            ]
            for kind, other in named:
                assert labels[overlay, kind, other] in ("tradestream", app), f"{where} names {kind} {other}"


def test_only_who_reads_logs_has_a_role(rendered: dict[str, list[Manifest]]) -> None:
    roles = [each for manifests in rendered.values() for each in manifests if "Role" in each["kind"]]
    granted = {each["metadata"]["name"]: each["rules"] for each in roles if each["kind"] == "ClusterRole"}
    bound = [each for each in roles if each["kind"] == "ClusterRoleBinding"]
    assert len(bound) + len(granted) == len(roles)
    assert {
        subject["name"]: granted[each["roleRef"]["name"]] for each in bound for subject in each["subjects"]
    } == ASKS_THE_API_SERVER


# --- Kafka ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def users(rendered: dict[str, list[Manifest]]) -> dict[str, list[Manifest]]:
    """Return the rules of each KafkaUser of prod."""
    return {
        each["metadata"]["name"]: each["spec"]["authorization"]["acls"]
        for each in rendered["kafka prod"]
        if each["kind"] == "KafkaUser"
    }


def allowed(rules: list[Manifest], kind: str) -> dict[tuple[str, str], set[str]]:
    """Return the operations by (name, how it is matched) on resources of one kind."""
    found: dict[tuple[str, str], set[str]] = {}
    for rule in (rule for rule in rules if rule["resource"]["type"] == kind):
        key = rule["resource"]["name"], rule["resource"]["patternType"]
        found[key] = found.get(key, set()) | set(rule["operations"])
    return found


@pytest.mark.parametrize("service", kafka_services())
def test_a_service_reads_and_writes_its_topics_and_no_other(users: dict[str, list[Manifest]], service: str) -> None:
    """Counted here from contracts alone, not through streaming.kafka.grants, which wrote the users."""
    user = user_of(service, "prod")
    expected = {(f"changelog__{user}--", "prefix"): {"Read", "Write", "Create", *LOOK}}
    for spec in TOPICS:
        uses = {"Read"} if service in may_read(spec) else set()
        uses |= {"Write"} if {service, EVERY_SERVICE} & set(spec.writers) else set()
        if uses:
            expected[spec.full_name("prod"), "literal"] = uses | LOOK
    expected[dead_letters_name(service, "prod"), "literal"] = {"Write", *LOOK}
    assert allowed(users[user], "topic") == expected


@pytest.mark.parametrize("service", kafka_services())
def test_a_service_has_its_own_group_and_nothing_of_the_cluster(
    users: dict[str, list[Manifest]], service: str
) -> None:
    user = user_of(service, "prod")
    assert allowed(users[user], "group") == {
        (user, "literal"): {"Read", "Describe"},
        ("tradestream-reader", "literal"): {"Describe"},
    }
    assert set(allowed(users[user], "transactionalId")) == {(f"{user}-", "prefix")}
    assert not [rule for rule in users[user] if rule["resource"]["type"] == "cluster"]


def test_no_prefix_of_one_service_covers_anothers(users: dict[str, list[Manifest]]) -> None:
    prefixes = {
        (user, kind, name)
        for user, rules in users.items()
        for kind in ("topic", "transactionalId")
        for name, pattern in allowed(rules, kind)
        if pattern == "prefix"
    }
    for user, kind, name in prefixes:
        assert not [
            other for other, same, longer in prefixes if other != user and same == kind and longer.startswith(name)
        ]


def test_tools_have_users_of_their_own_that_may_only_look_or_read(users: dict[str, list[Manifest]]) -> None:
    assert set(users) - {user_of(service, "prod") for service in kafka_services()} == {*TOOLS, STORE}
    for user, (_, operations) in TOOLS.items():
        assert allowed(users[user], "topic") == {("*", "literal"): operations}


def test_risingwave_reads_the_topics_of_its_statements_and_no_other(users: dict[str, list[Manifest]]) -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "deployments/base/risingwave").glob("*.sql"))
    named = {name.replace("${ENVIRONMENT}", "prod") for name in re.findall(r"topic = '([^']+)'", text)}
    may = {"Describe", "Read"}
    assert allowed(users[STORE], "topic") == {(name, "literal"): may for name in named}
    assert allowed(users[STORE], "group") == {(STORE, "prefix"): may}
    assert named and {rule["resource"]["type"] for rule in users[STORE]} == {"topic", "group"}
