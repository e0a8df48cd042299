"""compose.yaml fits the services: names, order, settings they know, pinned images; no engine is needed."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from tests.docker.dockerfile import DOCKER

from contracts.services import SERVICES
from exchanges.simulator.dialects import PRIVATE_SOCKETS
from exchanges.simulator.settings import SimulatorSettings
from streaming.settings import ServiceSettings, environment_variable

COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
SIMULATED = yaml.safe_load((DOCKER / "compose.simulator.yaml").read_text(encoding="utf-8"))
CONTAINERS: dict[str, Any] = COMPOSE["services"]
OURS = {name: entry for name, entry in CONTAINERS.items() if entry["image"].startswith("tradestream/")}
APPS = {each.name: each.app for each in SERVICES}
PREFIX = re.compile(rf"^(TRADESTREAM|SIMULATOR|{'|'.join(APPS).upper()})_")
#: Only the agent that reads logs has it.
DOCKER_SOCKET = "/var/run/docker.sock"
ABANDONED = ("minio", "bitnami", "provectus", "wurstmeister", "zookeeper", "confluentinc")


def interpolate(value: object) -> str:
    """Return what compose makes of a value when no variable is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))


def settings_of(image: str) -> Any:
    """Return the settings class of one of our images."""
    service = image.removeprefix("tradestream/").split(":")[0]
    if service == "simulator":
        return SimulatorSettings
    service = "training" if service == "train" else service
    module = importlib.import_module(f"{service}.settings")
    return getattr(module, f"{service.capitalize()}Settings")


def variables(cls: Any) -> set[str]:
    """Return the variables that a settings class reads."""
    return {environment_variable(cls, field) for field in cls.model_fields}


def with_settings() -> list[Any]:
    """Return each container of ours that reads settings, and those variables."""
    return [
        pytest.param({**CONTAINERS.get(name, {}), **entry}, id=name)
        for source in (COMPOSE, SIMULATED)
        for name, entry in source["services"].items()
        if (name in OURS and name != "mlflow") or source is SIMULATED
    ]


@pytest.mark.parametrize("name", CONTAINERS)
def test_images_are_pinned_and_alive(name: str) -> None:
    image, _, tag = CONTAINERS[name]["image"].partition("@")[0].partition(":")
    assert not any(word in image for word in ABANDONED)
    assert tag == "${TAG:-dev}" if name in OURS else re.search(r"\d+\.\d+", tag), f"{name} is not pinned: {tag}"


def test_every_service_is_there() -> None:
    for each in SERVICES:
        assert f"{each.app}-live" in CONTAINERS
    for name in (each.app for each in SERVICES if "historical" in each.variants):
        done = {f"{name}-historical": {"condition": "service_completed_successfully"}}
        assert CONTAINERS[f"{name}-live"]["depends_on"].items() >= done.items()
        assert CONTAINERS[f"{name}-live"]["image"] == CONTAINERS[f"{name}-historical"]["image"]
        assert CONTAINERS[f"{name}-live"].get("volumes") == CONTAINERS[f"{name}-historical"].get("volumes")


@pytest.mark.parametrize("name", [name for name in CONTAINERS if name.endswith("-live")])
def test_kafka_is_stopped_after_those_who_write_to_it(name: str) -> None:
    assert "kafka" in CONTAINERS[name]["depends_on"]


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_is_waited_for_can_come_true(name: str) -> None:
    for other, wait in CONTAINERS[name].get("depends_on", {}).items():
        awaited = CONTAINERS[other]
        if wait["condition"] == "service_completed_successfully":
            assert awaited["restart"].startswith("on-failure"), f"{other} would be started again and again"
        else:
            if name == "alloy":  # Loki's image has no shell to ask it with; lines wait for it
                continue
            assert wait["condition"] == "service_healthy"
            assert "test" in awaited.get("healthcheck", {}) or other == "mlflow"  # whose image has one


