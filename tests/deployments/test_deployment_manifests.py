"""Every manifest: known to Kubernetes, named as documented, its settings those of its service."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import check
import deploy
import pytest
from pydantic_settings import BaseSettings
from tests.support.pod_templates import pods
from tests.support.service_settings import settings_of

from contracts.services import SERVICES
from embedded.trading import UNHURRIED_BARS
from exchanges.simulator import SimulatorSettings
from exchanges.simulator.dialects import PRIVATE_SOCKETS
from signals.settings import SignalsSettings
from streaming.settings import ServiceSettings, environment_variable
from training.settings import TrainingSettings

Manifest = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
APPS = {each.app: settings_of(each.name) for each in SERVICES}
SETTINGS: dict[str, Any] = {**APPS, "training": TrainingSettings, "check-topics": ServiceSettings}
#: One process each: for a folder of files, and for the keys of a venue.
ALONE = ("history", "gateway")
#: What may talk to the public network.
AT_A_VENUE = {"trades", *(each.app for each in SERVICES if "keys" in each.needs)}
NAMESPACES = {"tradestream", "kafka", "risingwave", "mlflow", "grafana", "monitoring", "node-exporter"}


def named(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in manifests if each["kind"] == kind}


# --- Kubernetes knows them -----------------------------------------------------------------------------------------


def test_every_manifest_is_valid_without_an_unknown_field(rendered: dict[str, list[Manifest]]) -> None:
    assert not [complaint for manifests in rendered.values() for complaint in check.validate(manifests)]
    assert sum(map(len, rendered.values())) > 200


@pytest.mark.parametrize(
    ("place", "wrong"),
    [(("spec", "replica"), 1), (("spec", "template", "spec", "containers", 0, "imagePulPolicy"), "Always")],
)
def test_a_misspelt_field_fails(rendered: dict[str, list[Manifest]], place: tuple[Any, ...], wrong: Any) -> None:
    deployment = copy.deepcopy(named(rendered["dev/live"], "Deployment")["candles-live"])
    inside: Any = deployment
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = wrong
    (complaint,) = check.validate([deployment])
    assert str(place[-1]) in complaint


def test_an_overlay_that_does_not_build_fails(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [missing.yaml]\n")
    with pytest.raises(check.CheckError, match=r"missing\.yaml"):
        check.render(tmp_path)


# --- names ---------------------------------------------------------------------------------------------------------


def test_names_labels_and_namespaces_are_those_of_the_documentation(rendered: dict[str, list[Manifest]]) -> None:
    for env in ("dev", "prod"):
        live = named(rendered[f"{env}/live"], "Deployment")
        assert set(live) == {f"{app}-live" for app in APPS}
        jobs = named(rendered[f"{env}/historical"], "Job")
        assert {f"{each.app}-historical" for each in SERVICES if "historical" in each.variants} <= set(jobs)
        for name, each in {**live, **jobs}.items():
            app, _, variant = name.rpartition("-")
            labels = each["spec"]["template"]["metadata"]["labels"]
            assert (labels["app"], labels["variant"]) == (app, variant)
            assert each["metadata"]["labels"]["app"] == app
            assert each["metadata"]["namespace"] == "tradestream"
    assert set(named(rendered["namespaces"], "Namespace")) == NAMESPACES
    mlflow = named(rendered["mlflow"], "Service")["mlflow"]
    assert (mlflow["metadata"]["namespace"], mlflow["spec"]["ports"][0]["port"]) == ("mlflow", 5000)
    for env in ("dev", "prod"):
        assert "kafka-cluster" in named(rendered[f"kafka {env}"], "Kafka")
        assert "kafka" in named(rendered[f"kafka {env}"], "KafkaNodePool")


def test_selectors_match_their_pods_and_nobody_elses(rendered: dict[str, list[Manifest]]) -> None:
    live = rendered["dev/live"]
    labels = {owner["metadata"]["name"]: labels for owner, labels, _ in pods(live)}
    chosen = {
        (each["kind"], each["metadata"]["name"]): [
            name for name, has in labels.items() if each["spec"]["selector"]["matchLabels"].items() <= has.items()
        ]
        for each in live
        if each["kind"] in ("Deployment", "PodDisruptionBudget")
    }
    assert chosen == {(kind, name): [name] for kind, name in chosen}
    assert len(chosen) == 2 * len(APPS)


# --- settings ------------------------------------------------------------------------------------------------------


def variables(settings: type[BaseSettings]) -> set[str]:
    return {environment_variable(settings, field) for field in settings.model_fields}


def given(manifest_pod: dict[str, Any], maps: dict[str, Manifest]) -> dict[str, str | None]:
    """Return the variables of a pod's container, None where the value comes from elsewhere."""
    container = manifest_pod["containers"][0]
    found: dict[str, str | None] = {}
    for source in container.get("envFrom", []):
        found |= maps[source["configMapRef"]["name"]]["data"]
    return found | {each["name"]: each.get("value") for each in container.get("env", [])}


