"""Everything around the services is admitted and fits on the node, and a wait for it says how it stands."""

from __future__ import annotations

import subprocess
from typing import Any

import capacity
import chart_facts
import charts
import check
import custom_schemas
import doctor
import node
import platform_manifests
import pod_rules
import pytest
import waiting
import yaml_files
from node import Asked

Manifest = dict[str, Any]


@pytest.mark.parametrize("env", check.ENVIRONMENTS)
def test_every_pod_has_a_number_for_a_user_and_asks_for_something(
    rendered: dict[str, list[Manifest]], env: str
) -> None:
    pods = [
        *platform_manifests.pods(
            each for name, manifests in rendered.items() if check.belongs(name, env) for each in manifests
        ),
        *(pod for release in charts.charts() for pod in facts_of(release, env)),
    ]
    assert len(pods) > 30
    assert not list(pod_rules.without_a_number(pods))
    assert not list(pod_rules.without_requests(pods))
    refusals = pod_rules.refused(pods, pod_rules.levels(rendered["namespaces"]))
    if refusals is None:
        pytest.skip("pod-admission is not built: deployments/admission/build.sh, with Go")
    assert not refusals


def facts_of(release: str, env: str) -> list[platform_manifests.Pod]:
    return list(platform_manifests.pods(chart_facts.objects(release, chart_facts.values(release, env))))


def test_facts_are_of_the_charts_that_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(chart_facts.facts()) == set(charts.charts())
    newer = {**charts.charts()}
    newer["kafka-ui"] = {**newer["kafka-ui"], "version": "9.0.0"}
    monkeypatch.setattr(charts, "charts", lambda: newer)
    with pytest.raises(
        chart_facts.FactsError, match=r"kafka-ui: .* of chart 1\.5\.2, versions\.json installs 9\.0\.0"
    ):
        chart_facts.objects("kafka-ui", {})


def test_values_stand_over_the_charts_as_helm_merges_them() -> None:
    assert chart_facts.merge({"a": {"b": 1, "c": 2}, "d": [1, 2]}, {"a": {"b": 3}, "d": [4]}) == {
        "a": {"b": 3, "c": 2},
        "d": [4],
    }
    fact = {"size": {"of": "a.b", "default": {"cpu": 1, "memory": 2}}, "other": [{"of": "x.y", "default": 5}]}
    assert chart_facts.resolved(fact, {"a": {"b": {"cpu": 3}}}) == {"size": {"cpu": 3, "memory": 2}, "other": [5]}


def test_what_the_parts_ask_for_is_what_is_written_down(rendered: dict[str, list[Manifest]]) -> None:
    assert node.REQUESTS.read_text(encoding="utf-8") == capacity.text(rendered), "run `make graph`"
    assert not list(capacity.too_much(rendered))


def test_requests_are_summed_over_containers_replicas_and_what_runs_first() -> None:
    def asks(cpu: str, memory: str) -> Manifest:
        return {"name": "c", "resources": {"requests": {"cpu": cpu, "memory": memory}}}

    spec = {"containers": [asks("100m", "1Gi"), asks("0.5", "256Mi")], "initContainers": [asks("1", "64Mi")]}
    deployment = {
        "kind": "Deployment",
        "metadata": {"name": "x"},
        "spec": {"replicas": 2, "template": {"spec": spec}},
    }
    assert pod_rules.requests(platform_manifests.pods([deployment])) == (2 * 1000, 2 * 1280)
    with pytest.raises(ValueError, match="expected a quantity of memory such as 512Mi, was '1 gig'"):
        pod_rules.mebibytes("1 gig")


def test_operators_pods_count(rendered: dict[str, list[Manifest]]) -> None:
    found = {pod.where: pod.replicas for pod in platform_manifests.pods(rendered["kafka prod"])}
    assert found["kafka KafkaNodePool/kafka broker"] == 3 and "kafka Kafka/kafka-cluster exporter" in found


def test_a_custom_resource_has_no_field_that_its_definition_does_not_name() -> None:
    spec = {"type": "object", "properties": {"partitions": {"type": "integer"}, "config": {"type": "object"}}}
    schema = {"type": "object", "properties": {"kind": {"type": "string"}, "spec": spec}}
    names = {"group": "kafka.example", "names": {"kind": "Topic"}, "versions": [{"name": "v1"}]}
    names["versions"] = [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]
    known = custom_schemas.definitions([{"kind": "CustomResourceDefinition", "spec": names}])

    def topic(**fields: Any) -> Manifest:
        return {"apiVersion": "kafka.example/v1", "kind": "Topic", "metadata": {"name": "t"}, "spec": fields}

    assert custom_schemas.complaint(topic(partitions=6, config={"any.thing": 1}), known) == ""
    assert "'partitons' was unexpected" in (custom_schemas.complaint(topic(partitons=6), known) or "")
    assert "Topic/t: spec.partitions: '6' is not" in (custom_schemas.complaint(topic(partitions="6"), known) or "")
    assert custom_schemas.complaint({**topic(), "kind": "User"}, known) is None