@pytest.mark.parametrize("entry", with_settings())
def test_settings_are_known_and_accepted(entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    given = {key: interpolate(value) for key, value in (entry.get("environment") or {}).items() if PREFIX.match(key)}
    cls = settings_of(entry["image"])
    known = (
        variables(cls) if issubclass(cls, ServiceSettings) else {f"SIMULATOR_{f}".upper() for f in cls.model_fields}
    )
    assert set(given) <= known
    for key, value in given.items():
        monkeypatch.setenv(key, value)
    cls()


@pytest.mark.parametrize("name", OURS)
def test_our_containers_may_do_little(name: str) -> None:
    entry = OURS[name]
    assert entry["read_only"] is True and entry["cap_drop"] == ["ALL"] and entry["tmpfs"] == ["/tmp"]
    assert entry["pull_policy"] == "never"
    assert all(volume.endswith(":/data") for volume in entry.get("volumes", []))


def test_only_this_machine_reaches_the_ports() -> None:
    ports = [port for entry in CONTAINERS.values() for port in entry.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    published = {port.split(":")[1] for port in ports}
    assert {"9092", "8182", "4567", "5000", "3000", "9090", "3100"} <= published and len(published) == len(ports)


def test_volumes_are_declared_and_used() -> None:
    used = {volume.split(":")[0] for entry in CONTAINERS.values() for volume in entry.get("volumes", [])}
    assert {volume for volume in used if not volume.startswith(".")} == {*COMPOSE["volumes"], DOCKER_SOCKET}
    for path in used - set(COMPOSE["volumes"]) - {DOCKER_SOCKET}:
        assert (DOCKER / path).exists(), f"compose would make an empty folder of {path}"


def test_only_the_agent_has_the_engines_socket() -> None:
    having = {name for name, entry in CONTAINERS.items() if DOCKER_SOCKET in str(entry.get("volumes"))}
    assert having == {"alloy"} and not CONTAINERS["alloy"].get("ports")


def test_prometheus_asks_every_live_service() -> None:
    config = yaml.safe_load((DOCKER / "prometheus.yaml").read_text(encoding="utf-8"))
    targets = {
        job["job_name"]: {target for entry in job["static_configs"] for target in entry["targets"]}
        for job in config["scrape_configs"]
    }
    assert targets.pop("tradestream") == {f"{name}:9100" for name in CONTAINERS if name.endswith("-live")}
    assert targets == {"risingwave": {"risingwave:1250"}, "logs": {"loki:3100", "alloy:12345"}}
    assert CONTAINERS["risingwave"]["environment"]["RW_SINGLE_NODE_PROMETHEUS_LISTENER_ADDR"] == "0.0.0.0:1250"


def test_no_container_fills_the_disk_or_takes_all_memory() -> None:
    for name, entry in CONTAINERS.items():
        assert re.fullmatch(r"\d+[gm]", str(entry["mem_limit"])), name
        assert entry["logging"]["options"] == {"max-size": "10m", "max-file": "3"}, name


def test_the_simulated_market_replaces_the_real_one() -> None:
    changed = set(SIMULATED["services"]) - {"simulator"}
    assert changed == {name for name in CONTAINERS if name.startswith(("trades-", "gateway-"))}
    for name in changed:
        assert SIMULATED["services"][name]["depends_on"] == {"simulator": {"condition": "service_healthy"}}
        url = "TRADES_REST_URL" if name.startswith("trades-") else "GATEWAY_REST_URL"
        assert SIMULATED["services"][name]["environment"][url] == "http://simulator:8000"
    stream = SIMULATED["services"]["gateway-live"]["environment"]["GATEWAY_WEBSOCKET_URL"]
    assert stream == f"ws://simulator:8000{PRIVATE_SOCKETS['kraken'].path}"


@pytest.mark.parametrize("files", [("compose.yaml",), ("compose.yaml", "compose.simulator.yaml")], ids=len)
def test_compose_itself_reads_it_as_we_do(files: tuple[str, ...]) -> None:
    """`docker compose config` resolves variables and anchors; needs the plugin, and no engine."""
    if shutil.which("docker") is None:
        pytest.skip("needs docker")
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("needs docker's compose plugin")
    chosen = [word for file in files for word in ("--file", str(DOCKER / file))]
    command = ["docker", "compose", *chosen, "config", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    read = json.loads(done.stdout)["services"]
    assert set(read) == set(CONTAINERS) | (set(SIMULATED["services"]) if len(files) > 1 else set())
    for name, entry in CONTAINERS.items():
        assert read[name]["image"] == interpolate(entry["image"])
        assert set(read[name].get("depends_on", {})) >= set(entry.get("depends_on", {}))
    trades = read["trades-live"]["environment"]
    assert trades["TRADESTREAM_BROKER_ADDRESS"] == "kafka:29092"
    assert ("TRADES_REST_URL" in trades) == (len(files) > 1)
