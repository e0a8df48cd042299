"""The dev container has every tool, each pinned in one place, and opens the documented ports."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import charts
import pytest
from tests.docker.dockerfile import DOCKER, instructions
from tests.support.workspace import ROOT

FOLDER = ROOT / ".devcontainer"
ENGINE = "docker-in-docker"
#: Where each tool comes from: its list is the one place for its version.
APT = {"tmux", "make", "openssl", "maven", "openjdk-17-jre-headless", "postgresql-client"}
LOCKED = {"ruff", "mypy", "bandit", "pre-commit"}
MISE = {"uv", "kind", "kubectl", "helm", "k9s", "kustomize"}
PORTS = {"Kafka UI": 8182, "RisingWave": 4567, "MLflow": 5000, "Grafana": 3000, "Prometheus": 9090}


@pytest.fixture(scope="module")
def configuration() -> dict[str, Any]:
    """Return devcontainer.json, which is JSON with lines of comment."""
    text = (FOLDER / "devcontainer.json").read_text(encoding="utf-8")
    return json.loads(re.sub(r"(?m)^\s*//.*$", "", text))


@pytest.fixture(scope="module")
def tools() -> dict[str, str]:
    """Return what mise installs."""
    return tomllib.loads((ROOT / "mise.toml").read_text(encoding="utf-8"))["tools"]


def installed_by_apt() -> set[str]:
    (line,) = [words for name, words in instructions(FOLDER / "Dockerfile") if name == "RUN" and "apt-get" in words]
    (packages,) = re.findall(r"install --yes --no-install-recommends ([\w. -]+?) &&", line)
    return set(packages.split())


def test_every_tool_is_there(configuration: dict[str, Any], tools: dict[str, str]) -> None:
    assert any(ENGINE in feature for feature in configuration["features"])
    assert set(tools) == MISE
    assert installed_by_apt() == APT
    locked = {each["name"] for each in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]}
    development = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["dev"]
    assert {re.split(r"[>=\[]", each)[0] for each in development if isinstance(each, str)} & locked >= LOCKED


def test_everything_is_pinned(configuration: dict[str, Any], tools: dict[str, str]) -> None:
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in tools.values())
    assert all(re.search(r":\d+\.\d+\.\d+$", feature) for feature in configuration["features"])
    steps = dict(instructions(FOLDER / configuration["build"]["dockerfile"]))
    assert re.search(r":\d+\.\d+\.\d+-3\.11-bookworm$", steps["FROM"])
    assert re.search(r"MISE_VERSION=v\d{4}\.\d+\.\d+ ", steps["RUN"])


def test_versions_go_together_with_those_elsewhere(tools: dict[str, str]) -> None:
    node = charts.tag("kindest/node").removeprefix("v")
    assert tools["kubectl"].split(".")[:2] == node.split(".")[:2]
    dockerfiles = "".join(path.read_text(encoding="utf-8") for path in DOCKER.glob("*.Dockerfile"))
    assert set(re.findall(r"uv==([\d.]+)", dockerfiles)) == {tools["uv"]}
    assert set(re.findall(r"FROM python:([\d.]+)-", dockerfiles)) == {"3.11"}


def test_the_documented_ports_are_forwarded(configuration: dict[str, Any]) -> None:
    assert configuration["forwardPorts"] == list(PORTS.values())
    assert {each["label"]: int(port) for port, each in configuration["portsAttributes"].items()} == PORTS
    makefile = (ROOT / "make/cluster.mk").read_text(encoding="utf-8")
    said = ", ".join(f"{name} {port}" for name, port in PORTS.items())
    assert f"port-forward: ## {said} on this machine" in makefile
    page = (ROOT / "docs/how-to/kubernetes.md").read_text(encoding="utf-8")
    assert said in page


def test_the_editor_has_extensions_for_what_is_here(configuration: dict[str, Any]) -> None:
    extensions = set(configuration["customizations"]["vscode"]["extensions"])
    assert extensions >= {
        "charliermarsh.ruff",
        "hverlin.mise-vscode",
        "ms-azuretools.vscode-docker",
        "ms-kubernetes-tools.vscode-kubernetes-tools",
        "ms-python.mypy-type-checker",
        "ms-python.python",
        "redhat.vscode-yaml",
    }


def test_once_created_it_installs_both_lists(configuration: dict[str, Any], tmp_path: Path) -> None:
    """Run with commands that only say they were called."""
    script = ROOT / configuration["postCreateCommand"]
    for name in ("mise", "make"):
        stub = tmp_path / name
        stub.write_text(f'#!/bin/sh\necho {name} "$@"\n', encoding="utf-8")
        stub.chmod(0o755)
    done = subprocess.run(
        [script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    assert done.stdout.splitlines()[:-1] == [
        "mise install",
        "make install-dev",
        "mise exec -- uv run --frozen --no-sync pre-commit install",
    ]