def test_who_stays_pending_is_named() -> None:
    asked = {"kind": Asked(950, 290), "kafka": Asked(400, 1500), "risingwave": Asked(800, 900), "ui": Asked(50, 300)}
    assert node.beyond(asked, Asked(2_000, 8_000)) == ["risingwave"]
    small = doctor.fits(asked | {"services": Asked(1, 1)}, ["kafka", "risingwave"], Asked(2_000, 8_000), force=False)
    assert small.level == "wrong" and "risingwave will stay pending: 4 cores" in small.found
    assert "force=1" in small.todo
    forced = doctor.fits(asked, ["kafka", "risingwave"], Asked(2_000, 8_000), force=True)
    assert forced.level == "warning"


def test_only_the_tools_of_what_is_asked_for_are_asked_for() -> None:
    everything = [part for part in node.recorded() if part not in ("kind", "services")]
    assert doctor.needed(everything) == set(doctor.TOOLS)
    assert doctor.needed([]) == doctor.ALWAYS
    assert "helm" not in doctor.needed(["mlflow"]) and "helm" in doctor.needed(["kafka"])
    assert [each.what for each in doctor.tools([])] == [tool for tool in doctor.TOOLS if tool in doctor.ALWAYS]


def test_a_key_that_stands_twice_is_named_by_file_and_line() -> None:
    assert not list(yaml_files.doubled())
    assert list(yaml_files.doubled_in("a: 1\nb:\n  c: 2\n  c: 3\n---\na: 1\na: 2\n")) == [
        "4: 'c' stands twice",
        "7: 'a' stands twice",
    ]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"phase": "Succeeded"}, ""),
        ({"conditions": [{"type": "Ready", "status": "True"}]}, ""),
        (
            {
                "conditions": [
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "cpu"}
                ]
            },
            "Unschedulable",
        ),
        ({"containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]}, "ImagePullBackOff"),
        (
            {"containerStatuses": [{"state": {}, "lastState": {"terminated": {"reason": "OOMKilled"}}}]},
            "OOMKilled",
        ),
        ({"containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]}, "NotReady"),
    ],
)
def test_a_pod_that_is_not_ready_says_why(status: Manifest, reason: str) -> None:
    assert waiting.trouble({"metadata": {"name": "p"}, "status": status})[0] == reason


def test_a_wait_that_fails_says_which_pod_why_its_events_and_what_next(monkeypatch: pytest.MonkeyPatch) -> None:
    pending = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "Insufficient cpu"}
    items = {
        "pods": [{"metadata": {"name": "risingwave-0"}, "status": {"conditions": [pending]}}],
        "events": [{"type": "Warning", "involvedObject": {"name": "risingwave-0"}, "message": "0/1 nodes"}],
    }
    monkeypatch.setattr(waiting, "_items", lambda _, kind: items[kind])
    said = waiting.explain("risingwave")
    assert "risingwave/risingwave-0: Unschedulable: Insufficient cpu" in said
    assert "make doctor" in said and "event: risingwave-0: 0/1 nodes" in said


def test_wrong_words_to_charts_are_answered_with_the_right_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert charts.main(["install", "minio"]) == 2
    said = capsys.readouterr().err
    assert "one of metrics-server, strimzi" in said and "'install minio'" in said


def test_a_release_is_installed_at_its_version_with_our_values_and_images() -> None:
    words = " ".join(charts.arguments("kafka-ui", "prod"))
    assert "--version 1.5.2 --repo https://kafbat.github.io/helm-charts --namespace kafka" in words
    assert "kafka-ui/values.yaml" in words and "kafka-ui/values.prod.yaml" in words
    assert "--set image.tag=v1.5.0" in words


def test_charts_are_taken_from_the_folder_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = []

    def helm(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        rendered.append(command)
        return subprocess.CompletedProcess(command, 0, "kind: Made\n", "")

    monkeypatch.setattr(subprocess, "run", helm)
    assert charts.main(["template", "dev", "/mnt/charts"]) == 0
    assert [command[3] for command in rendered] == [f"/mnt/charts/{release}" for release in charts.charts()]
    assert not [word for command in rendered for word in command if word in ("--repo", "--version")]