def test_every_variable_is_a_setting_of_its_service_and_its_value_is_taken(
    rendered: dict[str, list[Manifest]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # where no local.env is
    authority = tmp_path / "ca.crt"
    authority.touch()
    checked = 0
    for name, manifests in rendered.items():
        maps = named(manifests, "ConfigMap")
        for owner, labels, pod in pods(manifests):
            if labels["app"] not in SETTINGS:
                continue
            trains = pod["containers"][0]["image"].startswith("tradestream/train")
            settings = SETTINGS["training" if trains else labels["app"]]
            values = given(pod, maps)
            # Pairs and exchange are one setting for all that act on them.
            unknown = set(values) - variables(settings) - variables(SignalsSettings)
            assert not unknown, f"{name} {owner['metadata']['name']}: {unknown}"
            with monkeypatch.context() as environment:
                for variable, value in values.items():
                    placeholder = "BTC/USD" if "PAIRS" in variable else "from-elsewhere"
                    environment.setenv(variable, placeholder if value is None else value)
                if "TRADESTREAM_SSL_CA_LOCATION" in values:
                    environment.setenv("TRADESTREAM_SSL_CA_LOCATION", str(authority))
                read = settings()
            assert read.environment == ("prod" if name.startswith("prod") else "dev")
            checked += 1
    assert checked > 20


def test_the_simulator_is_given_settings_it_has(rendered: dict[str, list[Manifest]]) -> None:
    (simulator,) = [pod for _, labels, pod in pods(rendered["simulated/live"]) if labels["app"] == "simulator"]
    names = {each["name"] for each in simulator["containers"][0]["env"]}
    assert names <= {f"SIMULATOR_{field}".upper() for field in SimulatorSettings.model_fields}


def test_a_variant_is_told_which_it_is(rendered: dict[str, list[Manifest]]) -> None:
    for env, variant in (("dev", "live"), ("dev", "historical"), ("prod", "live"), ("prod", "historical")):
        manifests = rendered[f"{env}/{variant}"]
        for _, labels, pod in pods(manifests):
            for service in SERVICES:
                if service.app == labels["app"] and "historical" in service.variants:
                    values = given(pod, named(manifests, "ConfigMap"))
                    assert values[f"{service.name.upper()}_VARIANT"] == variant


def test_replicas_are_told_apart_by_the_pods_name(services: list[tuple[str, Manifest]]) -> None:
    for _, labels, pod in pods(manifest for _, manifest in services):
        if labels["app"] in APPS:
            (identity,) = [e for e in pod["containers"][0]["env"] if e["name"] == "TRADESTREAM_INSTANCE_ID"]
            assert identity["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"


# --- pods -----------------------------------------------------------------------------------------------------------


def test_live_pods_are_asked_how_they_are_and_may_finish(rendered: dict[str, list[Manifest]]) -> None:
    for env in ("dev", "prod"):
        for owner, labels, pod in pods(rendered[f"{env}/live"]):
            (container,) = pod["containers"]
            assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
            assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
            assert container["startupProbe"]["periodSeconds"] * container["startupProbe"]["failureThreshold"] >= 180
            assert pod["terminationGracePeriodSeconds"] >= 40
            assert {each["topologyKey"] for each in pod["topologySpreadConstraints"]} == {
                "kubernetes.io/hostname",
                "topology.kubernetes.io/zone",
            }
            if labels["app"] in ALONE:
                assert (owner["spec"]["strategy"], owner["spec"]["replicas"]) == ({"type": "Recreate"}, 1)
            elif labels["app"] != "trades":  # a pod that ends must not be given partitions
                assert owner["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_where_the_market_is_made_up_a_prediction_is_waited_for_as_in_a_demo(
    rendered: dict[str, list[Manifest]],
) -> None:
    maps = named(rendered["simulated/live"], "ConfigMap")
    (signals,) = [each for name, each in maps.items() if name.startswith("signals-")]
    assert signals["data"]["SIGNALS_MAXIMUM_PENDING_BARS"] == str(UNHURRIED_BARS)
    assert not [each for each in rendered["dev/live"] if "SIGNALS_MAXIMUM_PENDING_BARS" in each.get("data", {})]


def test_no_order_of_a_made_up_market_reaches_a_real_venue(rendered: dict[str, list[Manifest]]) -> None:
    made_up = rendered["simulated/live"]
    (gateway,) = [pod for _, labels, pod in pods(made_up) if labels["app"] == "gateway"]
    told = given(gateway, named(made_up, "ConfigMap"))
    assert told["GATEWAY_REST_URL"] == "http://simulator:8000"
    assert told["GATEWAY_WEBSOCKET_URL"] == f"ws://simulator:8000{PRIVATE_SOCKETS['kraken'].path}"
    policies = named(made_up, "NetworkPolicy")
    assert "ipBlock" not in str(policies["gateway"]) and "'app': 'simulator'" in str(policies["gateway"])
    assert "gateway" in str(policies["simulator"]["spec"]["ingress"])
    assert not [each for each in rendered["dev/live"] if "GATEWAY_REST_URL" in each.get("data", {})]


def test_the_stand_in_of_the_object_store_knows_every_argument(rendered: dict[str, list[Manifest]]) -> None:
    source = (ROOT / "tests/deployments/standins/s3/main.go").read_text(encoding="utf-8")
    known = {f"-{name}" for name in re.findall(r'mini\.\w+\("([\w.]+)"', source)}
    store = named(rendered["mlflow"], "StatefulSet")["s3"]["spec"]["template"]["spec"]["containers"][0]
    assert {argument.split("=")[0] for argument in store["args"][1:]} <= known


def test_nothing_is_killed_for_coming_up_slowly(rendered: dict[str, list[Manifest]]) -> None:
    containers = [
        each for manifests in rendered.values() for *_, pod in pods(manifests) for each in pod["containers"]
    ]
    judged = [each for each in containers if "livenessProbe" in each]
    assert judged and all("startupProbe" in each for each in judged)


def test_each_service_has_an_account_and_a_way_out_only_to_what_it_uses(
    rendered: dict[str, list[Manifest]],
) -> None:
    live = rendered["dev/live"]
    accounts = named(live, "ServiceAccount")
    for _, labels, pod in pods(live):
        assert pod["serviceAccountName"] == labels["app"]
        assert accounts[labels["app"]]["automountServiceAccountToken"] is False
    policies = named(live, "NetworkPolicy")
    assert policies["every-service"]["spec"]["podSelector"] == {}
    assert policies["every-service"]["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not [each for each in live if each["kind"] in ("Role", "RoleBinding", "ClusterRoleBinding")]


@pytest.mark.parametrize("env", deploy.ENVIRONMENTS)
@pytest.mark.parametrize(("name", "variant"), [(n, v) for n, each in deploy.SERVICES.items() for v in each.images])
def test_what_is_deployed_alone_may_talk_to_all_that_it_uses(
    rendered: dict[str, list[Manifest]], name: str, variant: str, env: str
) -> None:
    app = deploy.Target(name, env, variant).app
    overlay = rendered["simulated/live" if name == "simulator" else f"{env}/{variant}"]
    ((_, labels, _),) = pods([each for each in overlay if each["metadata"].get("labels", {}).get("app") == app])
    for policy in named(overlay, "NetworkPolicy").values():
        if selects(policy["spec"]["podSelector"], labels):
            assert policy["metadata"]["labels"]["app"] in ("tradestream", app), policy["metadata"]["name"]


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a selector of a policy takes a pod with these labels."""
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", ())
    )


def test_only_what_talks_to_a_venue_reaches_the_public_network(rendered: dict[str, list[Manifest]]) -> None:
    live = rendered["prod/live"]
    public = [
        policy["spec"]["podSelector"]
        for policy in named(live, "NetworkPolicy").values()
        if "ipBlock" in str(policy["spec"].get("egress", []))
    ]
    reaching = {labels["app"] for _, labels, _ in pods(live) if any(selects(each, labels) for each in public)}
    assert reaching == AT_A_VENUE


# --- secrets -------------------------------------------------------------------------------------------------------


def test_keys_of_a_venue_are_given_to_the_gateway_alone(rendered: dict[str, list[Manifest]]) -> None:
    seen = set()
    for manifests in rendered.values():
        for owner, labels, pod in pods(manifests):
            if '"gateway"' in json.dumps(
                [pod.get("volumes", []), *(each.get("env", []) for each in pod["containers"])]
            ):
                assert labels["app"] == "gateway", owner["metadata"]["name"]
                seen |= {each["name"] for each in pod["containers"][0]["env"] if "api-" in str(each)}
    assert seen == {"GATEWAY_API_KEY", "GATEWAY_API_SECRET"}
    scaled = [each for manifests in rendered.values() for each in manifests if each["kind"] == "ScaledObject"]
    assert not [each for each in scaled if "gateway" in str(each["spec"]["scaleTargetRef"])]


def test_no_file_holds_a_secret(rendered: dict[str, list[Manifest]]) -> None:
    assert not [each for manifests in rendered.values() for each in manifests if each["kind"] == "Secret"]
    for manifests in rendered.values():
        for each in named(manifests, "ConfigMap").values():
            assert not [key for key in each.get("data", {}) if re.search("PASSWORD|SECRET|TOKEN|KEY_PASSWORD", key)]
        for owner, _, pod in pods(manifests):
            for variable in (v for c in pod["containers"] for v in c.get("env", [])):
                if re.search("PASSWORD|SECRET|ACCESS_KEY", variable["name"]):
                    assert "secretKeyRef" in variable["valueFrom"], owner["metadata"]["name"]
    words = "password|secret_?key|access_?key|token"
    literal = re.compile(rf"(?im)({words})\w*\s*[:=]\s*['\"]?[a-z0-9+/]{{12,}}['\"]?\s*$")
    for file in (ROOT / "deployments").rglob("*"):
        if file.suffix in (".yaml", ".sh", ".env"):
            assert not literal.search(file.read_text(encoding="utf-8")), file


def test_prod_talks_to_kafka_as_somebody_over_tls(rendered: dict[str, list[Manifest]]) -> None:
    users = named(rendered["kafka prod"], "KafkaUser")
    for layer in ("live", "historical", "scheduled"):
        manifests = rendered[f"prod/{layer}"]
        for _, labels, pod in pods(manifests):
            if labels["app"] not in SETTINGS:
                continue
            values = given(pod, named(manifests, "ConfigMap"))
            assert values["TRADESTREAM_SECURITY_PROTOCOL"] == "sasl_ssl"
            assert values["TRADESTREAM_SASL_USERNAME"] in users
            assert "kafka-ca" in {each["name"] for each in pod["volumes"]}
